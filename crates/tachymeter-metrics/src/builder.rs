//! Builds a metric. Every mistake is found here, by [`MetricBuilder::build`], and nowhere later.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use tachymeter::{Emission, Value};

use crate::definition::{KeepFn, MeasureFn, Measurement, Tags, TagsFn};
use crate::unit::Conversion;
use crate::{Buckets, DefinitionError, Kind, Metric, TagPairs, Unit};

/// Collects what a [`Metric`] is made of.
pub struct MetricBuilder {
    kind: Kind,
    name: String,
    event: Option<String>,
    measurement: Option<Measurement>,
    keys: Vec<String>,
    tags_with: Option<Arc<TagsFn>>,
    tag_values: Option<Arc<TagsFn>>,
    keep: Option<Arc<KeepFn>>,
    drop: Option<Arc<KeepFn>>,
    from: Option<Unit>,
    unit: Unit,
    description: String,
    buckets: Option<Buckets>,
    options: BTreeMap<String, String>,
}

impl MetricBuilder {
    pub(crate) fn new(kind: Kind, name: String) -> Self {
        Self {
            kind,
            name,
            event: None,
            measurement: None,
            keys: Vec::new(),
            tags_with: None,
            tag_values: None,
            keep: None,
            drop: None,
            from: None,
            unit: Unit::One,
            description: String::new(),
            buckets: None,
            options: BTreeMap::new(),
        }
    }

    /// The event to listen to, if it isn't the metric's name without its last segment.
    #[must_use]
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// The measurement's key, if it isn't the last segment of the metric's name.
    #[must_use]
    pub fn measurement(mut self, key: impl Into<String>) -> Self {
        self.measurement = Some(Measurement::Key(key.into()));
        self
    }

    /// Computes the measurement from the event; `None` skips the event.
    ///
    /// ```
    /// use tachymeter_metrics::Metric;
    ///
    /// let metric = Metric::summary("db.query.per_row").measurement_with(|event| {
    ///     let rows = event.measurement("rows")?.as_f64()?;
    ///     let total = event.measurement("total")?.as_f64()?;
    ///     (rows > 0.0).then(|| (total / rows).into())
    /// });
    /// assert!(metric.build().is_ok());
    /// ```
    #[must_use]
    pub fn measurement_with(
        mut self,
        measure: impl for<'a> Fn(&'a Emission<'_>) -> Option<Value<'a>> + Send + Sync + 'static,
    ) -> Self {
        let measure: Arc<MeasureFn> = Arc::new(measure);
        self.measurement = Some(Measurement::With(measure));
        self
    }

    /// The metadata keys whose values tell the metric's series apart. A key that an event lacks is left out of its
    /// series' tags.
    #[must_use]
    pub fn tags(mut self, keys: &[&str]) -> Self {
        self.keys = keys.iter().map(|&key| key.to_owned()).collect();
        self
    }

    /// Makes all tags from the event.
    ///
    /// ```
    /// use tachymeter::Value;
    /// use tachymeter_metrics::Metric;
    ///
    /// let metric = Metric::counter("auth.login.count").tags_with(|event| match event.get("result") {
    ///     Some(Value::Str(result)) => vec![("result".into(), result.into())],
    ///     _ => vec![],
    /// });
    /// assert!(metric.build().is_ok());
    /// ```
    #[must_use]
    pub fn tags_with(mut self, tags: impl for<'a> Fn(&'a Emission<'_>) -> TagPairs<'a> + Send + Sync + 'static) -> Self {
        self.tags_with = Some(Arc::new(tags));
        self
    }

    /// Adds to the metadata, or replaces in it, before [`tags`](Self::tags) picks from it.
    ///
    /// ```
    /// use tachymeter_metrics::Metric;
    ///
    /// let metric = Metric::counter("http.request.stop.count")
    ///     .measurement("duration")
    ///     .tags(&["route", "class"])
    ///     .tag_values(|event| {
    ///         let status = event.get("status").and_then(|v| v.as_f64()).unwrap_or(0.0);
    ///         vec![("class".into(), if status < 500.0 { "fine" } else { "broken" }.into())]
    ///     });
    /// assert!(metric.build().is_ok());
    /// ```
    #[must_use]
    pub fn tag_values(mut self, values: impl for<'a> Fn(&'a Emission<'_>) -> TagPairs<'a> + Send + Sync + 'static) -> Self {
        self.tag_values = Some(Arc::new(values));
        self
    }

