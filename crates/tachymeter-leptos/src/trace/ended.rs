//! An interaction as its browser reports it.

use tachymeter::{Emission, TraceId, clock};

use super::model::Summary;
use super::part::{milliseconds, now};
use crate::interaction::Outcome;

/// An interaction that the browser has reported.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) trace: TraceId,
    /// Counts the interactions.
    pub(super) number: u64,
    pub(super) at: u64,
    pub(super) since_start: f64,
    pub(super) name: Box<str>,
    pub(super) event: Box<str>,
    pub(super) outcome: Outcome,
    pub(super) input_delay: f64,
    pub(super) handler: f64,
    pub(super) network: f64,
    pub(super) server: f64,
    pub(super) render: f64,
    pub(super) paint: f64,
    pub(super) total: f64,
    pub(super) commit: f64,
    pub(super) first_render: f64,
    pub(super) settled: Option<f64>,
    /// What was never shown has none.
    pub(super) frame: Option<f64>,
    pub(super) event_timing: Option<f64>,
    pub(super) renders: u32,
    /// How many of them other interactions have caused as well.
    pub(super) shared: u32,
}

impl Ended {
    /// What a browser says of an interaction that has ended; `None` if it leaves out what everything else hangs on.
    pub(super) fn of(trace: TraceId, emission: &Emission<'_>) -> Option<Self> {
        let text = |key: &str| emission.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let ms = |key: &str| milliseconds(emission, key).unwrap_or_default();
        let count = |key: &str| emission.measurement(key).and_then(|value| value.as_f64()).unwrap_or_default() as u32;
        let (total, commit) = (milliseconds(emission, "total")?, ms("commit"));
        Some(Self {
            trace,
            number: 0,
            at: unix_ms(),
            since_start: now(),
            name: text("name").into(),
            event: text("event").into(),
            outcome: Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text("outcome"))?,
            input_delay: ms("input_delay"),
            handler: ms("handler"),
            network: ms("network"),
            server: ms("server"),
            render: ms("render"),
            paint: ms("paint"),
            total,
            commit,
            first_render: milliseconds(emission, "first_render").unwrap_or(commit),
            settled: milliseconds(emission, "settled"),
            frame: milliseconds(emission, "frame").filter(|frame| *frame > 0.0),
            event_timing: milliseconds(emission, "event_timing"),
            renders: count("renders"),
            shared: count("shared"),
        })
    }

    pub(super) fn parts(&self) -> [(&'static str, f64); 6] {
        [
            ("input", self.input_delay),
            ("handler", self.handler),
            ("network", self.network),
            ("server", self.server),
            ("render", self.render),
            ("paint", self.paint),
        ]
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            id: self.trace.to_string(),
            name: self.name.to_string(),
            event: self.event.to_string(),
            outcome: self.outcome.as_str().to_owned(),
            total: self.total,
            at: self.at,
        }
    }
}

pub(super) fn unix_ms() -> u64 {
    clock::system_time().as_millis() as u64
}
