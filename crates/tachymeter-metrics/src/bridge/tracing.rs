//! A layer for `tracing`: chosen spans and events of whatever crate become ours.
//!
//! What is chosen, and what of it is heard, is declared as for events of one's own: fields whose names are declared as measurements or
//! metadata are taken, others aren't. `count`, `level`, `target` and `message` are there for each event of `tracing`, if they are declared.
//!
//! ```
//! use tachymeter_metrics::bridge::tracing::Bridge;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! tachymeter::events! {
//!     /// What is heard of other crates.
//!     pub EVENTS;
//!     /// A query of sqlx has ended.
//!     pub event SQLX_QUERY = "sqlx.query" { elapsed_secs, rows_returned, rows_affected } [summary];
//!     /// A request that tower-http has traced.
//!     pub span TOWER_REQUEST = "tower_http.request" {} [method, uri];
//! }
//!
//! let bridge = Bridge::new()
//!     .event("sqlx::query", &SQLX_QUERY)
//!     .span("tower_http::trace::make_span", "request", &TOWER_REQUEST);
//! let subscriber = tracing_subscriber::registry().with(bridge.layer());
//! # let heard = tachymeter::testing::capture(&["tower_http.request.stop"]);
//! # tracing::subscriber::with_default(subscriber, || {
//! tracing::info_span!(target: "tower_http::trace::make_span", "request", method = "GET", uri = "/").in_scope(|| ());
//! # });
//! # assert_eq!(heard.take()[0].get("method"), Some("GET"));
//! ```
//!
//! Spans keep their places: a span of ours that begins inside one of theirs is its child, and the other way round. A span that ends while
//! its thread panics is an `exception`.
//!
//! Nothing goes in circles: what the [log](crate::reporter::Log) writes is never taken, and neither is what a handler says by `tracing`
//! while it handles an event that came from here.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::sync::Arc;

use tachymeter::{Context, Event, OpenSpan, SpanEvent, Value};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context as Ctx, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The target of the log reporter's lines.
const OWN_TARGET: &str = "tachymeter";

/// Which spans and events of `tracing` become which of ours.
#[derive(Debug, Default)]
pub struct Bridge {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    target: &'static str,
    into: Into,
}

#[derive(Clone, Copy, Debug)]
enum Into {
    Event(&'static Event),
    Span(&'static str, &'static SpanEvent),
}

impl Bridge {
    /// Nothing is chosen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the events of this target, which is a module as a rule, and of those inside it.
    #[must_use]
    pub fn event(mut self, target: &'static str, event: &'static Event) -> Self {
        self.rules.push(Rule { target, into: Into::Event(event) });
        self
    }

    /// Takes the spans of this target and name.
    #[must_use]
    pub fn span(mut self, target: &'static str, name: &'static str, span: &'static SpanEvent) -> Self {
        self.rules.push(Rule { target, into: Into::Span(name, span) });
        self
    }

    /// As a layer for a subscriber of `tracing`. It filters for itself: what it doesn't want costs nothing, and other layers get what they
    /// want.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(self) -> impl Layer<S> {
        let bridge = Arc::new(self);
        let wanted = Arc::clone(&bridge);
        Taken(bridge).with_filter(filter_fn(move |metadata| wanted.rule(metadata).is_some()))
    }

    /// The first that fits.
    fn rule(&self, metadata: &Metadata<'_>) -> Option<Into> {
        if is_inside(metadata.target(), OWN_TARGET) {
            return None;
        }
        let fits = |rule: &&Rule| {
            // `tracing::enabled!` asks about neither a span nor an event, but in general.
            let kind = match rule.into {
                Into::Event(_) => !metadata.is_span(),
                Into::Span(name, _) => !metadata.is_event() && (metadata.name() == name || !metadata.is_span()),
            };
            kind && is_inside(metadata.target(), rule.target)
        };
        self.rules.iter().find(fits).map(|rule| rule.into)
    }
}

/// `sqlx::query` is inside `sqlx`, `sqlx_core` isn't.
fn is_inside(target: &str, module: &str) -> bool {
    target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

thread_local! {
    /// Whether this thread is executing an event that came from here.
    static EXECUTING: Cell<bool> = const { Cell::new(false) };
    /// The spans that this thread is in: their number at `tracing`, and what was current before.
    static ENTERED: RefCell<Vec<(u64, Option<Context>)>> = const { RefCell::new(Vec::new()) };
}

/// Runs it, unless this comes from what it runs.
fn outermost(run: impl FnOnce()) {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            EXECUTING.set(false);
        }
    }
    if !EXECUTING.replace(true) {
        let _leave = Leave;
        run();
    }
}

/// Kept with a span of `tracing`.
struct Open {
    span: OpenSpan,
    event: &'static SpanEvent,
}

