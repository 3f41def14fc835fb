//! A recorder for the crate `metrics`: every counter, gauge and histogram of whatever crate becomes an event.
//!
//! Each change executes one of three events, with the metric's name as `metric` and its labels beside it. [`metrics()`] are ready-made
//! definitions that show all of them in every reporter; one's own definitions pick some:
//!
//! ```
//! use tachymeter_metrics::{Metric, bridge};
//!
//! bridge::metrics::Recorder::default().install()?;
//! let requests = Metric::sum("requests")
//!     .event("metrics.counter")
//!     .measurement("value")
//!     .keep(|event| event.get("metric") == Some("http_requests_total".into()))
//!     .tags(&["route"])
//!     .build()?;
//! let subscription = tachymeter_metrics::Subscription::new(vec![requests]);
//! let _attached = subscription.attach("doc", |requests, event| {
//!     requests.for_each(event, |_, datapoint| assert_eq!((datapoint.value, datapoint.tag("route")), (2.0, Some("/".into()))));
//! })?;
//! metrics::counter!("http_requests_total", "route" => "/").increment(2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! While nobody listens, a change costs what the event costs: one load and a branch, and for gauges and counters an addition.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, SetRecorderError, SharedString, Unit,
};
use tachymeter::{Emission, Event, Value};

use crate::{DefinitionError, Metric, TagPairs};

tachymeter::events! {
    /// What the recorder emits. The labels stand beside the declared metadata.
    pub EVENTS;

    /// A counter of the crate `metrics` went up by `value`.
    pub event COUNTER = "metrics.counter" { value } [metric];

    /// A gauge of the crate `metrics` is now at `value`.
    pub event GAUGE = "metrics.gauge" { value } [metric];

    /// A histogram of the crate `metrics` got `value`.
    pub event HISTOGRAM = "metrics.histogram" { value } [metric];
}

/// How many counters and gauges, told apart by name and labels, are known; of more nothing is heard.
const MOST: usize = 10_000;

/// Labels that cost no allocation.
const INLINE: usize = 8;

/// Three metrics with everything: a sum of all counters, the last values of all gauges, distributions of all histograms, tagged by the
/// name and the labels of each.
///
/// ```
/// let metrics = tachymeter_metrics::bridge::metrics::metrics()?;
/// assert_eq!(metrics[0].name(), "metrics.counter.value");
/// # Ok::<(), tachymeter_metrics::DefinitionError>(())
/// ```
///
/// # Errors
/// None that a test would not have shown.
pub fn metrics() -> Result<Vec<Metric>, DefinitionError> {
    fn tags<'a>(event: &'a Emission<'_>) -> TagPairs<'a> {
        let text = |value: &Value<'a>| value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
        event.metadata().iter().map(|(key, value)| (Cow::Borrowed(*key), text(value))).collect()
    }
    let all = [
        Metric::sum("metrics.counter.value").description("Counters of the crate metrics"),
        Metric::last_value("metrics.gauge.value").description("Gauges of the crate metrics"),
        Metric::distribution("metrics.histogram.value").description("Histograms of the crate metrics"),
    ];
    all.into_iter().map(|metric| metric.tags_with(tags).build()).collect()
}

/// Turns what the crate `metrics` records into events.
#[derive(Default)]
pub struct Recorder {
    known: Mutex<HashMap<(&'static str, Key), Arc<Instrument>>>,
    refused: AtomicU64,
}

impl Recorder {
    /// Makes it the recorder of the whole program.
    ///
    /// # Errors
    /// If there is one already.
    pub fn install(self) -> Result<(), SetRecorderError<Self>> {
        tachymeter::declare(EVENTS);
        ::metrics::set_global_recorder(self)
    }

    /// How many counters and gauges were refused because there were too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// One and the same for the same name and labels, as a gauge that goes up and down in two places is one.
    fn instrument(&self, event: &'static Event, key: &Key) -> Option<Arc<Instrument>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(instrument) = known.get(&(event.name(), key.clone())) {
            return Some(Arc::clone(instrument));
        }
        if known.len() >= MOST {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let instrument = Arc::new(Instrument { event, key: key.clone(), state: AtomicU64::new(0) });
        known.insert((event.name(), key.clone()), Arc::clone(&instrument));
        Some(instrument)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("refused", &self.refused()).finish_non_exhaustive()
    }
}

impl ::metrics::Recorder for Recorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.instrument(&COUNTER, key).map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.instrument(&GAUGE, key).map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        // It remembers nothing, so that nobody has to know it.
        Histogram::from_arc(Arc::new(Instrument { event: &HISTOGRAM, key: key.clone(), state: AtomicU64::new(0) }))
    }
}

/// A counter's total, or the bits of a gauge's value.
struct Instrument {
    event: &'static Event,
    key: Key,
    state: AtomicU64,
}

impl Instrument {
    fn execute(&self, value: Value<'_>) {
        let Some(version) = self.event.heard() else { return };
        let labels = self.key.labels().map(|label| (label.key(), Value::Str(label.value())));
        let metadata = std::iter::once(("metric", Value::Str(self.key.name()))).chain(labels);
        // Labels are what they are: the declaration can't name them.
        let mut inline = [("", Value::Bool(false)); INLINE + 1];
        if self.key.labels().len() <= INLINE {
            let used = inline.iter_mut().zip(metadata).map(|(place, pair)| *place = pair).count();
            self.event.dispatch(version, &[("value", value)], &inline[..used]);
        } else {
            self.event.dispatch(version, &[("value", value)], &metadata.collect::<Vec<_>>());
        }
    }

    fn change_gauge(&self, change: impl Fn(f64) -> f64) {
        let changed = |bits| Some(change(f64::from_bits(bits)).to_bits());
        let before = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed).unwrap_or_else(|bits| bits);
        self.execute(Value::Float(change(f64::from_bits(before))));
    }
}

impl CounterFn for Instrument {
    fn increment(&self, value: u64) {
        self.state.fetch_add(value, Ordering::Relaxed);
        self.execute(Value::Uint(value));
    }

    fn absolute(&self, value: u64) {
        let before = self.state.fetch_max(value, Ordering::Relaxed);
        if value > before {
            self.execute(Value::Uint(value - before));
        }
    }
}

impl GaugeFn for Instrument {
    fn increment(&self, value: f64) {
        self.change_gauge(|before| before + value);
    }

    fn decrement(&self, value: f64) {
        self.change_gauge(|before| before - value);
    }

    fn set(&self, value: f64) {
        self.change_gauge(|_| value);
    }
}

impl HistogramFn for Instrument {
    fn record(&self, value: f64) {
        self.execute(Value::Float(value));
    }
}
