//! What can be wrong with a definition.

use thiserror::Error;

/// Why a metric can't be built. The message says what is allowed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The metric's name isn't made of dotted segments.
    #[error(
        "metric name {0:?} is malformed: it must be segments of a-z, 0-9 and _ joined by single dots, for example \"http.request.stop.duration\""
    )]
    Name(String),
    /// The name has no room for an event and no event is given.
    #[error(
        "metric name {0:?} is too short to infer the event from: write \"<event>.<measurement>\" with an event of at least two segments, or name the event with .event(..)"
    )]
    NoEvent(String),
    /// The event's name isn't made of dotted segments.
    #[error(
        "event name {event:?} of metric {metric:?} is malformed: it must be at least two segments of a-z, 0-9 and _ joined by single dots, for example \"http.request.stop\""
    )]
    Event {
        /// The metric.
        metric: String,
        /// The event that was given.
        event: String,
    },
    /// The measurement's key is empty.
    #[error("metric {0:?} has an empty measurement key: name a measurement of its event")]
    Measurement(String),
    /// A tag's key is empty or stands twice.
    #[error("metric {metric:?} has the tag {tag:?}, which is empty or stands twice: list each metadata key once")]
    Tag {
        /// The metric.
        metric: String,
        /// The key.
        tag: String,
    },
    /// Tags are given as keys and also as a function.
    #[error("metric {0:?} has tags by key and by function: use .tags(..) or .tags_with(..), not both")]
    TagsTwice(String),
    /// Both `keep` and `drop` are given.
    #[error("metric {0:?} has both .keep(..) and .drop(..): use one, and put the other's condition into it")]
    KeepAndDrop(String),
    /// The two units of a conversion don't measure the same thing.
    #[error("metric {metric:?} can't convert from {from:?} to {to:?}: both must be units of time, or both of bytes")]
    Unit {
        /// The metric.
        metric: String,
        /// What the measurement was said to be in.
        from: String,
        /// What it was to become.
        to: String,
    },
    /// The bounds of the buckets make no sense.
    #[error("buckets {0:?} are not allowed: give 1 to 200 finite bounds, each greater than the one before")]
    Buckets(Vec<f64>),
    /// Buckets for a kind that has none.
    #[error("metric {0:?} has buckets but is no distribution: use Metric::distribution(..) or leave them out")]
    NoBuckets(String),
}
