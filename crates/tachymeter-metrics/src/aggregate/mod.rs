//! Adding datapoints up, by series: in the caller, at once, in bounded memory.
//!
//! A datapoint goes into its thread's stripe: a lock that nobody else wants, a look-up without strings, an addition. Whoever wants
//! the numbers empties the stripes. If nobody does, they hold one [`Accumulator`] per series, however many events come.

mod accumulator;
mod backlog;
mod directory;
mod key;
mod limits;
mod reservoir;
mod stripe;
mod sum;
mod totals;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use hashbrown::DefaultHashBuilder;
use tachymeter::{AttachError, Attached, Emission};

use self::accumulator::Sample;
pub use self::accumulator::{Accumulator, Detail, Exemplar};
use self::backlog::Backlog;
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

/// Who takes what was added up: each gets all of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader(usize);

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
    backlogs: Mutex<Vec<Backlog>>,
    directory: Directory,
    order: AtomicU64,
    dropped: AtomicU64,
}

impl Aggregate {
    /// An empty one for several readers, such as a live store and a Prometheus page (`over` of each): an event is added up once, and each
    /// reader gets all that came since it began to read. It hears nothing until [`attach`](Self::attach).
    ///
    #[cfg_attr(all(feature = "live", feature = "prometheus"), doc = "```")]
    #[cfg_attr(not(all(feature = "live", feature = "prometheus")), doc = "```ignore")]
    /// use tachymeter_metrics::reporter::{Format, Prometheus};
    /// use tachymeter_metrics::{Aggregate, Limits, Live, Metric};
    ///
    /// let shared = Aggregate::shared(vec![Metric::counter("doc.shared.count").build()?], Limits::default());
    /// let (live, prometheus) = (Live::over(&shared), Prometheus::over(&shared)?);
    /// let _attached = shared.attach("doc")?;
    /// tachymeter::execute("doc.shared", &[("count", 1u64.into())], &[]);
    /// assert_eq!(live.tick(1_700_000_000_000).points[0].1.count, 1);
    /// assert!(prometheus.page(Format::Text).contains("doc_shared_count_total 1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared(metrics: Vec<Metric>, limits: Limits) -> Arc<Self> {
        Arc::new(Self { backlogs: Mutex::default(), ..Self::of(metrics, limits, Detail::all, true) })
    }

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
            backlogs: Mutex::new(vec![Backlog::default()]),
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

    /// What came for each series since it was last taken, ascending by series. Two that take share what there is between them;
    /// of a [`shared`](Self::shared) one they do so with its first reader.
    pub fn take(&self) -> Vec<(u32, Accumulator)> {
        let mut taken: Vec<(u32, Accumulator)> = Vec::new();
        self.drain(Reader::default(), |series, new| match taken.binary_search_by_key(&series, |(known, _)| *known) {
            Ok(at) => taken[at].1.merge(new),
            Err(at) => taken.insert(at, (series, new.clone())),
        });
        taken
    }

    /// One more who reads, from now on.
    #[cfg(any(feature = "live", feature = "prometheus"))]
    pub(crate) fn reader(&self) -> Reader {
        let mut backlogs = lock(&self.backlogs);
        backlogs.push(Backlog::default());
        Reader(backlogs.len() - 1)
    }

    /// Hands over what came since this reader last took it; a series comes once per stripe that has some of it. Whichever comes is in
    /// the directory already, with all that have smaller numbers.
    pub(crate) fn drain(&self, reader: Reader, mut each: impl FnMut(u32, &Accumulator)) {
        let mut backlogs = lock(&self.backlogs);
        if let Some(own) = backlogs.get_mut(reader.0) {
            own.drain(&mut each);
        }
        let mut tell = |series, new: &Accumulator| {
            each(series, new);
            let others = backlogs.iter_mut().enumerate().filter(|(other, _)| *other != reader.0);
            others.for_each(|(_, backlog)| backlog.add(series, new));
        };
        for stripe in self.stripes.each() {
            // As many as wait now: under load there is always more.
            let mut waiting = lock(stripe).waiting();
            while waiting > 0 {
                let some = waiting.min(TAKEN_AT_ONCE);
                lock(stripe).drain(some, &mut tell);
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
