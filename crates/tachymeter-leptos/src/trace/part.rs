//! What is remembered of an event that belongs to a trace.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tachymeter::clock::{self, Timestamp};
use tachymeter::{Emission, SpanId, Value};

use super::store::Shared;

/// The metadata by which a part is known: which is looked for first.
fn name_rank(key: &str) -> Option<u8> {
    Some(match key {
        "name" => 0,
        "label" => 1,
        "route" => 2,
        "host" => 3,
        _ => return None,
    })
}

/// What a part may consist of; a waterfall shows nothing else. (A `match`, for it is asked several times per request.)
fn piece_at(name: &str) -> Option<usize> {
    Some(match name {
        "queue" => 0,
        "request" => 1,
        "query" => 2,
        "decode" => 3,
        "body" => 4,
        "encode" => 5,
        "first_byte" => 6,
        _ => return None,
    })
}

/// How many they are.
const PIECES: usize = 7;

/// How long each piece took, in milliseconds. Thousands of parts wait at a time, so small counts more here than precise; what was not
/// measured is no number.
#[derive(Clone, Debug)]
pub(super) struct Pieces([f32; PIECES]);

/// How parts end as a rule. There are many of them, and a text of its own for each is memory that nobody reads.
const OUTCOMES: [&str; 5] = ["", "ok", "error", "exception", "aborted"];

/// An event by which something ends: its kind, and how its name goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) kind: &'static str,
    pub(super) end: &'static str,
}

/// An event that has ended: a span, or what is told once at its end with its `total`.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The event's name without its last segment, if that says how a span ended.
    pub(super) kind: &'static str,
    pub(super) name: Arc<str>,
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
    /// What an event says that has just ended; `None` if it says nothing of a duration. Each list is gone through once: this is done for
    /// every request.
    pub(super) fn of(emission: &Emission<'_>, Ending { kind, end }: Ending, now: f64, shared: &mut Shared) -> Option<Self> {
        let (mut whole, mut offset, mut pieces) = (None, None, Pieces::default());
        for (key, value) in emission.measurements() {
            let Value::Duration(time) = value else { continue };
            match *key {
                "duration" | "total" => whole = Some(ms(*time)),
                "offset" => offset = Some(ms(*time)),
                piece => pieces.set(piece, ms(*time)),
            }
        }
        let (mut name, mut rank, mut in_browser, mut outcome) = ("", u8::MAX, false, "");
        for (key, value) in emission.metadata() {
            let Value::Str(text) = *value else { continue };
            match *key {
                "side" => in_browser = text == "client",
                "outcome" => outcome = text,
                key => {
                    if let Some(better) = name_rank(key).filter(|better| *better < rank) {
                        (name, rank) = (text, better);
                    }
                }
            }
        }
        let (whole, context) = (whole?, emission.context());
        // What is no span has no id of its own: it belongs to the span around it.
        let (span, parent) = match end {
            "" => (None, context.map(|context| context.span_id)),
            _ => (context.map(|context| context.span_id), emission.parent_id()),
        };
        Some(Self {
            kind,
            name: shared.name(name),
            in_browser,
            span,
            parent,
            start: if in_browser { offset? } else { now - whole },
            duration: whole,
            outcome: outcome_of(if matches!(end, "" | ".stop") { outcome } else { &end[1..] }),
            pieces,
        })
    }

    /// A piece of it that was measured on its own.
    pub(super) fn piece(&self, name: &str) -> Option<f64> {
        let piece = self.pieces.0[piece_at(name)?];
        (!piece.is_nan()).then(|| piece.into())
    }
}

impl Default for Pieces {
    fn default() -> Self {
        Self([f32::NAN; PIECES])
    }
}

impl Pieces {
    /// In milliseconds; what a waterfall doesn't show is left out.
    pub(super) fn set(&mut self, name: &str, ms: f64) {
        if let Some(at) = piece_at(name) {
            self.0[at] = ms as f32;
        }
    }
}

fn outcome_of(text: &str) -> Cow<'static, str> {
    let known = OUTCOMES.into_iter().find(|known| *known == text);
    known.map_or_else(|| text.to_owned().into(), Cow::Borrowed)
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
