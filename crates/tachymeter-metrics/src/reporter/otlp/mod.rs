//! OTLP over HTTP: metrics, and spans as traces, to an OpenTelemetry collector or whatever else understands its messages.
//!
//! Metrics are totals since the start (cumulative temporality), so that a receiver which was away misses nothing but the steps between:
//!
//! | kind | becomes |
//! |---|---|
//! | counter | a monotonic sum |
//! | sum | a monotonic sum; with the option `prometheus_type` = `gauge` one that may go down, as in [Prometheus](super::Prometheus) |
//! | last value | a gauge |
//! | summary | a summary: percentiles of the last one to two minutes, sum and count since the start |
//! | distribution | a histogram with the metric's buckets, and the trace of one value in each as exemplar |
//!
//! Names and values are the metric's own, in its own unit. What went to a metric's `other` series has the attribute `other`.
//!
//! Spans are those of the events that [`Traced`] names. They wait in a queue of [`Options::max_spans`]; beyond, they are dropped and
//! counted. What the receiver refuses for good (400, 500) is lost and counted; what it can't take now (no connection, 429, 502, 503, 504)
//! is sent again, after a pause that grows from one second to one minute, or for as long as it says itself.
//!
//! A thread of the reporter's own sends; the caller only puts a span together. The messages are those of the crate
//! `opentelemetry-proto`; `opentelemetry-otlp` would bring the whole SDK with its own aggregation, which can't show ours.
//!
//! ```no_run
//! use tachymeter_metrics::reporter::otlp::{Options, Otlp, Traced};
//! use tachymeter_metrics::{Metric, Unit};
//!
//! let requests = Metric::summary("http.request.stop.duration").tags(&["route"]).unit(Unit::Millisecond).build()?;
//! let reporter = Otlp::start(
//!     vec![requests],
//!     vec![Traced::span("http.request").server().titled("route"), Traced::child("db.query", "total").titled("label")],
//!     Options { resource: vec![("service.name".into(), "shop".into())], ..Options::default() },
//! )?;
//! // ...
//! drop(reporter); // detaches, and sends what is left
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod metrics;
mod post;
mod spans;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use tachymeter::{AttachError, Attached, clock};

use self::metrics::Metrics;
use self::post::Post;
pub use self::spans::Traced;
use self::spans::{Queue, Spans};
use super::{Health, Worker};
use crate::{Aggregate, Detail, Kind, Limits, Metric};

const HEALTH: Health = Health::of("otlp");

/// Spans don't wait longer than this, whatever the interval is.
const SPANS_EVERY: Duration = Duration::from_secs(1);

/// How to report.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to, without the `/v1/metrics` and `/v1/traces` that are appended: `http://127.0.0.1:4318`, unless said otherwise.
    pub endpoint: String,
    /// Added to each request, for example `authorization`.
    pub headers: Vec<(String, String)>,
    /// Who reports; `service.name` should be among them.
    pub resource: Vec<(String, String)>,
    /// How often metrics are sent: every 10 s, unless said otherwise. Spans go at least every second. At least 10 ms.
    pub interval: Duration,
    /// How long the receiver may take to answer: 3 s, unless said otherwise. Stopping may take as long.
    pub timeout: Duration,
    /// The most spans that wait to be sent: 4,096 as shipped.
    pub max_spans: usize,
    /// The part of all traces that is reported, from 0 to 1: all, unless said otherwise. A trace is reported whole or not at all.
    pub trace_ratio: f64,
    /// How many series are kept.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            endpoint: "http://127.0.0.1:4318".into(),
            headers: Vec::new(),
            resource: vec![("service.name".into(), "unknown_service".into())],
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(3),
            max_spans: 4_096,
            trace_ratio: 1.0,
            limits: Limits::default(),
        }
    }
}

/// Why the reporter did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// No address of a web server.
    #[error("{0:?} is not where an OTLP receiver can be: give an http:// or https:// address, such as \"http://127.0.0.1:4318\"")]
    Endpoint(String),
    /// Not what can stand in a request.
    #[error("the header {0:?} is not allowed: its name must be a token, and its value printable ASCII")]
    Header(String),
    /// Out of range.
    #[error("{what} = {value} is not allowed: it must be {allowed}")]
    Range {
        /// Which option.
        what: &'static str,
        /// Its value.
        value: String,
        /// The range, in words.
        allowed: &'static str,
    },
    /// There is nothing to report, or an event's name is malformed.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The system has no thread for it.
    #[error("can't start the thread that sends by OTLP: {0}")]
    Thread(#[from] io::Error),
}

/// Reports by OTLP until it is dropped; then it detaches and sends what is left.
#[must_use = "dropping it stops the reporter"]
pub struct Otlp {
    attached: Vec<Attached>,
    ending: Arc<AtomicBool>,
    worker: Option<Worker>,
    aggregate: Arc<Aggregate>,
}

