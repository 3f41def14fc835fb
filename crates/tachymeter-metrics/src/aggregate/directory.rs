//! Which series there are: numbers them, and keeps their number within the limits.

use std::sync::{PoisonError, RwLock};

use hashbrown::HashMap;

use super::limits::{Limits, clip};
use crate::Series;

type Tags = Vec<(String, String)>;

/// Where a datapoint belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Series(u32),
    /// The metric's `other` series.
    Other(u32),
}

#[derive(Debug)]
pub(super) struct Directory {
    limits: Limits,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_tags: HashMap<(u32, Tags), u32>,
    series: Vec<Series>,
    per_metric: Vec<usize>,
    others: Vec<Option<u32>>,
}

impl Directory {
    pub(super) fn new(limits: Limits, metrics: usize) -> Self {
        let inner = Inner { per_metric: vec![0; metrics], others: vec![None; metrics], ..Inner::default() };
        Self { limits, inner: RwLock::new(inner) }
    }

    /// Finds or makes a series. Takes strings, so it is for keys that were not seen before.
    #[cold]
    pub(super) fn place(&self, metric: u32, mut tags: Tags) -> Place {
        for (_, value) in &mut tags {
            value.truncate(clip(value, self.limits.tag_bytes).len());
        }
        let key = (metric, tags);
        let known = |inner: &Inner| {
            let found = inner.by_tags.get(&key).copied().map(Place::Series);
            let full = self.is_full(inner, metric);
            found.or_else(|| inner.others[metric as usize].filter(|_| full).map(Place::Other))
        };
        if let Some(place) = known(&self.inner.read().unwrap_or_else(PoisonError::into_inner)) {
            return place;
        }
        let inner = &mut *self.inner.write().unwrap_or_else(PoisonError::into_inner);
        match known(inner) {
            Some(place) => place,
            None if self.is_full(inner, metric) => Place::Other(inner.add_other(metric)),
            None => Place::Series(inner.add(key)),
        }
    }

    /// Finds or makes a metric's `other` series.
    #[cfg(feature = "live")]
    pub(super) fn other(&self, metric: u32) -> Place {
        let inner = &mut *self.inner.write().unwrap_or_else(PoisonError::into_inner);
        Place::Other(inner.others[metric as usize].unwrap_or_else(|| inner.add_other(metric)))
    }

    fn is_full(&self, inner: &Inner, metric: u32) -> bool {
        inner.by_tags.len() >= self.limits.series || inner.per_metric[metric as usize] >= self.limits.series_per_metric
    }

    /// The series from the `from`-th on.
    pub(super) fn since(&self, from: usize) -> Vec<Series> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.series.get(from..).unwrap_or_default().to_vec()
    }
}

impl Inner {
    fn add(&mut self, key: (u32, Tags)) -> u32 {
        let id = self.push(key.0, key.1.clone(), false);
        self.per_metric[key.0 as usize] += 1;
        self.by_tags.insert(key, id);
        id
    }

    fn add_other(&mut self, metric: u32) -> u32 {
        let id = self.push(metric, Tags::new(), true);
        self.others[metric as usize] = Some(id);
        id
    }

    fn push(&mut self, metric: u32, tags: Tags, other: bool) -> u32 {
        let id = self.series.len() as u32;
        self.series.push(Series { id, metric, tags, other });
        id
    }
}
