//! What this application measures, shows and exposes: the metrics stand here, in one list.

use super::{AppState, access, visit};
use crate::features::auth::session;
use axum::extract::{MatchedPath, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tachymeter::{Attached, Emission};
use tachymeter_leptos::beacon::{Beacon, Limits as BeaconLimits};
use tachymeter_leptos::dashboard::{Chart, Stat};
use tachymeter_leptos::stream::{Feed, FeedOptions};
use tachymeter_leptos::trace::Traces;
use tachymeter_metrics::poller::{Poller, PollerError, Polling};
use tachymeter_metrics::reporter::otlp::Traced;
use tachymeter_metrics::{Aggregate, DefinitionError, Limits, Live, Metric, Unit};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::config::Config;
use super::db::Db;
use super::history::History;
use super::reporters::{METRICS_PATH, Reporters};

tachymeter::events! {
    /// What the server says of itself, beside what the crates do.
    pub EVENTS;

    /// How many dashboards are open.
    pub event DASHBOARDS = "dashboard.open" { count };
}

/// Every metric of this application.
pub fn metrics() -> Result<Vec<Metric>, DefinitionError> {
    let ms = || Unit::Millisecond;
    [
        Metric::counter("interaction.count")
            .event("leptos.interaction.stop")
            .measurement("total")
            .tags(&["outcome"])
            .description("Interactions by how they ended"),
        Metric::summary("leptos.interaction.stop.total").tags(&["name"]).unit(ms()).description("From the input to the paint"),
        Metric::summary("leptos.server_fn.stop.duration")
            .tags(&["name", "side"])
            .unit(ms())
            .description("Server functions, seen from either side"),
        Metric::summary("leptos.page.load.total")
            .tags(&["route"])
            .unit(ms())
            .description("From the navigation to the first frame of the live page"),
        // In buckets, so that Prometheus can add up several servers, and lead from a slow bucket to a trace.
        Metric::distribution("http.request.stop.duration")
            .tags(&["route"])
            .drop(is_own)
            .unit(ms())
            .description("Requests, to the end of their body"),
        Metric::counter("http.request.count")
            .event("http.request.stop")
            .measurement("duration")
            .tags(&["route", "status"])
            .drop(is_own)
            .description("Requests by route and status"),
        Metric::summary("db.query.total").tags(&["label"]).unit(ms()).description("Database queries"),
        Metric::counter("auth.login.count").tags(&["result"]).description("Sign-ins by result"),
        Metric::counter("auth.sign_up.count").tags(&["result"]).description("Sign-ups by result"),
        Metric::summary("landing.load.duration").tags(&[]).unit(ms()).description("How long the landing page's data took"),
        Metric::summary("external.request.stop.duration").tags(&["host", "outcome"]).unit(ms()).description("Requests to others"),
        Metric::sum("telemetry.reporter.sent.count").tags(&["reporter"]).description("What reporters handed over"),
        Metric::sum("telemetry.reporter.dropped.count")
            .tags(&["reporter", "reason"])
            .description("What reporters lost on purpose"),
        Metric::sum("telemetry.reporter.failed.count")
            .tags(&["reporter", "reason"])
            .description("What reporters could not hand over, at once or at all"),
        Metric::last_value("process.usage.cpu").description("Cores that this process keeps busy"),
        Metric::last_value("process.usage.memory").convert(Unit::Byte, Unit::Megabyte).description("Memory of this process"),
        Metric::last_value("process.usage.open_files").description("Open files of this process"),
        Metric::last_value("process.usage.threads").description("Threads of this process"),
        Metric::last_value("host.usage.cpu").description("Part of all cores that is busy"),
        Metric::last_value("host.usage.memory").convert(Unit::Byte, Unit::Megabyte).description("Memory in use on this machine"),
        Metric::last_value("tokio.runtime.busy").tags(&["runtime"]).description("Part of the workers' time that is busy"),
        Metric::last_value("tokio.runtime.tasks").tags(&["runtime"]).description("Tasks that are alive"),
        Metric::last_value("tokio.runtime.queued").tags(&["runtime"]).description("Tasks that wait for any worker"),
        Metric::last_value("db.pool.used").tags(&["pool"]).description("Connections in use"),
        Metric::last_value("db.pool.size").tags(&["pool"]).description("Connections that are open"),
        Metric::last_value("dashboard.open.count").description("Open dashboards"),
        Metric::counter("poller.failure.count").tags(&["measurement"]).description("Measurements of the poller that failed"),
        Metric::counter("telemetry.handler.failure.count").tags(&["event_name"]).description("Handlers that panicked"),
    ]
    .into_iter()
    .map(|metric| metric.build())
    .collect()
}

/// What becomes a span of a trace, where traces go.
pub fn traces() -> Vec<Traced> {
    vec![
        Traced::event("leptos.interaction.stop", "total").titled("name"),
        Traced::span("leptos.server_fn").titled("name"),
        Traced::span("http.request").server().titled("route").drop(is_own),
        Traced::span("db.transaction").titled("label"),
        Traced::child("db.query", "total").titled("label"),
        Traced::span("external.request").titled("host"),
    ]
}

/// What the server measures of itself, for as long as the result lives.
///
/// # Errors
/// If the configuration was not checked.
pub fn poll(state: &AppState) -> Result<Polling, PollerError> {
    let (db, telemetry) = (state.db.clone(), Arc::clone(&state.telemetry));
    Poller::new(Duration::from_millis(state.config.poller.period_ms))
        .process()
        .host()
        .runtime("main", Handle::current())
        .measure("pools", move || {
            tachymeter_sqlx::look_at_pool("read", &db.read);
            tachymeter_sqlx::look_at_pool("write", &db.write);
            Ok(())
        })
        .measure("dashboards", move || {
            tachymeter::execute!(DASHBOARDS, { count: telemetry.feed.subscribers() });
            Ok(())
        })
        .start()
}

/// Requests that telemetry itself makes: an open dashboard must not look like traffic.
fn is_own(request: &Emission<'_>) -> bool {
    let route = request.get("route").and_then(|route| route.as_str());
    route.is_some_and(|route| route.starts_with("/telemetry/") || route.starts_with("/api/interaction") || route == METRICS_PATH)
}

/// The dashboard's charts, top to bottom.
pub fn charts() -> Vec<Chart> {
    use Stat::{P50, P95, P99};
    vec![
        Chart::bars("interactions", "Interactions per second", "interaction.count"),
        Chart::lines("click-to-paint", "Click to paint", "leptos.interaction.stop.total", &[P50, P95, P99]),
        Chart::lines("server-functions", "Server functions", "leptos.server_fn.stop.duration", &[P50, P95]),
        Chart::lines("requests", "Requests by route", "http.request.stop.duration", &[P50, P95]),
        Chart::lines("queries", "Queries", "db.query.total", &[P50, P95]),
        Chart::bars("logins", "Sign-ins by result", "auth.login.count"),
        Chart::lines("landing", "Landing page load", "landing.load.duration", &[P50, P95]),
    ]
}

/// What runs for as long as the server does.
#[derive(Debug)]
pub struct Telemetry {
    /// Sends the store to the dashboards.
    pub feed: Arc<Feed>,
    /// Takes the browsers' reports.
    pub beacon: Beacon,
    /// Keeps the store's numbers in the database.
    pub history: History,
    /// What Leptos.toml switched on.
    pub reporters: Reporters,
    /// What people did, each with its trace.
    pub traces: Arc<Traces>,
    _attached: [Attached; 2],
}

/// What of the server's belongs into a trace, besides server functions.
const TRACED: [&str; 4] = ["http.request", "db.query", "db.transaction", "external.request"];

impl Telemetry {
    /// Attaches the reporters. Nothing ticks before somebody runs the [`Feed`], and nothing is kept before somebody runs the [`History`].
    ///
    /// # Panics
    /// If the list of metrics is wrong, which a test would have shown.
    pub fn start(config: &Config, db: Db, shutdown: watch::Receiver<bool>) -> Self {
        let metrics = metrics().expect("the list of metrics is right");
        let limits = Limits { series: config.dashboard.max_series, ..Limits::default() };
        // Added up once, for the dashboard and for Prometheus.
        let shared = Aggregate::shared(metrics, limits);
        let reporters = Reporters::start(config, &shared, traces(), limits);
        let live = Live::over(&shared);
        let attached = shared.attach("app").expect("there are metrics");
        let options = FeedOptions {
            tick: Duration::from_millis(config.dashboard.tick_ms),
            max_subscribers: config.dashboard.max_subscribers,
            ..FeedOptions::default()
        };
        let beacon = BeaconLimits {
            max_bytes: config.beacon.max_bytes,
            max_events: config.beacon.max_events,
            reports_per_minute: config.beacon.reports_per_minute,
            ..BeaconLimits::default()
        };
        let history = History::new(db, Arc::clone(&live), config.dashboard.retention());
        let (feed, beacon) = (Feed::new(live, options, shutdown), Beacon::new(beacon));
        let traces = Arc::new(Traces::new());
        let attached = [attached, traces.attach(&TRACED).expect("names of ours")];
        Self { feed, beacon, history, reporters, traces, _attached: attached }
    }
}

/// The routes under `/telemetry/`.
pub fn routes(state: &AppState) -> Router<AppState> {
    // Only the stream asks who it is for; a report must not cost a look into the database.
    let stream = get(stream).layer(middleware::from_fn_with_state(state.clone(), session::load));
    Router::new().route("/telemetry/stream", stream).route("/telemetry/beacon", post(beacon))
}

/// Where a page that connects again left off; a browser's own reconnect says it in a header.
#[derive(Deserialize)]
struct Resume {
    last: Option<String>,
}

async fn stream(State(state): State<AppState>, Query(resume): Query<Resume>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(error) = access::dashboard(&state, &parts) {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
        return (status, error.to_string()).into_response();
    }
    let header = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let last = header.or(resume.last);
    let again = state.clone();
    let allowed = move || {
        let (state, parts) = (again.clone(), parts.clone());
        async move { access::still_allowed(&state, parts).await }
    };
    match state.telemetry.feed.subscribe(last.as_deref(), allowed) {
        Ok(response) => response,
        Err(full) => full.into_response(),
    }
}

async fn beacon(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let peer = visit::address(&parts);
    state.telemetry.beacon.handle(peer, Request::from_parts(parts, body)).await
}

/// The pattern of a request's route. A server function's path ends in a hash that changes with its arguments' types: it is left out.
pub fn route_of(parts: &Parts) -> Option<Cow<'_, str>> {
    let pattern = parts.extensions.get::<MatchedPath>()?.as_str();
    let is_call = pattern.starts_with("/api/");
    Some(if is_call { pattern.trim_end_matches(|c: char| c.is_ascii_digit()) } else { pattern }.into())
}