impl Otlp {
    /// Starts reporting these metrics and spans; either list may be empty. That nobody listens there is no error.
    ///
    /// # Errors
    /// Options that are not allowed, two empty lists, no thread.
    pub fn start(metrics: Vec<Metric>, traced: Vec<Traced>, options: Options) -> Result<Self, OtlpError> {
        options.check()?;
        let aggregate = Aggregate::with_exemplars(metrics, options.limits, |metric| match metric.kind() {
            Kind::Summary => Detail::Sketch,
            Kind::Distribution => Detail::Buckets(metric.buckets().map_or(Box::default(), |buckets| buckets.bounds().into())),
            _ => Detail::Plain,
        });
        let queue = Queue::new(options.max_spans, options.trace_ratio);
        let mut attached = Vec::new();
        if !aggregate.metrics().is_empty() || traced.is_empty() {
            attached.push(aggregate.attach("otlp")?);
        }
        if !traced.is_empty() {
            attached.push(queue.attach(traced)?);
        }
        let ending = Arc::new(AtomicBool::new(false));
        let mut send = Send::new(&aggregate, &queue, &options, Arc::clone(&ending));
        let worker = Worker::start("otlp", options.interval.min(SPANS_EVERY), move || send.run())?;
        Ok(Self { attached, ending, worker: Some(worker), aggregate })
    }

    /// What it adds up: its metrics, and what they skipped.
    pub fn aggregate(&self) -> &Aggregate {
        &self.aggregate
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        // Nothing comes any more, then the rest is sent.
        self.attached.clear();
        self.ending.store(true, Ordering::Relaxed);
        drop(self.worker.take());
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").field("aggregate", &self.aggregate).finish_non_exhaustive()
    }
}

impl Options {
    fn check(&self) -> Result<(), OtlpError> {
        let host = self.endpoint.strip_prefix("http://").or_else(|| self.endpoint.strip_prefix("https://"));
        if !host.is_some_and(|host| !host.is_empty() && self.endpoint.parse::<ureq::http::Uri>().is_ok()) {
            return Err(OtlpError::Endpoint(self.endpoint.clone()));
        }
        for (name, value) in &self.headers {
            let name_is_right = name.parse::<ureq::http::HeaderName>().is_ok();
            if !name_is_right || value.parse::<ureq::http::HeaderValue>().is_err() {
                return Err(OtlpError::Header(name.clone()));
            }
        }
        let range = |holds: bool, what, value: String, allowed| {
            if holds { Ok(()) } else { Err(OtlpError::Range { what, value, allowed }) }
        };
        range(self.interval >= Duration::from_millis(10), "interval", format!("{:?}", self.interval), "at least 10 ms")?;
        range(self.timeout >= Duration::from_millis(1), "timeout", format!("{:?}", self.timeout), "at least 1 ms")?;
        range(self.max_spans >= 1, "max_spans", self.max_spans.to_string(), "at least 1")?;
        range((0.0..=1.0).contains(&self.trace_ratio), "trace_ratio", self.trace_ratio.to_string(), "from 0 to 1")
    }
}

/// What the thread does each time.
struct Send {
    metrics: Metrics,
    spans: Spans,
    interval: Duration,
    /// When metrics are due.
    next: Instant,
    ending: Arc<AtomicBool>,
}

impl Send {
    fn new(aggregate: &Arc<Aggregate>, queue: &Arc<Queue>, options: &Options, ending: Arc<AtomicBool>) -> Self {
        let resource = resource(&options.resource);
        Self {
            metrics: Metrics::new(Arc::clone(aggregate), resource.clone(), Post::new(options, "metrics")),
            spans: Spans::new(Arc::clone(queue), resource, Post::new(options, "traces")),
            interval: options.interval,
            next: Instant::now() + options.interval,
            ending,
        }
    }

    fn run(&mut self) {
        let ending = self.ending.load(Ordering::Relaxed);
        let now = Instant::now();
        if ending || now >= self.next {
            self.metrics.send(ending);
            while self.next <= now {
                self.next += self.interval;
            }
        }
        self.spans.send(ending);
    }
}

fn resource(attributes: &[(String, String)]) -> Resource {
    let own = [
        ("telemetry.sdk.name", "tachymeter"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ];
    let given = attributes.iter().map(|(key, value)| attribute(key, Any::StringValue(value.clone())));
    let own = own.map(|(key, value)| attribute(key, Any::StringValue(value.into())));
    Resource { attributes: given.chain(own).collect(), ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    let version = env!("CARGO_PKG_VERSION").into();
    InstrumentationScope { name: "tachymeter".into(), version, ..InstrumentationScope::default() }
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    u64::try_from(clock::system_time().as_nanos()).unwrap_or(u64::MAX)
}
