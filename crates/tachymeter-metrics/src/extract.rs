//! From an event to a datapoint: the one path that every reporter takes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tachymeter::{Emission, Value};

use crate::definition::{Measurement, Tags};
use crate::{Kind, Metric, TagPairs};

/// What one event says to one metric.
#[derive(Debug)]
pub struct Datapoint<'a> {
    /// The measurement in the metric's unit; 1 for a counter. Always finite.
    pub value: f64,
    metric: &'a Metric,
    emission: &'a Emission<'a>,
    made: TagPairs<'a>,
}

/// Why an event says nothing to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// `keep` or `drop` said so.
    Filtered,
    /// The event lacks the measurement.
    Missing,
    /// The measurement is no number, or of another family than the metric's unit.
    NotANumber,
    /// The measurement is infinite or NaN, and would spoil every sum it entered.
    NotFinite,
}

impl Skip {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Filtered, Self::Missing, Self::NotANumber, Self::NotFinite];

    /// The reason's name: `filtered`, `missing`, `not_a_number` or `not_finite`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Missing => "missing",
            Self::NotANumber => "not_a_number",
            Self::NotFinite => "not_finite",
        }
    }
}

/// The datapoint that `emission` gives `metric`, or `None` if it gives none.
///
/// The rules, the same for every reporter: the event must be the metric's; `keep` and `drop` see the event as it was
/// emitted; a measurement that is absent skips the event, for counters too; so does one that isn't a finite number,
/// but not for counters, which don't look at it; a tag that is absent is left out; floats stay floats.
///
/// ```
/// use tachymeter_metrics::{Metric, Unit, datapoint};
///
/// tachymeter::events! {
///     /// Events of this example.
///     pub EVENTS;
///     /// A page was loaded.
///     pub event LOADED = "page.loaded" { duration } [route];
/// }
///
/// let metric = Metric::summary("page.loaded.duration").tags(&["route"]).unit(Unit::Millisecond).build()?;
/// let _attached = tachymeter::attach("example", &["page.loaded"], move |event| {
///     let point = datapoint(&metric, event).expect("the event has a duration");
///     assert_eq!(point.value, 12.0);
///     assert_eq!(point.tag("route"), Some("/about".into()));
/// })?;
/// let duration = std::time::Duration::from_millis(12);
/// tachymeter::execute!(LOADED, { duration: duration }, { route: "/about" });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn datapoint<'a>(metric: &'a Metric, emission: &'a Emission<'_>) -> Option<Datapoint<'a>> {
    extract(metric, emission).ok()
}

/// Like [`datapoint`], but says why not.
///
/// # Errors
/// The reason, if the event gives the metric no datapoint.
pub fn extract<'a>(metric: &'a Metric, emission: &'a Emission<'_>) -> Result<Datapoint<'a>, Skip> {
    if emission.name() != metric.event {
        return Err(Skip::Filtered);
    }
    extract_unchecked(metric, emission)
}

/// For a caller that already knows that the event is the metric's.
pub(crate) fn extract_unchecked<'a>(metric: &'a Metric, emission: &'a Emission<'_>) -> Result<Datapoint<'a>, Skip> {
    if metric.keep.as_ref().is_some_and(|keep| !keep(emission)) {
        return Err(Skip::Filtered);
    }
    let value = match &metric.measurement {
        Measurement::Key(key) => {
            // Without a copy of the value, for which the processor would have to wait.
            let found = emission.measurements().iter().find(|(name, _)| name == key);
            number(metric, &found.ok_or(Skip::Missing)?.1)?
        }
        Measurement::With(measure) => number(metric, &measure(emission).ok_or(Skip::Missing)?)?,
    };
    if !value.is_finite() {
        return Err(Skip::NotFinite);
    }
    let made = match &metric.tags {
        Tags::Keys(_) => Vec::new(),
        Tags::Over(_, make) | Tags::With(make) => make(emission),
    };
    Ok(Datapoint { value, metric, emission, made })
}

/// A counter doesn't look at what it counts.
#[inline]
fn number(metric: &Metric, measured: &Value<'_>) -> Result<f64, Skip> {
    if metric.kind == Kind::Counter { Ok(1.0) } else { metric.conversion.apply(*measured).ok_or(Skip::NotANumber) }
}

impl<'a> Datapoint<'a> {
    /// The metric that it belongs to.
    pub fn metric(&self) -> &'a Metric {
        self.metric
    }

    /// The event that it came from, for example for its trace id.
    pub fn emission(&self) -> &'a Emission<'a> {
        self.emission
    }

    /// A tag's value.
    pub fn tag(&self, key: &str) -> Option<Cow<'_, str>> {
        let mut found = None;
        self.for_each_tag(|name, value| {
            if name == key && found.is_none() {
                found = Some(text(value));
            }
        });
        found
    }

    /// Keys and values as text, in the metric's order.
    pub fn tags(&self) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        self.for_each_tag(|key, value| tags.push((key.to_owned(), text(value).into_owned())));
        tags
    }

    /// Calls `each` with every tag that the event has, in the metric's order. Allocates nothing.
    pub fn for_each_tag<'s>(&'s self, mut each: impl FnMut(&'s str, Value<'s>)) {
        self.for_each_slot(|_, key, value| each(key, value));
    }

    /// Also says which of the metric's keys it is, or [`NO_SLOT`] for a tag that a function made.
    #[inline]
    pub(crate) fn for_each_slot<'s>(&'s self, mut each: impl FnMut(usize, &'s str, Value<'s>)) {
        match &self.metric.tags {
            Tags::Keys(keys) => {
                for (slot, key) in keys.iter().enumerate() {
                    if let Some(value) = self.emission.get(key) {
                        each(slot, key, value);
                    }
                }
            }
            Tags::Over(keys, _) => {
                for (slot, key) in keys.iter().enumerate() {
                    let made = self.made.iter().find(|(name, _)| name == key);
                    let over = made.map(|(_, value)| Value::Str(value));
                    if let Some(value) = over.or_else(|| self.emission.get(key)) {
                        each(slot, key, value);
                    }
                }
            }
            Tags::With(_) => {
                for (key, value) in &self.made {
                    each(NO_SLOT, key, Value::Str(value));
                }
            }
        }
    }
}

/// In place of a slot, for tags that a function made.
pub(crate) const NO_SLOT: usize = usize::MAX;

fn text(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Str(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}
