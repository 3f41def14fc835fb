//! What every reporter does the same way, and the events by which it says how it fares.
//!
//! A reporter is a value: starting it with a list of metrics attaches it, dropping it detaches it and sends what is left.
//!
//! It gets its numbers in one of two ways, both through [`extract`](crate::extract()):
//! - event by event, from a [`Subscription`](crate::Subscription);
//! - added up, from an `Aggregate`: what is new (`Aggregate::take`), or what there is in all (`Totals`).
//!
//! What one must do and should do stands in `guide::writing_a_reporter`.
//!
//! The caller's time is not a reporter's: what may block (a socket, a file) happens in a [`Worker`].

#[cfg(feature = "log")]
mod log;
#[cfg(feature = "otlp")]
pub mod otlp;
#[cfg(feature = "prometheus")]
mod prometheus;
#[cfg(feature = "statsd")]
pub mod statsd;
mod worker;

#[cfg(feature = "log")]
pub use log::{LOG_TARGET, Log, LogOptions};
#[cfg(feature = "prometheus")]
pub use prometheus::{Format, Prometheus, PrometheusError};
pub use worker::Worker;

tachymeter::events! {
    /// How reporters fare.
    pub EVENTS;

    /// A reporter handed something to its receiver: so many pieces (lines, packets, messages, pages), so many bytes.
    pub event SENT = "telemetry.reporter.sent" { count, bytes } [reporter];

    /// A reporter lost datapoints or spans on purpose, for example because its queue was full.
    pub event DROPPED = "telemetry.reporter.dropped" { count } [reporter, reason];

    /// A reporter could not hand something over; what it was may be tried again.
    pub event FAILED = "telemetry.reporter.failed" { count } [reporter, reason];
}

/// What of a reporter is told to whoever listens.
#[derive(Clone, Copy, Debug)]
pub struct Health(&'static str);

impl Health {
    /// Of the reporter with this name, as it stands in the events' metadata.
    ///
    /// ```
    /// use tachymeter_metrics::reporter::Health;
    ///
    /// let events = tachymeter::testing::capture(&["telemetry.reporter.dropped"]);
    /// Health::of("statsd").dropped(3, "queue full");
    /// assert_eq!(events.take()[0].get("reason"), Some("queue full"));
    /// ```
    pub const fn of(reporter: &'static str) -> Self {
        Self(reporter)
    }

    /// Executes [`SENT`].
    pub fn sent(self, count: u64, bytes: u64) {
        tachymeter::execute!(SENT, { count: count, bytes: bytes }, { reporter: self.0 });
    }

    /// Executes [`DROPPED`], unless nothing was.
    pub fn dropped(self, count: u64, reason: &str) {
        if count > 0 {
            tachymeter::execute!(DROPPED, { count: count }, { reporter: self.0, reason: reason });
        }
    }

    /// Executes [`FAILED`].
    pub fn failed(self, reason: &str) {
        tachymeter::execute!(FAILED, { count: 1u64 }, { reporter: self.0, reason: reason });
    }
}
