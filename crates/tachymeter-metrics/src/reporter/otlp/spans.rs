//! Events with a length as OTLP's spans.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use tachymeter::{AttachError, Attached, Context, Emission, SpanId, Value};

use super::post::{Outcome, Post};
use super::{HEALTH, attribute, now, scope};
use crate::aggregate::lock;

/// The most spans of one message.
const BATCH: usize = 512;

/// The ends of a span.
const ENDS: [&str; 3] = ["stop", "exception", "aborted"];

/// Which events become spans of a trace, and how.
#[derive(Clone)]
pub struct Traced {
    name: String,
    /// Events, each with the name of the measurement that says how long it took.
    events: Vec<(String, String)>,
    /// Whether the events have a span of their own, and not only that in which they happened.
    own: bool,
    server: bool,
    title: Option<String>,
    drop: Option<Arc<DropFn>>,
}

type DropFn = dyn Fn(&Emission<'_>) -> bool + Send + Sync;

impl Traced {
    /// A span of [`tachymeter::events!`]: `<name>.stop`, `.exception` and `.aborted`.
    pub fn span(name: &str) -> Self {
        let events = ENDS.map(|end| (format!("{name}.{end}"), "duration".to_owned()));
        Self { name: name.to_owned(), events: events.into(), own: true, server: false, title: None, drop: None }
    }

    /// One event that has a span of its own, and says by a measurement how long that was: `("leptos.interaction.stop", "total")`.
    pub fn event(name: &str, length: &str) -> Self {
        Self { events: vec![(name.to_owned(), length.to_owned())], ..Self::span(name.strip_suffix(".stop").unwrap_or(name)) }
    }

    /// One event that says by a measurement how long it was, and becomes a span below the one in which it happened:
    /// `("db.query", "total")`.
    pub fn child(name: &str, length: &str) -> Self {
        Self { own: false, ..Self::event(name, length) }
    }

    /// Says that others asked for it: its kind is `SERVER`.
    #[must_use]
    pub fn server(self) -> Self {
        Self { server: true, ..self }
    }

    /// Appends the value of this piece of metadata to the span's name.
    #[must_use]
    pub fn titled(self, key: &str) -> Self {
        Self { title: Some(key.to_owned()), ..self }
    }

    /// Leaves out those for which this is true. What is below them stays.
    #[must_use]
    pub fn drop(self, drop: impl Fn(&Emission<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self { drop: Some(Arc::new(drop)), ..self }
    }
}

impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced").field("name", &self.name).field("own", &self.own).finish_non_exhaustive()
    }
}

/// Where spans wait.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Vec<Span>>,
    most: usize,
    /// Traces whose id, as a number, is at most this are reported.
    threshold: u64,
    full: AtomicU64,
}

impl Queue {
    pub(super) fn new(most: usize, ratio: f64) -> Arc<Self> {
        let threshold = (ratio * u64::MAX as f64) as u64;
        Arc::new(Self { waiting: Mutex::default(), most, threshold, full: AtomicU64::new(0) })
    }

    pub(super) fn attach(self: &Arc<Self>, traced: Vec<Traced>) -> Result<Attached, AttachError> {
        static STARTED: AtomicU64 = AtomicU64::new(1);
        let id = format!("tachymeter-metrics.otlp.spans.{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let names: Vec<String> = traced.iter().flat_map(|traced| traced.events.iter().map(|(name, _)| name.clone())).collect();
        let queue = Arc::clone(self);
        tachymeter::attach(&id, &names.iter().map(String::as_str).collect::<Vec<_>>(), move |event| {
            let find = |traced: &Traced| traced.events.iter().position(|(name, _)| name == event.name());
            if let Some((traced, at)) = traced.iter().find_map(|traced| Some((traced, find(traced)?))) {
                queue.add(traced, &traced.events[at].1, event);
            }
        })
    }

    fn add(&self, traced: &Traced, length: &str, event: &Emission<'_>) {
        let Some(context) = event.context().filter(|context| context.sampled && self.wants(*context)) else { return };
        if traced.drop.as_ref().is_some_and(|drop| drop(event)) {
            return;
        }
        let (context, parent) = match traced.own {
            true => (context, event.parent_id()),
            false => (context.child(), Some(context.span_id)),
        };
        // Whether it is full is asked before the work, and said after it.
        let is_full = lock(&self.waiting).len() >= self.most;
        if is_full {
            self.full.fetch_add(1, Ordering::Relaxed);
        } else if let Some(span) = span(traced, length, event, context, parent) {
            lock(&self.waiting).push(span);
        }
    }

    /// The same answer for all spans of a trace, in whatever process.
    fn wants(&self, context: Context) -> bool {
        let [.., a, b, c, d, e, f, g, h] = context.trace_id.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) <= self.threshold
    }
}

