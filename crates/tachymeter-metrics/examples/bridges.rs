//! What sqlx and tower-http say by `tracing`, and any crate by `metrics`, as events here: on Prometheus' page beside one's own.

use std::convert::Infallible;

use http::{Request, Response};
use tachymeter_metrics::bridge::metrics::Recorder;
use tachymeter_metrics::bridge::tracing::Bridge;
use tachymeter_metrics::reporter::{Format, Prometheus};
use tachymeter_metrics::{Limits, Metric, Unit, bridge};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::trace::TraceLayer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

tachymeter::events! {
    /// What is heard of other crates.
    pub EVENTS;

    /// A query of sqlx has ended, after `elapsed_secs`.
    pub event SQLX_QUERY = "sqlx.query" { elapsed_secs, rows_returned, rows_affected } [summary];

    /// A request that tower-http has traced.
    pub span TOWER_REQUEST = "tower_http.request" {} [method, uri];
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tachymeter::declare(EVENTS);
    let bridge = Bridge::new().event("sqlx::query", &SQLX_QUERY).span("tower_http::trace::make_span", "request", &TOWER_REQUEST);
    tracing_subscriber::registry().with(bridge.layer()).init();
    Recorder::default().install()?;

    let mut metrics = vec![
        Metric::summary("sqlx.query.elapsed_secs").tags(&["summary"]).convert(Unit::Second, Unit::Millisecond).build()?,
        Metric::summary("tower_http.request.stop.duration").tags(&["method"]).unit(Unit::Millisecond).build()?,
    ];
    metrics.extend(bridge::metrics::metrics()?);
    let prometheus = Prometheus::start(metrics, Limits::default())?;

    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    let answer = service_fn(async |_: Request<String>| {
        metrics::counter!("pages_total", "theme" => "dark").increment(1);
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let mut service = ServiceBuilder::new().layer(TraceLayer::new_for_http()).service(answer);
    for _ in 0..3 {
        sqlx::query("select 1").fetch_one(&pool).await?;
        service.ready().await?.call(Request::new(String::new())).await?;
    }

    let page = prometheus.page(Format::Text);
    let shown = |line: &&str| line.contains("_count{") || line.starts_with("metrics_counter_value_total");
    page.lines().filter(shown).for_each(|line| eprintln!("{line}"));
    Ok(())
}
