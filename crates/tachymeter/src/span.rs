//! Spans: a start, then exactly one end, whatever happens.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::clock::{self, Timestamp};
use crate::emission::{Origin, Pair};
use crate::kept::{KeptPairs, Merge};
use crate::{Context, Event, SpanEvent, SpanId, Value, warn};

impl SpanEvent {
    /// Starts a span under the current one.
    ///
    /// If nobody listens to any of its events now, it emits none later either: it costs two ids and no look at the clock.
    ///
    /// ```
    /// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.begin" { items } [form]; }
    /// let ends = tachymeter::testing::capture(&["doc.begin.stop"]);
    /// let span = WORK.start(&[("form", "demo".into())]);
    /// span.stop(&[("items", 3u8.into())], &[]);
    /// assert_eq!(ends.take()[0].get("form"), Some("demo"));
    /// ```
    #[must_use = "a span that is dropped at once is aborted"]
    pub fn start(&'static self, metadata: &[(&'static str, Value<'_>)]) -> OpenSpan {
        self.start_under(Context::current(), metadata)
    }

    /// Starts a span under this parent, for example one that came in a `traceparent` header; `None` begins a trace of its own.
    #[must_use = "a span that is dropped at once is aborted"]
    pub fn start_under(&'static self, parent: Option<Context>, metadata: &[(&'static str, Value<'_>)]) -> OpenSpan {
        let mut span = self.unheard(parent);
        if self.is_attached() {
            span.begin(metadata);
        }
        span
    }

    /// For a caller who has looked whether anybody listens, to build no metadata for nobody.
    #[doc(hidden)]
    #[must_use]
    pub fn start_unheard(&'static self) -> OpenSpan {
        self.unheard(Context::current())
    }

    #[inline]
    fn unheard(&'static self, parent: Option<Context>) -> OpenSpan {
        let (context, parent) = (Context::under(parent), parent.map(|parent| parent.span_id));
        OpenSpan { event: self, context, parent, open: false, heard: None }
    }

    /// Runs a closure as a span: `stop` at its end, `exception` with the panic's message if it panics, which goes on.
    ///
    /// ```
    /// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.work" {} []; }
    /// assert_eq!(WORK.run(&[], || 6 * 7), 42);
    /// ```
    pub fn run<T>(&'static self, metadata: &[(&'static str, Value<'_>)], work: impl FnOnce() -> T) -> T {
        let span = self.start(metadata);
        match catch_unwind(AssertUnwindSafe(|| span.in_scope(work))) {
            Ok(result) => {
                span.stop(&[], &[]);
                result
            }
            Err(panic) => {
                span.exception("panic", message(&*panic));
                resume_unwind(panic)
            }
        }
    }
}

pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message")
}

/// A span that has started. It ends by [`stop`](Self::stop) or [`exception`](Self::exception); dropped, it ends as `exception` while the
/// thread panics and as `aborted` otherwise: an early return, a future that was given up, a task that was cancelled.
#[derive(Debug)]
pub struct OpenSpan {
    event: &'static SpanEvent,
    context: Context,
    parent: Option<SpanId>,
    /// Until it has ended.
    open: bool,
    /// If somebody listened when it started.
    heard: Option<Heard>,
}

#[derive(Debug)]
struct Heard {
    started: Timestamp,
    /// Whether the thread was unwinding already: then a drop is no sign of a panic inside the span.
    panicking: bool,
    measurements: Vec<Pair<'static>>,
    metadata: KeptPairs,
}

impl OpenSpan {
    /// Its place in its trace: for children, and for a `traceparent` header.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Whether somebody listened when it started: if not it emits nothing, and needs nothing.
    pub fn is_heard(&self) -> bool {
        self.heard.is_some()
    }

    /// When it started; `None` if nobody listened, for then no clock was read.
    ///
    /// ```
    /// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.started" {}; }
    /// assert!(WORK.start(&[]).started().is_none());
    /// let _listens = tachymeter::testing::capture(&["doc.started.stop"]);
    /// assert!(WORK.start(&[]).started().is_some_and(|started| started <= tachymeter::clock::now()));
    /// ```
    pub fn started(&self) -> Option<Timestamp> {
        self.heard.as_ref().map(|heard| heard.started)
    }

