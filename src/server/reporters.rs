//! The reporters that Leptos.toml starts, and Prometheus' page.

use super::config::Config;
use super::{AppState, access};
use crate::features::auth::session;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use std::sync::{Arc, Mutex, PoisonError};
use tachymeter_metrics::reporter::otlp::{Otlp, Traced};
use tachymeter_metrics::reporter::statsd::Statsd;
use tachymeter_metrics::reporter::{Format, Log, Prometheus};
use tachymeter_metrics::{Aggregate, Limits};

/// Where Prometheus finds its page.
pub const METRICS_PATH: &str = "/metrics";

/// They report for as long as this lives, and send what is left when it is dropped.
#[derive(Debug)]
pub struct Reporters {
    prometheus: Option<Arc<Prometheus>>,
    _log: Option<Log>,
    sending: Mutex<Sending>,
}

/// Those that have something left to send when they end.
#[derive(Debug, Default)]
struct Sending {
    _statsd: Option<Statsd>,
    _otlp: Option<Otlp>,
}

impl Reporters {
    /// Starts those that are switched on.
    ///
    /// # Panics
    /// If one of them can't show this list of metrics, which a test would have shown, or the system has no threads left.
    pub fn start(config: &Config, shared: &Arc<Aggregate>, traces: Vec<Traced>, limits: Limits) -> Self {
        let (reporters, metrics) = (&config.reporters, shared.metrics());
        let prometheus = reporters.prometheus.then(|| Prometheus::over(shared));
        let log = reporters.log_options().map(|options| Log::start(metrics.to_vec(), options));
        let statsd = reporters.statsd.options(limits).filter(|_| reporters.statsd.enabled);
        let statsd = statsd.map(|options| Statsd::start(metrics.to_vec(), options));
        let otlp = reporters.otlp.enabled.then(|| Otlp::start(metrics.to_vec(), traces, reporters.otlp.options(limits)));
        let sending = Sending {
            _statsd: statsd.transpose().expect("the configuration was checked"),
            _otlp: otlp.transpose().expect("the configuration was checked"),
        };
        Self {
            sending: Mutex::new(sending),
            prometheus: prometheus.transpose().expect("all metrics fit on one page").map(Arc::new),
            _log: log.transpose().expect("there are metrics"),
        }
    }
}

impl Reporters {
    /// Ends those that send, after they have sent what is left. Waits for that.
    pub fn stop(&self) {
        let sending = std::mem::take(&mut *self.sending.lock().unwrap_or_else(PoisonError::into_inner));
        drop(sending);
    }
}

/// `/metrics`, for whoever may see the dashboard.
pub fn routes(state: &AppState) -> Router<AppState> {
    let page = get(page).layer(middleware::from_fn_with_state(state.clone(), session::load));
    Router::new().route(METRICS_PATH, page)
}

async fn page(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(error) = access::dashboard(&state, &parts) {
        return (StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN), error.to_string()).into_response();
    }
    let Some(prometheus) = state.telemetry.reporters.prometheus.clone() else {
        return (StatusCode::NOT_FOUND, "there is no page for Prometheus (reporters.prometheus)").into_response();
    };
    let accepted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    let format = Format::for_accept(&accepted);
    // Thousands of lines are not written between two requests of other people.
    match tokio::task::spawn_blocking(move || prometheus.page(format)).await {
        Ok(page) => ([(CONTENT_TYPE, format.content_type()), (VARY, "accept")], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
