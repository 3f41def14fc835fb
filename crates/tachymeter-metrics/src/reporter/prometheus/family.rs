//! What a metric is called on a page, and which names can't stand on one page.

use std::collections::HashMap;

use thiserror::Error;

use crate::unit::Conversion;
use crate::{Kind, Metric, Unit};

/// The label of the series that takes what didn't fit under the limits.
pub(super) const OTHER: &str = "other";
/// The reporter option that makes a sum a gauge.
const TYPE: &str = "prometheus_type";

/// Why a list of metrics can't be shown to Prometheus.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrometheusError {
    /// Two metrics would write samples of one name.
    #[error(
        "metrics {first:?} and {second:?} would both be {name:?} to Prometheus: rename one, and name its event and measurement with .event(..) and .measurement(..)"
    )]
    Collision {
        /// The one that stands first in the list.
        first: String,
        /// The other one.
        second: String,
        /// What both would be called.
        name: String,
    },
    /// Two tags of a metric would be one label, or one would be a label that the format needs for itself.
    #[error(
        "tag {tag:?} of metric {metric:?} would be the label {label:?}, which is there already: rename it with .tag_values(..)"
    )]
    Label {
        /// The metric.
        metric: String,
        /// The tag.
        tag: String,
        /// The label.
        label: String,
    },
    /// The option `prometheus_type` has another value than it may.
    #[error(
        "metric {metric:?} has the option prometheus_type {value:?}: only a sum may have it, and it must be counter or gauge"
    )]
    Type {
        /// The metric.
        metric: String,
        /// What was given.
        value: String,
    },
    /// There are no metrics to report.
    #[error("there are no metrics to report: give Prometheus::start at least one")]
    NoMetrics,
}

/// What a family is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    Summary,
    Histogram,
}

impl Type {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Summary => "summary",
            Self::Histogram => "histogram",
        }
    }

    /// What its samples' names end in.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["", "_total", "_created"],
            Self::Gauge => &[""],
            Self::Summary => &["", "_sum", "_count", "_created"],
            Self::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
        }
    }

    /// The labels that a tag may not be.
    pub(super) fn own_labels(self) -> impl Iterator<Item = &'static str> {
        let own = match self {
            Self::Counter | Self::Gauge => None,
            Self::Summary => Some("quantile"),
            Self::Histogram => Some("le"),
        };
        own.into_iter().chain([OTHER])
    }
}

/// A metric on the page.
#[derive(Debug)]
pub(super) struct Family {
    /// Without a suffix.
    pub(super) name: String,
    pub(super) kind: Type,
    /// Prometheus' word for the unit; empty if there is none.
    pub(super) unit: String,
    pub(super) help: String,
    /// Into the unit that Prometheus wants: seconds, bytes.
    conversion: Conversion,
    /// The upper bounds of the buckets as text, the last one `+Inf`.
    pub(super) bounds: Vec<String>,
    /// What of the metric is shown.
    pub(super) shows: Kind,
}

impl Family {
    pub(super) fn new(metric: &Metric) -> Result<Self, PrometheusError> {
        let kind = kind(metric)?;
        let (unit, base) = match metric.unit() {
            Unit::One => (String::new(), Unit::One),
            unit if unit.is_time() => ("seconds".to_owned(), Unit::Second),
            Unit::Byte | Unit::Kilobyte | Unit::Megabyte => ("bytes".to_owned(), Unit::Byte),
            other => (sanitised(other.symbol()), other.clone()),
        };
        let mut name = sanitised(metric.name());
        if kind == Type::Counter {
            name.truncate(name.trim_end_matches("_total").len());
        }
        if !unit.is_empty() && !name.ends_with(&format!("_{unit}")) {
            name = format!("{name}_{unit}");
        }
        let conversion = Conversion::new(metric.unit(), &base).expect("a unit and its base are of one family");
        let bound = |bound: &f64| format!("{:?}", converted(conversion, *bound));
        let bounds = metric.buckets().into_iter().flat_map(|buckets| buckets.bounds());
        let family = Self {
            help: help(metric),
            bounds: bounds.map(bound).chain(["+Inf".to_owned()]).collect(),
            shows: metric.kind(),
            name,
            kind,
            unit,
            conversion,
        };
        family.check_labels(metric)?;
        Ok(family)
    }

    /// A value in the metric's unit, in Prometheus'.
    pub(super) fn value(&self, value: f64) -> f64 {
        converted(self.conversion, value)
    }

    fn check_labels(&self, metric: &Metric) -> Result<(), PrometheusError> {
        let mut seen: Vec<String> = self.kind.own_labels().map(str::to_owned).collect();
        for tag in metric.tags() {
            let label = sanitised(tag);
            if seen.contains(&label) {
                return Err(PrometheusError::Label { metric: metric.name().to_owned(), tag: tag.clone(), label });
            }
            seen.push(label);
        }
        Ok(())
    }
}

/// All families, if they can stand on one page.
pub(super) fn families(metrics: &[Metric]) -> Result<Vec<Family>, PrometheusError> {
    let mut taken: HashMap<String, &str> = HashMap::new();
    let mut families = Vec::new();
    for metric in metrics {
        let family = Family::new(metric)?;
        for suffix in family.kind.suffixes() {
            let name = format!("{}{suffix}", family.name);
            if let Some(first) = taken.insert(name.clone(), metric.name()) {
                return Err(PrometheusError::Collision { first: first.to_owned(), second: metric.name().to_owned(), name });
            }
        }
        families.push(family);
    }
    Ok(families)
}

fn kind(metric: &Metric) -> Result<Type, PrometheusError> {
    let wrong = |value: &str| PrometheusError::Type { metric: metric.name().to_owned(), value: value.to_owned() };
    match (metric.kind(), metric.option(TYPE)) {
        (Kind::Sum, Some("gauge")) => Ok(Type::Gauge),
        (Kind::Sum, None | Some("counter")) => Ok(Type::Counter),
        (_, Some(value)) => Err(wrong(value)),
        (Kind::Counter, None) => Ok(Type::Counter),
        (Kind::LastValue, None) => Ok(Type::Gauge),
        (Kind::Summary, None) => Ok(Type::Summary),
        (Kind::Distribution, None) => Ok(Type::Histogram),
    }
}

fn help(metric: &Metric) -> String {
    match (metric.description(), metric.measurement()) {
        ("", Some(measurement)) => format!("{measurement} of {}", metric.event()),
        ("", None) => format!("Computed from {}", metric.event()),
        (description, _) => description.to_owned(),
    }
}

fn converted(conversion: Conversion, value: f64) -> f64 {
    conversion.apply(value.into()).unwrap_or(f64::NAN)
}

/// A name as Prometheus allows it: letters, digits and underscores, no digit first, no two underscores in front.
pub(super) fn sanitised(name: &str) -> String {
    let mut clean: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if clean.starts_with("__") {
        clean.replace_range(..clean.len() - clean.trim_start_matches('_').len(), "_");
    }
    if clean.is_empty() || clean.starts_with(|c: char| c.is_ascii_digit()) {
        clean.insert(0, '_');
    }
    clean
}
