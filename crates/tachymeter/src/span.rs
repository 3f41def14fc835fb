//! Spans: a start, then exactly one end, whatever happens.

use crate::clock::{self, Timestamp};
use crate::table::dispatch;
use crate::value::Kept;
use crate::{Context, Emission, Event, SpanEvent, SpanId, Value};

type Pairs<'a> = [(&'a str, Value<'a>)];

impl SpanEvent {
    /// Starts a span under the current one.
    #[must_use = "a span that is dropped at once is aborted"]
    pub fn start(&'static self, metadata: &[(&'static str, Value<'_>)]) -> OpenSpan {
        self.start_under(Context::current(), metadata)
    }

    /// Starts a span under this parent, for example one that came in a `traceparent` header; `None` begins a trace of its own.
    #[must_use = "a span that is dropped at once is aborted"]
    pub fn start_under(&'static self, parent: Option<Context>, metadata: &[(&'static str, Value<'_>)]) -> OpenSpan {
        let ends = [self.stop(), self.exception(), self.aborted()];
        let keep = ends.iter().any(|event| event.is_attached());
        let span = OpenSpan {
            event: self,
            context: Context::under(parent),
            parent: parent.map(|parent| parent.span_id),
            started: clock::now(),
            metadata: if keep { metadata.iter().map(|(key, value)| (*key, (*value).into())).collect() } else { Vec::new() },
            ended: false,
        };
        if self.start_event().is_attached() {
            span.emit(self.start_event(), &[("count", Value::Uint(1))], metadata);
        }
        span
    }

    /// Runs a closure as a span: `stop` at its end, `exception` if it panics, which goes on.
    ///
    /// ```
    /// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.work" {} []; }
    /// assert_eq!(WORK.run(&[], || 6 * 7), 42);
    /// ```
    pub fn run<T>(&'static self, metadata: &[(&'static str, Value<'_>)], work: impl FnOnce() -> T) -> T {
        let span = self.start(metadata);
        let result = span.in_scope(work);
        span.stop(&[], &[]);
        result
    }
}

/// A span that has started. It ends by [`stop`](Self::stop) or [`exception`](Self::exception); dropped, it ends as `exception` while the
/// thread panics and as `aborted` otherwise: an early return, a future that was given up, a task that was cancelled.
#[derive(Debug)]
pub struct OpenSpan {
    event: &'static SpanEvent,
    context: Context,
    parent: Option<SpanId>,
    started: Timestamp,
    metadata: Vec<(&'static str, Kept)>,
    ended: bool,
}

impl OpenSpan {
    /// Its place in its trace: for children, and for a `traceparent` header.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Adds metadata to what the end will carry; the same key replaces.
    pub fn set<'v>(&mut self, key: &'static str, value: impl Into<Value<'v>>) {
        self.metadata.retain(|(known, _)| *known != key);
        self.metadata.push((key, value.into().into()));
    }

    /// Makes it current while `run` runs.
    pub fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        self.context.in_scope(run)
    }

    /// Ends it well. `duration` is measured and can't be overridden; metadata goes on top of the start's.
    pub fn stop(mut self, measurements: &Pairs<'_>, metadata: &Pairs<'_>) {
        self.end(self.event.stop(), measurements, metadata);
    }

    /// Ends it with a failure: what kind, and why.
    pub fn exception(mut self, kind: &str, reason: &str) {
        self.fail(kind, reason);
    }

    fn fail(&mut self, kind: &str, reason: &str) {
        self.end(self.event.exception(), &[], &[("kind", kind.into()), ("reason", reason.into())]);
    }

    fn end(&mut self, event: &'static Event, measurements: &Pairs<'_>, metadata: &Pairs<'_>) {
        self.ended = true;
        if !event.is_attached() {
            return;
        }
        let mut numbers = Vec::with_capacity(measurements.len() + 1);
        numbers.push(("duration", Value::Duration(clock::now().since(self.started))));
        numbers.extend(measurements.iter().filter(|(key, _)| *key != "duration"));
        let replaced = |key: &str| metadata.iter().any(|(other, _)| *other == key);
        let kept = self.metadata.iter().filter(|(key, _)| !replaced(key)).map(|(key, value)| (*key, value.get()));
        let merged: Vec<_> = kept.chain(metadata.iter().copied()).collect();
        self.emit(event, &numbers, &merged);
    }

    fn emit(&self, event: &'static Event, measurements: &Pairs<'_>, metadata: &Pairs<'_>) {
        let (context, parent) = (Some(self.context), self.parent);
        dispatch(event.entry(), &Emission { name: event.name(), measurements, metadata, context, parent });
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if !self.ended {
            if std::thread::panicking() {
                self.fail("panic", "the span was open when its thread panicked");
            } else {
                self.end(self.event.aborted(), &[], &[]);
            }
        }
    }
}
