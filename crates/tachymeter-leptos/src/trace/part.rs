//! What is remembered of an event that belongs to a trace.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use tachymeter::clock::{self, Timestamp};
use tachymeter::{Emission, SpanId, Value};

/// The metadata by which a part is known, in the order in which it is looked for.
const NAMES: [&str; 4] = ["name", "label", "route", "host"];

/// What a part may consist of; a waterfall shows nothing else.
const PIECES: [&str; 7] = ["queue", "request", "query", "decode", "body", "encode", "first_byte"];
/// How long each of them took, in milliseconds. Thousands of traces wait at a time, so small counts more here than precise.
pub(super) type Pieces = [Option<f32>; PIECES.len()];

/// How parts end as a rule. There are many of them, and a text of its own for each is memory that nobody reads.
const OUTCOMES: [&str; 5] = ["", "ok", "error", "exception", "aborted"];

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
    pub(super) outcome: Cow<'static, str>,
    pub(super) pieces: Pieces,
}

impl Part {
    /// What an event says that has just ended; `None` if it says nothing of a duration. It is of this kind, and its name
    /// goes on so.
    pub(super) fn of(emission: &Emission<'_>, kind: &'static str, end: &str) -> Option<Self> {
        let whole = ["duration", "total"].into_iter().find_map(|key| milliseconds(emission, key))?;
        let text = |key: &str| emission.get(key).and_then(|value| value.as_str());
        let ended = end.trim_start_matches('.');
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
            outcome: outcome_of(outcome),
            pieces: pieces(emission.measurements().iter().filter_map(|(name, value)| Some((*name, duration(value)?)))),
        })
    }

    /// A piece of it that was measured on its own.
    pub(super) fn piece(&self, name: &str) -> Option<f64> {
        self.pieces[PIECES.iter().position(|known| *known == name)?].map(f64::from)
    }
}

fn outcome_of(text: &str) -> Cow<'static, str> {
    let known = OUTCOMES.into_iter().find(|known| *known == text);
    known.map_or_else(|| text.to_owned().into(), Cow::Borrowed)
}

/// Those among these that a waterfall shows.
pub(super) fn pieces<'a>(measured: impl Iterator<Item = (&'a str, f64)>) -> Pieces {
    let mut pieces = Pieces::default();
    for (name, ms) in measured {
        if let Some(at) = PIECES.iter().position(|known| *known == name) {
            pieces[at] = Some(ms as f32);
        }
    }
    pieces
}

/// A measured duration.
pub(super) fn milliseconds(emission: &Emission<'_>, key: &str) -> Option<f64> {
    duration(&emission.measurement(key)?)
}

fn duration(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Duration(duration) => Some(ms(*duration)),
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