fn span(traced: &Traced, length: &str, event: &Emission<'_>, context: Context, parent: Option<SpanId>) -> Option<Span> {
    let nanoseconds = match event.measurement(length)? {
        Value::Duration(duration) => u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        // A number is in seconds, as a duration would be.
        number => (number.as_f64()? * 1e9).max(0.0) as u64,
    };
    let end = now();
    let numbers = event.measurements().iter().filter(|(key, _)| *key != length);
    let attributes = event.metadata().iter().chain(numbers).map(|(key, value)| attribute(key, any(*value)));
    let title = traced.title.as_ref().and_then(|key| event.get(key));
    Some(Span {
        trace_id: context.trace_id.0.into(),
        span_id: context.span_id.0.into(),
        parent_span_id: parent.map_or(Vec::new(), |parent| parent.0.into()),
        name: title.map_or_else(|| traced.name.clone(), |title| format!("{} {title}", traced.name)),
        kind: if traced.server { SpanKind::Server } else { SpanKind::Internal } as i32,
        start_time_unix_nano: end.saturating_sub(nanoseconds),
        end_time_unix_nano: end,
        attributes: attributes.collect(),
        status: status(event),
        flags: 1, // sampled
        ..Span::default()
    })
}

/// An exception and what has an `error` has failed; of the others nothing is claimed.
fn status(event: &Emission<'_>) -> Option<Status> {
    let failed = if event.name().ends_with(".exception") { event.get("reason").or(Some("".into())) } else { event.get("error") };
    failed.map(|reason| Status { message: reason.to_string(), code: StatusCode::Error as i32 })
}

fn any(value: Value<'_>) -> Any {
    match value {
        Value::Str(text) => Any::StringValue(text.to_owned()),
        Value::Bool(is) => Any::BoolValue(is),
        Value::Int(n) => Any::IntValue(n),
        Value::Uint(n) => i64::try_from(n).map_or(Any::DoubleValue(n as f64), Any::IntValue),
        Value::Float(n) => Any::DoubleValue(n),
        Value::Duration(duration) => Any::DoubleValue(duration.as_secs_f64()),
    }
}

/// The thread's side of the queue.
pub(super) struct Spans {
    queue: Arc<Queue>,
    resource: Resource,
    post: Post,
}

impl Spans {
    pub(super) fn new(queue: Arc<Queue>, resource: Resource, post: Post) -> Self {
        Self { queue, resource, post }
    }

    pub(super) fn send(&mut self, ending: bool) {
        HEALTH.dropped(self.queue.full.swap(0, Ordering::Relaxed), "queue full");
        if self.post.pauses() && !ending {
            return;
        }
        // As many as wait now; those that come meanwhile are for the next time.
        let mut left = lock(&self.queue.waiting).len();
        while left > 0 {
            let mut batch: Vec<Span> = lock(&self.queue.waiting).drain(..left.min(BATCH)).collect();
            left -= batch.len();
            match self.post.send(&self.message(&mut batch)) {
                Outcome::Sent(answer) => HEALTH.dropped(rejected(&answer), "rejected by the receiver"),
                Outcome::Refused => HEALTH.dropped(batch.len() as u64, "refused by the receiver"),
                Outcome::Later => {
                    self.put_back(batch);
                    break;
                }
            }
        }
        if ending {
            let lost = std::mem::take(&mut *lock(&self.queue.waiting)).len();
            HEALTH.dropped(lost as u64, "not sent");
        }
    }

    /// Encodes it, and leaves it as it was.
    fn message(&self, batch: &mut Vec<Span>) -> Vec<u8> {
        let spans = ScopeSpans { scope: Some(scope()), spans: std::mem::take(batch), ..ScopeSpans::default() };
        let resource = Some(self.resource.clone());
        let mut request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { resource, scope_spans: vec![spans], ..ResourceSpans::default() }],
        };
        let bytes = request.encode_to_vec();
        if let Some(spans) = request.resource_spans.first_mut().and_then(|spans| spans.scope_spans.first_mut()) {
            *batch = std::mem::take(&mut spans.spans);
        }
        bytes
    }

    /// In front of those that came meanwhile; the newest don't fit any more.
    fn put_back(&self, mut batch: Vec<Span>) {
        let mut waiting = lock(&self.queue.waiting);
        batch.append(&mut waiting);
        let lost = batch.len().saturating_sub(self.queue.most);
        batch.truncate(self.queue.most);
        *waiting = batch;
        drop(waiting);
        HEALTH.dropped(lost as u64, "queue full");
    }
}

fn rejected(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    answer.partial_success.map_or(0, |partial| partial.rejected_spans.unsigned_abs())
}
