//! A metric: which event, which measurement, told apart by which tags, and what becomes of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tachymeter::{Emission, Value};

use crate::unit::Conversion;
use crate::{Buckets, Definition, Kind, MetricBuilder, Unit};

/// Tags made by a function: key and value.
pub type TagPairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

pub(crate) type MeasureFn = dyn for<'a> Fn(&'a Emission<'_>) -> Option<Value<'a>> + Send + Sync + 'static;
pub(crate) type TagsFn = dyn for<'a> Fn(&'a Emission<'_>) -> TagPairs<'a> + Send + Sync + 'static;
pub(crate) type KeepFn = dyn Fn(&Emission<'_>) -> bool + Send + Sync + 'static;

#[derive(Clone)]
pub(crate) enum Measurement {
    Key(String),
    With(Arc<MeasureFn>),
}

#[derive(Clone)]
pub(crate) enum Tags {
    /// Keys of the metadata.
    Keys(Vec<String>),
    /// Keys of what the function made, laid over the metadata.
    Over(Vec<String>, Arc<TagsFn>),
    /// All that the function made.
    With(Arc<TagsFn>),
}

/// A metric that was checked. Pure data: it does nothing until a reporter, for example the live store, is given it.
///
/// ```
/// use tachymeter_metrics::{Metric, Unit};
///
/// let metric = Metric::summary("http.request.stop.duration")
///     .tags(&["route", "status"])
///     .unit(Unit::Millisecond)
///     .build()?;
/// assert_eq!(metric.event(), "http.request.stop");
/// assert_eq!(metric.measurement(), Some("duration"));
///
/// let error = Metric::counter("count").build().unwrap_err();
/// assert!(error.to_string().contains("name the event with .event(..)"));
/// # Ok::<(), tachymeter_metrics::DefinitionError>(())
/// ```
#[derive(Clone)]
pub struct Metric {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) event: String,
    pub(crate) measurement: Measurement,
    pub(crate) tags: Tags,
    pub(crate) keep: Option<Arc<KeepFn>>,
    pub(crate) unit: Unit,
    pub(crate) conversion: Conversion,
    pub(crate) description: String,
    pub(crate) buckets: Option<Buckets>,
    pub(crate) options: BTreeMap<String, String>,
}

impl Metric {
    /// Counts events. The measurement must be there, whatever it is.
    pub fn counter(name: impl Into<String>) -> MetricBuilder {
        MetricBuilder::new(Kind::Counter, name.into())
    }

    /// Adds measurements up.
    pub fn sum(name: impl Into<String>) -> MetricBuilder {
        MetricBuilder::new(Kind::Sum, name.into())
    }

    /// Keeps the most recent measurement.
    pub fn last_value(name: impl Into<String>) -> MetricBuilder {
        MetricBuilder::new(Kind::LastValue, name.into())
    }

    /// Count, sum, extremes and percentiles.
    pub fn summary(name: impl Into<String>) -> MetricBuilder {
        MetricBuilder::new(Kind::Summary, name.into())
    }

    /// Like a summary, with [`Buckets`] for the reporters that want them.
    pub fn distribution(name: impl Into<String>) -> MetricBuilder {
        MetricBuilder::new(Kind::Distribution, name.into())
    }

    /// What becomes of its datapoints.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event it listens to.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The measurement's key, or `None` if a function computes it.
    pub fn measurement(&self) -> Option<&str> {
        match &self.measurement {
            Measurement::Key(key) => Some(key),
            Measurement::With(_) => None,
        }
    }

    /// The tags' keys; empty if a function makes them.
    pub fn tags(&self) -> &[String] {
        match &self.tags {
            Tags::Keys(keys) | Tags::Over(keys, _) => keys,
            Tags::With(_) => &[],
        }
    }

    /// The unit of its values.
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// One line for people; empty if none was given.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The buckets of a distribution: those given, else the default ones. `None` for the other kinds.
    pub fn buckets(&self) -> Option<&Buckets> {
        self.buckets.as_ref()
    }

    /// A setting for one reporter, by a key which that reporter documents.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    /// Whether these can be the tags of one of its series.
    #[cfg(feature = "live")]
    pub(crate) fn may_have(&self, tags: &[(String, String)]) -> bool {
        match &self.tags {
            Tags::Keys(keys) | Tags::Over(keys, _) => tags.iter().all(|(key, _)| keys.contains(key)),
            Tags::With(_) => true,
        }
    }

    /// What a viewer needs to know of it.
    pub fn definition(&self) -> Definition {
        Definition {
            name: self.name.clone(),
            kind: self.kind,
            unit: self.unit.symbol().to_owned(),
            description: self.description.clone(),
            tags: self.tags().to_vec(),
        }
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metric")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("event", &self.event)
            .field("measurement", &self.measurement())
            .field("tags", &self.tags())
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}
