//! What is remembered of an event that belongs to a trace.

use std::sync::LazyLock;
use std::time::Duration;

use tachymeter::clock::{self, Timestamp};
use tachymeter::{Emission, SpanId, Value};

/// The metadata by which a part is known, in the order in which it is looked for.
const NAMES: [&str; 4] = ["name", "label", "route", "host"];

/// An event that has ended: a span, or what is told once at its end with its `total`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// The event's name without its last segment, if that says how a span ended.
    pub(super) kind: &'static str,
    pub(super) name: Box<str>,
    /// In the browser it is counted from the interaction's input, on the server by [`now`].
    pub(super) in_browser: bool,
    pub(super) span: Option<SpanId>,
    pub(super) parent: Option<SpanId>,
    pub(super) start: f64,
    pub(super) duration: f64,
    pub(super) outcome: Box<str>,
    pub(super) pieces: Vec<(Box<str>, f64)>,
}

impl Part {
    /// What an event says that has just ended; `None` if it says nothing of a duration. It is of this kind, a span or not.
    pub(super) fn of(emission: &Emission<'_>, kind: &'static str) -> Option<Self> {
        let whole = ["duration", "total"].into_iter().find_map(|key| milliseconds(emission, key))?;
        let text = |key: &str| emission.get(key).and_then(|value| value.as_str());
        let ended = emission.name().strip_prefix(kind).unwrap_or_default().trim_start_matches('.');
        let in_browser = text("side") == Some("client");
        let context = emission.context();
        // What is no span has no id of its own: it belongs to the span around it.
        let (span, parent) = match ended {
            "" => (None, context.map(|context| context.span_id)),
            _ => (context.map(|context| context.span_id), emission.parent_id()),
        };
        let start = if in_browser { milliseconds(emission, "offset")? } else { now() - whole };
        let outcome = if matches!(ended, "" | "stop") { text("outcome").unwrap_or_default() } else { ended };
        Some(Self {
            kind,
            name: NAMES.into_iter().find_map(text).unwrap_or_default().into(),
            in_browser,
            span,
            parent,
            start,
            duration: whole,
            outcome: outcome.into(),
            pieces: pieces(emission),
        })
    }

    /// A piece of it that was measured on its own.
    pub(super) fn piece(&self, name: &str) -> Option<f64> {
        self.pieces.iter().find(|(known, _)| &**known == name).map(|(_, ms)| *ms)
    }
}

fn pieces(emission: &Emission<'_>) -> Vec<(Box<str>, f64)> {
    let durations = emission.measurements().iter().filter_map(|(key, value)| match value {
        Value::Duration(duration) if !matches!(*key, "duration" | "total" | "offset") => Some(((*key).into(), ms(*duration))),
        _ => None,
    });
    durations.collect()
}

/// A measured duration.
pub(super) fn milliseconds(emission: &Emission<'_>, key: &str) -> Option<f64> {
    match emission.measurement(key)? {
        Value::Duration(duration) => Some(ms(duration)),
        _ => None,
    }
}

/// From when the server's times are counted: its first look at this clock.
static START: LazyLock<Timestamp> = LazyLock::new(clock::now);

/// The server's time, in milliseconds.
pub(super) fn now() -> f64 {
    ms(clock::now().since(*START))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