    /// Adds metadata to what the end will carry; the same key replaces.
    pub fn set<'v>(&mut self, key: &'static str, value: impl Into<Value<'v>>) {
        if let Some(heard) = &mut self.heard {
            heard.metadata.set(key, value.into());
        }
    }

    /// Adds a measurement to what the end will carry, also if that is an `exception` or `aborted`; the same key replaces.
    ///
    /// ```
    /// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.measure" { bytes }; }
    /// let ends = tachymeter::testing::capture(&["doc.measure.aborted"]);
    /// let mut span = WORK.start(&[]);
    /// span.measure("bytes", 512u64);
    /// drop(span);
    /// assert_eq!(ends.take()[0].measurement("bytes"), Some(512u64.into()));
    /// ```
    pub fn measure(&mut self, key: &'static str, number: impl Into<Value<'static>>) {
        if let Some(heard) = &mut self.heard {
            heard.measurements.retain(|(known, _)| *known != key);
            heard.measurements.push((key, number.into()));
        }
    }

    /// Makes it current while `run` runs.
    pub fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        self.context.in_scope(run)
    }

    /// Ends it well. `duration` is measured and can't be overridden; metadata goes on top of the start's. What failed without a panic
    /// says so by the metadata `error`.
    pub fn stop(mut self, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)]) {
        self.end(self.event.stop(), measurements, metadata);
    }

    /// Ends it with a failure: what kind, and why.
    pub fn exception(mut self, kind: &str, reason: &str) {
        self.fail(kind, reason);
    }

    /// Somebody listens.
    fn begin(&mut self, metadata: &[(&'static str, Value<'_>)]) {
        let started = clock::now();
        let heard = Heard { started, panicking: std::thread::panicking(), measurements: Vec::new(), metadata: KeptPairs::new() };
        let heard = self.heard.insert(heard);
        metadata.iter().for_each(|(key, value)| heard.metadata.set(key, *value));
        self.open = true;
        let start = self.event.start_event();
        if let Some(version) = start.heard() {
            warn::undeclared(start, &[], metadata);
            let now = Value::Duration(clock::system_time_at(started));
            start.emit(version, &[("count", Value::Uint(1)), ("system_time", now)], metadata, self.origin());
        }
    }

    fn fail(&mut self, kind: &str, reason: &str) {
        self.end(self.event.exception(), &[], &[("kind", kind.into()), ("reason", reason.into())]);
    }

    fn end(&mut self, event: &'static Event, measurements: &[Pair<'_>], metadata: &[Pair<'_>]) {
        let open = std::mem::replace(&mut self.open, false);
        let (Some(heard), Some(version), true) = (&self.heard, event.heard(), open) else { return };
        let duration = clock::now().since(heard.started);
        Merge::with(heard.measurements.len() + measurements.len() + 1, |mut numbers| {
            numbers.push(("duration", Value::Duration(duration)));
            for list in [&heard.measurements, measurements] {
                list.iter().filter(|(key, _)| *key != "duration").for_each(|pair| numbers.put(*pair));
            }
            Merge::with(heard.metadata.len() + metadata.len(), |mut merged| {
                heard.metadata.put_into(&mut merged);
                metadata.iter().for_each(|pair| merged.put(*pair));
                warn::undeclared(event, numbers.pairs(), merged.pairs());
                event.emit(version, numbers.pairs(), merged.pairs(), self.origin());
            });
        });
    }

    fn origin(&self) -> Origin {
        Origin::Span(Some(self.context), self.parent)
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        match &self.heard {
            Some(heard) if self.open => {
                if std::thread::panicking() && !heard.panicking {
                    self.fail("panic", "the span was open when its thread panicked");
                } else {
                    self.end(self.event.aborted(), &[], &[]);
                }
            }
            _ => {}
        }
    }
}