/// The layer.
struct Taken(Arc<Bridge>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Taken {
    fn on_event(&self, event: &tracing_core::Event<'_>, _: Ctx<'_, S>) {
        let metadata = event.metadata();
        let Some(Into::Event(ours)) = self.0.rule(metadata).filter(|_| !EXECUTING.get()) else { return };
        let Some(version) = ours.heard() else { return };
        let mut fields = Fields::of(ours);
        fields.text("level", metadata.level().as_str());
        fields.text("target", metadata.target());
        fields.number("count", Value::Uint(1));
        event.record(&mut fields);
        outermost(|| ours.dispatch(version, &fields.measurements(), &fields.metadata()));
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Ctx<'_, S>) {
        let Some(Into::Span(_, event)) = self.0.rule(attributes.metadata()) else { return };
        let parent = match attributes.parent() {
            Some(parent) => ctx.span(parent).and_then(|parent| Some(parent.extensions().get::<Open>()?.span.context())),
            None => Context::current().filter(|_| attributes.is_contextual()),
        };
        let mut fields = Fields::of(event.start_event());
        attributes.record(&mut fields);
        // Handlers run before the span's data is borrowed, for they may look at it by way of `tracing`.
        outermost(|| {
            let mut span = event.start_under(parent, &fields.metadata());
            // Measurements of a span are for its end, which declares them.
            let mut ends = Fields::of(event.stop());
            attributes.record(&mut ends);
            ends.others.clear();
            ends.put_into(&mut span);
            if let Some(place) = ctx.span(id) {
                place.extensions_mut().insert(Open { span, event });
            }
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Ctx<'_, S>) {
        let Some(place) = ctx.span(id) else { return };
        if let Some(Open { span, event }) = place.extensions_mut().get_mut::<Open>() {
            let mut fields = Fields::of(event.stop());
            values.record(&mut fields);
            fields.put_into(span);
        }
    }

    fn on_enter(&self, id: &Id, ctx: Ctx<'_, S>) {
        let context = ctx.span(id).and_then(|place| Some(place.extensions().get::<Open>()?.span.context()));
        if let Some(context) = context {
            let before = Context::replace_current(Some(context));
            ENTERED.with_borrow_mut(|entered| entered.push((id.into_u64(), before)));
        }
    }

    fn on_exit(&self, id: &Id, _: Ctx<'_, S>) {
        ENTERED.with_borrow_mut(|entered| {
            let Some(at) = entered.iter().rposition(|(entered, _)| *entered == id.into_u64()) else { return };
            let (_, before) = entered.remove(at);
            match entered.get_mut(at) {
                // Somebody left before those who came later.
                Some((_, above)) => *above = before,
                None => _ = Context::replace_current(before),
            }
        });
    }

    fn on_close(&self, id: Id, ctx: Ctx<'_, S>) {
        let open = ctx.span(&id).and_then(|place| place.extensions_mut().remove::<Open>());
        let Some(Open { span, .. }) = open else { return };
        outermost(|| if std::thread::panicking() { drop(span) } else { span.stop(&[], &[]) });
    }
}

/// The fields that an event of ours declares.
struct Fields {
    event: &'static Event,
    numbers: Vec<(&'static str, Value<'static>)>,
    others: Vec<(&'static str, Other)>,
}

enum Other {
    Value(Value<'static>),
    Text(String),
}

impl Fields {
    fn of(event: &'static Event) -> Self {
        Self { event, numbers: Vec::new(), others: Vec::new() }
    }

    fn measurements(&self) -> Vec<(&str, Value<'_>)> {
        self.numbers.iter().map(|(key, value)| (*key, *value)).collect()
    }

    fn metadata(&self) -> Vec<(&'static str, Value<'_>)> {
        let lend = |other| match other {
            &Other::Value(value) => value,
            Other::Text(text) => Value::Str(text),
        };
        self.others.iter().map(|(key, other)| (*key, lend(other))).collect()
    }

    fn number(&mut self, name: &str, value: Value<'static>) {
        if let Some(key) = find(self.event.measurements(), name) {
            self.numbers.retain(|(known, _)| *known != key);
            self.numbers.push((key, value));
        } else if let Some(key) = find(self.event.metadata(), name) {
            self.put(key, Other::Value(value));
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        if let Some(key) = find(self.event.metadata(), name) {
            self.put(key, Other::Text(text.to_owned()));
        }
    }

    fn put(&mut self, key: &'static str, other: Other) {
        self.others.retain(|(known, _)| *known != key);
        self.others.push((key, other));
    }

    fn put_into(&self, span: &mut OpenSpan) {
        self.numbers.iter().for_each(|(key, value)| span.measure(key, *value));
        self.metadata().into_iter().for_each(|(key, value)| span.set(key, value));
    }
}

/// The declared key of this name.
fn find(keys: &'static [&'static str], name: &str) -> Option<&'static str> {
    keys.iter().copied().find(|key| *key == name)
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field.name(), Value::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field.name(), Value::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), Value::Uint(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field.name(), Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Nothing is written that nobody declared.
        if find(self.event.metadata(), field.name()).is_some() {
            self.text(field.name(), &format!("{value:?}"));
        }
    }
}