    /// Only events for which this is true count. It sees the event as it was emitted.
    #[must_use]
    pub fn keep(mut self, keep: impl Fn(&Emission<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.keep = Some(Arc::new(keep));
        self
    }

    /// Only events for which this is false count.
    #[must_use]
    pub fn drop(mut self, drop: impl Fn(&Emission<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.drop = Some(Arc::new(drop));
        self
    }

    /// The unit of the metric's values.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<Unit>) -> Self {
        self.unit = unit.into();
        self.from = None;
        self
    }

    /// The unit of the metric's values, and the unit that plain numbers have when they are measured.
    ///
    /// ```
    /// use tachymeter_metrics::{Metric, Unit};
    ///
    /// let metric = Metric::sum("http.request.stop.bytes").convert(Unit::Byte, Unit::Kilobyte).build()?;
    /// assert_eq!(metric.unit(), &Unit::Kilobyte);
    /// assert!(Metric::sum("a.b.bytes").convert(Unit::Byte, Unit::Second).build().is_err());
    /// # Ok::<(), tachymeter_metrics::DefinitionError>(())
    /// ```
    #[must_use]
    pub fn convert(mut self, from: Unit, to: Unit) -> Self {
        self.from = Some(from);
        self.unit = to;
        self
    }

    /// One line for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// The buckets of a distribution, if [those for its unit](Buckets::for_unit) won't do.
    #[must_use]
    pub fn buckets(mut self, buckets: Buckets) -> Self {
        self.buckets = Some(buckets);
        self
    }

    /// A setting for one reporter, by a key which that reporter documents.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(key.into(), value.into());
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// See [`DefinitionError`]; the message says what is allowed.
    pub fn build(self) -> Result<Metric, DefinitionError> {
        let (event, last) = self.event_and_last_segment()?;
        let measurement = match &self.measurement {
            Some(measurement) => measurement.clone(),
            None => Measurement::Key(last),
        };
        if matches!(&measurement, Measurement::Key(key) if key.is_empty()) {
            return Err(DefinitionError::Measurement(self.name));
        }
        let tags = self.checked_tags()?;
        let conversion = self.conversion()?;
        if self.buckets.is_some() && self.kind != Kind::Distribution {
            return Err(DefinitionError::NoBuckets(self.name));
        }
        let keep = match (self.keep, self.drop) {
            (Some(_), Some(_)) => return Err(DefinitionError::KeepAndDrop(self.name)),
            (Some(keep), None) => Some(keep),
            (None, Some(drop)) => Some(Arc::new(move |e: &Emission<'_>| !drop(e)) as Arc<KeepFn>),
            (None, None) => None,
        };
        let default = (self.kind == Kind::Distribution).then(|| Buckets::for_unit(&self.unit));
        Ok(Metric {
            kind: self.kind,
            name: self.name,
            event,
            measurement,
            tags,
            keep,
            unit: self.unit,
            conversion,
            description: self.description,
            buckets: self.buckets.or(default),
            options: self.options,
        })
    }

    fn event_and_last_segment(&self) -> Result<(String, String), DefinitionError> {
        let name = &self.name;
        if !well_formed(name) {
            return Err(DefinitionError::Name(name.clone()));
        }
        let (head, last) = name.rsplit_once('.').unwrap_or(("", name));
        let event = match &self.event {
            Some(event) => event,
            None if head.contains('.') => head,
            None => return Err(DefinitionError::NoEvent(name.clone())),
        };
        if !well_formed(event) || !event.contains('.') {
            return Err(DefinitionError::Event { metric: name.clone(), event: event.to_owned() });
        }
        Ok((event.to_owned(), last.to_owned()))
    }

    fn checked_tags(&self) -> Result<Tags, DefinitionError> {
        let mut seen = HashSet::new();
        if let Some(tag) = self.keys.iter().find(|key| key.is_empty() || !seen.insert(*key)) {
            return Err(DefinitionError::Tag { metric: self.name.clone(), tag: tag.clone() });
        }
        match (&self.tags_with, &self.tag_values) {
            (Some(_), _) if !self.keys.is_empty() => Err(DefinitionError::TagsTwice(self.name.clone())),
            (Some(_), Some(_)) => Err(DefinitionError::TagsTwice(self.name.clone())),
            (Some(tags), None) => Ok(Tags::With(Arc::clone(tags))),
            (None, Some(values)) => Ok(Tags::Over(self.keys.clone(), Arc::clone(values))),
            (None, None) => Ok(Tags::Keys(self.keys.clone())),
        }
    }

    fn conversion(&self) -> Result<Conversion, DefinitionError> {
        let from = self.from.as_ref().unwrap_or(&self.unit);
        Conversion::new(from, &self.unit).ok_or_else(|| DefinitionError::Unit {
            metric: self.name.clone(),
            from: shown(from).into_owned(),
            to: shown(&self.unit).into_owned(),
        })
    }
}

impl fmt::Debug for MetricBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricBuilder").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

fn shown(unit: &Unit) -> Cow<'_, str> {
    match unit {
        Unit::One => "no unit".into(),
        unit => unit.symbol().into(),
    }
}

/// Segments of lower-case letters, digits and underscores between single dots.
fn well_formed(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.split('.').all(|segment| !segment.is_empty() && segment.bytes().all(letter))
}
