//! A server that says on stderr how long each request took: `cargo run -p tachymeter-tower --example hello`, then open the address.

use axum::extract::MatchedPath;
use axum::{Router, routing::get};
use tachymeter_tower::TelemetryLayer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _attached = tachymeter::attach("print", &["http.request.stop"], |event| {
        let (route, status, duration) = (event.get("route"), event.get("status"), event.measurement("duration"));
        eprintln!("{route:?} {status:?} {duration:?}");
    })?;
    let layer = TelemetryLayer::new(|parts| Some(parts.extensions.get::<MatchedPath>()?.as_str().into()));
    let app = Router::new().route("/", get(|| async { "hello" })).layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
