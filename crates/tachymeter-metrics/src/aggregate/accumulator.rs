//! What came for one series since it was last taken.

use tachymeter::Context;

use super::{Reservoir, Sum};
use crate::{Metric, Sketch};

/// What an aggregation keeps of a metric's values, beside count, sum, extremes and the last one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Detail {
    /// Nothing.
    Plain,
    /// A sketch, for percentiles.
    Sketch,
    /// How many fell into each bucket; these are the upper bounds, ascending.
    Buckets(Box<[f64]>),
    /// Both of them.
    SketchAndBuckets(Box<[f64]>),
    /// A uniform sample of at most so many values (at least 1).
    Sample(usize),
}

impl Detail {
    /// All that any reader may want of a metric.
    pub(super) fn all(metric: &Metric) -> Self {
        match (metric.kind().has_quantiles(), metric.buckets()) {
            (true, Some(buckets)) => Self::SketchAndBuckets(buckets.bounds().into()),
            (true, None) => Self::Sketch,
            (false, _) => Self::Plain,
        }
    }

    /// The upper bounds of the buckets, if there are any.
    pub(crate) fn bounds(&self) -> Option<&[f64]> {
        match self {
            Self::Buckets(bounds) | Self::SketchAndBuckets(bounds) => Some(bounds),
            _ => None,
        }
    }

    /// Which bucket a value falls into: a bound belongs to the bucket below it.
    #[inline]
    pub(super) fn bucket(bounds: &[f64], value: f64) -> usize {
        bounds.partition_point(|bound| *bound < value)
    }
}

/// One value, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    /// The value.
    pub value: f64,
    /// The span that measured it.
    pub context: Context,
}

/// Some datapoints of one series, added up.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Accumulator {
    /// How many datapoints.
    pub count: u64,
    /// Their sum.
    pub sum: Sum,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The most recent.
    pub last: f64,
    /// When `last` came, by the aggregation's count; only kept for metrics whose last value is what matters.
    pub(crate) order: u64,
    /// With [`Detail::Sketch`]: their distribution.
    pub sketch: Sketch,
    /// With [`Detail::Buckets`]: how many were in each bucket and above those before it, one more than there are bounds.
    pub buckets: Vec<u64>,
    /// With [`Detail::Sample`]: some of the values.
    pub sample: Reservoir,
    /// With exemplars: the greatest value that came from a span.
    pub exemplar: Option<Exemplar>,
}

/// A value on its way to a series.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) value: f64,
    pub(super) order: u64,
    pub(super) detail: &'a Detail,
    /// The event, if exemplars are wanted.
    pub(super) emission: Option<&'a tachymeter::Emission<'a>>,
}

impl Accumulator {
    #[inline]
    pub(super) fn add(&mut self, sample: Sample<'_>) {
        let value = sample.value;
        let greatest = self.count == 0 || value > self.max;
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        } else {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
        self.count += 1;
        self.sum.add(value);
        self.last = value;
        self.order = sample.order;
        match sample.detail {
            Detail::Plain => {}
            Detail::Sketch => self.sketch.add(value),
            Detail::Buckets(bounds) => self.count_in(bounds, value),
            Detail::SketchAndBuckets(bounds) => {
                self.sketch.add(value);
                self.count_in(bounds, value);
            }
            Detail::Sample(most) => self.sample.add(value, *most),
        }
        if let (true, Some(emission)) = (greatest, sample.emission) {
            // The greatest is looked up; there are few of them.
            self.exemplar = emission.context().map(|context| Exemplar { value, context }).or(self.exemplar);
        }
    }

    #[inline]
    fn count_in(&mut self, bounds: &[f64], value: f64) {
        self.buckets.resize(bounds.len() + 1, 0);
        self.buckets[Detail::bucket(bounds, value)] += 1;
    }

    /// Adds another one of the same series, and with the same [`Detail`].
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let first = self.count == 0;
        self.min = if first { other.min } else { self.min.min(other.min) };
        self.max = if first { other.max } else { self.max.max(other.max) };
        if first || other.order >= self.order {
            (self.last, self.order) = (other.last, other.order);
        }
        self.count += other.count;
        self.sum.merge(other.sum);
        self.sketch.merge(&other.sketch);
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(ours, theirs)| *ours += theirs);
        self.sample.merge(&other.sample);
        self.exemplar = match (self.exemplar, other.exemplar) {
            (Some(ours), Some(theirs)) => Some(if theirs.value > ours.value { theirs } else { ours }),
            (ours, theirs) => ours.or(theirs),
        };
    }

    /// Forgets the values and keeps the memory, for those to come are probably much alike.
    pub fn clear(&mut self) {
        self.count = 0;
        self.sum = Sum::default();
        self.sketch.clear();
        self.buckets.fill(0);
        self.sample.clear();
        self.exemplar = None;
    }
}
