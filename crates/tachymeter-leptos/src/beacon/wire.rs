//! What a report looks like on its way.

use serde::{Deserialize, Serialize};
use tachymeter::Event;

use crate::events;

/// The most a browser sends in one request, in bytes. Browsers refuse a `keepalive` request beyond 64 KiB in flight.
pub const MAX_BYTES: usize = 60_000;

/// The events that a browser reports and a server accepts.
pub static REPORTED: &[&Event] = &[
    &events::INTERACTION_START,
    &events::INTERACTION_STOP,
    &events::INTERACTION_LATE,
    &events::PAGE_LOAD,
    events::SERVER_FN.stop(),
    events::SERVER_FN.aborted(),
];

/// One measurement: its key, its value, and whether the value is a duration (then in seconds).
pub type Measurement = (String, f64, bool);

/// One event: its name, its measurements, its metadata. Beside the declared keys the metadata may say its place in a trace by
/// `trace_id`, `span_id` and `parent_id`, each in lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireEvent(pub String, pub Vec<Measurement>, pub Vec<(String, String)>);

/// One request's worth of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// In the order in which they happened.
    pub events: Vec<WireEvent>,
    /// How many the browser has given up on since its last report.
    #[serde(default)]
    pub dropped: u64,
    /// What the server wrote into the page, see [`PagePrefix`](crate::trace::PagePrefix); empty if it didn't.
    #[serde(default)]
    pub page: String,
}
