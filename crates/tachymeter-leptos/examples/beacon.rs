//! Reports in, live numbers out: `cargo run -p tachymeter-leptos --features ssr --example beacon`, then what it prints.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use tachymeter_leptos::beacon::{self, Beacon};
use tachymeter_leptos::stream::{Feed, FeedOptions};
use tachymeter_metrics::{Limits, Live, Metric, Unit};
use tokio::net::TcpListener;
use tokio::sync::watch;

#[derive(Clone)]
struct Telemetry {
    feed: Arc<Feed>,
    beacon: Arc<Beacon>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let loads = Metric::summary("leptos.page.load.total").tags(&["route"]).unit(Unit::Millisecond).build()?;
    let live = Live::new(vec![loads], Limits::default());
    let _attached = live.attach()?;
    let (_stop, stopping) = watch::channel(false);
    let feed = Feed::new(live, FeedOptions::default(), stopping);
    tokio::spawn(feed.clone().run());
    let beacon = Arc::new(Beacon::new(beacon::Limits::default()));
    let app = Router::new()
        .route("/telemetry/stream", get(stream))
        .route("/telemetry/beacon", post(report))
        .with_state(Telemetry { feed, beacon })
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/telemetry", listener.local_addr()?);
    let event = r#"["leptos.page.load", [["total", 0.25, true]], [["route", "/"]]]"#;
    eprintln!("curl -N {url}/stream &");
    eprintln!("curl -i {url}/beacon --json '{{\"events\": [{event}]}}'");
    Ok(serve(listener, app).await?)
}

async fn stream(State(telemetry): State<Telemetry>, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    telemetry.feed.subscribe(last, || async { true }).unwrap_or_else(IntoResponse::into_response)
}

async fn report(State(telemetry): State<Telemetry>, ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request) -> Response {
    telemetry.beacon.handle(peer.ip(), request).await
}
