//! Adding datapoints up, by series: in the caller, at once, in bounded memory.
//!
//! A datapoint goes into its thread's stripe: a lock that nobody else wants, a look-up without strings, an addition. Whoever wants
//! the numbers empties the stripes. If nobody does, they hold one [`Accumulator`] per series, however many events come.

mod accumulator;
mod directory;
mod key;
mod limits;
mod reservoir;
mod stripe;
mod sum;
mod totals;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::DefaultHashBuilder;
use tachymeter::{AttachError, Attached, Emission};

use self::accumulator::Sample;
pub use self::accumulator::{Accumulator, Detail, Exemplar};
use self::directory::{Directory, Place};
use self::key::Wanted;
pub use self::limits::Limits;
pub use self::reservoir::Reservoir;
use self::stripe::Stripes;
pub(crate) use self::stripe::lock;
pub use self::sum::Sum;
pub use self::totals::{Total, Totals};
use crate::{Datapoint, Kind, Metric, Series, Subscription};

/// Series taken from a stripe in one go: its thread waits no longer than that takes.
const TAKEN_AT_ONCE: usize = 16;

/// The series of a list of metrics, each added up since it was last taken. What the reporters are made of.
///
/// ```
/// use tachymeter_metrics::{Aggregate, Detail, Limits, Metric};
///
/// let aggregate = Aggregate::new(vec![Metric::sum("doc.aggregate.bytes").build()?], Limits::default(), |_| Detail::Plain);
/// let _attached = aggregate.attach("doc")?;
/// tachymeter::execute("doc.aggregate", &[("bytes", 5u64.into())], &[]);
/// tachymeter::execute("doc.aggregate", &[("bytes", 7u64.into())], &[]);
/// let taken = aggregate.take();
/// assert_eq!((taken[0].0, taken[0].1.count, taken[0].1.sum.value()), (0, 2, 12.0));
/// assert!(aggregate.take().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Aggregate {
    subscription: Subscription,
    details: Vec<Detail>,
    exemplars: bool,
    limits: Limits,
    seed: DefaultHashBuilder,
    stripes: Stripes,
    directory: Directory,
    order: AtomicU64,
    dropped: AtomicU64,
}

impl Aggregate {
    /// An empty one for these metrics. It hears nothing until [`attach`](Self::attach).
    pub fn new(metrics: Vec<Metric>, limits: Limits, detail: impl Fn(&Metric) -> Detail) -> Arc<Self> {
        Arc::new(Self::of(metrics, limits, detail, false))
    }

    /// One that remembers, for each series, which span had the greatest value.
    pub fn with_exemplars(metrics: Vec<Metric>, limits: Limits, detail: impl Fn(&Metric) -> Detail) -> Arc<Self> {
        Arc::new(Self::of(metrics, limits, detail, true))
    }

    pub(crate) fn of(metrics: Vec<Metric>, limits: Limits, detail: impl Fn(&Metric) -> Detail, exemplars: bool) -> Self {
        Self {
            details: metrics.iter().map(detail).collect(),
            exemplars,
            directory: Directory::new(limits, metrics.len()),
            subscription: Subscription::of(metrics),
            limits,
            seed: DefaultHashBuilder::default(),
            stripes: Stripes::new(),
            order: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Listens to the events of all metrics, with one handler, until the guard is dropped. `name` is the reporter's.
    ///
    /// # Errors
    /// If there are no metrics.
    pub fn attach(self: &Arc<Self>, name: &str) -> Result<Attached, AttachError> {
        let aggregate = Arc::clone(self);
        self.subscription.attach_handler(name, move |emission: &Emission<'_>| aggregate.record(emission))
    }

    /// Takes one event. This is what the handler of [`attach`](Self::attach) calls.
    #[inline]
    pub fn record(&self, emission: &Emission<'_>) {
        self.subscription.for_each(emission, |index, datapoint| self.add(index, &datapoint));
    }

    fn add(&self, metric: u32, datapoint: &Datapoint<'_>) {
        let order = match datapoint.metric().kind() {
            // Only there does it matter which of two threads was later, and only there is it paid for.
            Kind::LastValue => self.order.fetch_add(1, Ordering::Relaxed) + 1,
            _ => 0,
        };
        let emission = self.exemplars.then(|| datapoint.emission());
        let sample = Sample { value: datapoint.value, order, detail: &self.details[metric as usize], emission };
        let wanted = Wanted::new(&self.seed, metric, datapoint, self.limits.tag_bytes);
        if !self.stripes.mine().add(&wanted, sample) {
            self.add_unknown(&wanted, metric, datapoint, sample);
        }
    }

    #[cold]
    fn add_unknown(&self, wanted: &Wanted<'_>, metric: u32, datapoint: &Datapoint<'_>, sample: Sample<'_>) {
        let place = self.directory.place(metric, datapoint.tags());
        let mut stripe = self.stripes.mine();
        match place {
            Place::Series(series) => {
                // Many values may have one text; shortcuts to them are as bounded as the series are.
                let room = stripe.shortcuts() < 2 * self.limits.series;
                stripe.add_to(series, room.then(|| wanted.to_key(datapoint)), sample);
            }
            Place::Other(series) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                stripe.add_to(series, None, sample);
            }
        }
    }

    /// What came for each series since it was last taken, ascending by series. Two that take share what there is between them.
    pub fn take(&self) -> Vec<(u32, Accumulator)> {
        let mut taken: Vec<(u32, Accumulator)> = Vec::new();
        self.drain(|series, new| match taken.binary_search_by_key(&series, |(known, _)| *known) {
            Ok(at) => taken[at].1.merge(new),
            Err(at) => taken.insert(at, (series, new.clone())),
        });
        taken
    }

    /// Hands over what came since it was last taken; a series comes once per stripe that has some of it. Whichever comes is in
    /// the directory already, with all that have smaller numbers.
    pub(crate) fn drain(&self, mut each: impl FnMut(u32, &Accumulator)) {
        for stripe in self.stripes.each() {
            // As many as wait now: under load there is always more.
            let mut waiting = lock(stripe).waiting();
            while waiting > 0 {
                let some = waiting.min(TAKEN_AT_ONCE);
                lock(stripe).drain(some, &mut each);
                waiting -= some;
            }
        }
    }

    /// The number of a series that was there before.
    #[cfg(feature = "live")]
    pub(crate) fn series_of(&self, metric: u32, tags: &[(String, String)], other: bool) -> u32 {
        let place = if other { self.directory.other(metric) } else { self.directory.place(metric, tags.to_vec()) };
        let (Place::Series(series) | Place::Other(series)) = place;
        series
    }

    /// The series from the `from`-th on, in the order of their numbers. They are never fewer and never change.
    pub fn series_since(&self, from: usize) -> Vec<Series> {
        self.directory.since(from)
    }

    /// The metrics, and what they skipped.
    pub fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// The metrics, in the order that [`Series::metric`] counts.
    pub fn metrics(&self) -> &[Metric] {
        self.subscription.metrics()
    }

    /// What is kept of a metric's values.
    pub fn detail(&self, metric: u32) -> &Detail {
        &self.details[metric as usize]
    }

    /// How many datapoints went to an `other` series.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("metrics", &self.metrics().len())
            .field("limits", &self.limits)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
