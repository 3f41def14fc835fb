//! The live store: what a dashboard shows, in memory, bounded, at a cost that doesn't depend on who watches.
//!
//! A datapoint goes into its thread's stripe: a lock that nobody else wants, a look-up without strings, an addition.
//! [`Live::tick`] empties the stripes into the rings, once per second, and says what changed. No clock is read on the
//! way: time is what the caller of `tick` says it is, so everything here can be tested without waiting.

mod directory;
mod key;
mod limits;
mod ring;
mod stripe;
mod timeline;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashMap};
use tachymeter::{AttachError, Attached, Emission};

use self::directory::{Directory, Place};
use self::key::Wanted;
pub use self::limits::Limits;
use self::stripe::{Sample, Stripes, lock};
use self::timeline::{COARSE_BUCKETS, COARSE_SECONDS, FINE_BUCKETS, History, Timeline};
use crate::extract::extract_unchecked;
use crate::{Datapoint, Frame, Kind, Metric, Point, Skip, Snapshot};

/// Series taken from a stripe in one go: its thread waits no longer than that takes.
const DRAINED_AT_ONCE: usize = 16;

/// Keeps the last ten minutes by the second and the last hour by ten seconds, for each series of each metric.
///
/// ```
/// use tachymeter_metrics::{Limits, Live, Metric};
///
/// tachymeter::events! {
///     /// Events of this example.
///     pub EVENTS;
///     /// A login was tried.
///     pub event LOGIN = "auth.login" { count } [result];
/// }
///
/// let logins = Metric::counter("auth.login.count").tags(&["result"]).build()?;
/// let live = Live::new(vec![logins], Limits::default());
/// let _attached = live.attach()?;
///
/// tachymeter::execute!(LOGIN, { count: 1 }, { result: "ok" });
/// let frame = live.tick(1_700_000_000_000);
/// assert_eq!(frame.series[0].tags, [("result".to_owned(), "ok".to_owned())]);
/// assert_eq!(frame.points[0].1.count, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Live {
    metrics: Vec<Metric>,
    by_event: HashMap<String, Box<[u32]>>,
    limits: Limits,
    seed: DefaultHashBuilder,
    stripes: Stripes,
    directory: Directory,
    timeline: Mutex<Timeline>,
    order: AtomicU64,
    dropped: AtomicU64,
    skipped: [AtomicU64; 4],
}

impl Live {
    /// An empty store for these metrics. It hears nothing until [`attach`](Self::attach).
    pub fn new(metrics: Vec<Metric>, limits: Limits) -> Arc<Self> {
        let mut grouped: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, metric) in (0..).zip(&metrics) {
            grouped.entry(metric.event().to_owned()).or_default().push(index);
        }
        Arc::new(Self {
            by_event: grouped.into_iter().map(|(event, list)| (event, list.into())).collect(),
            directory: Directory::new(limits, metrics.len()),
            metrics,
            limits,
            seed: DefaultHashBuilder::default(),
            stripes: Stripes::new(),
            timeline: Mutex::default(),
            order: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            skipped: Default::default(),
        })
    }

    /// Listens to the events of all metrics, with one handler, until the guard is dropped.
    ///
    /// # Errors
    /// If there are no metrics.
    pub fn attach(self: &Arc<Self>) -> Result<Attached, AttachError> {
        static STORES: AtomicU64 = AtomicU64::new(1);
        let id = format!("tachymeter-metrics.live.{}", STORES.fetch_add(1, Ordering::Relaxed));
        let events: Vec<&str> = self.by_event.keys().map(String::as_str).collect();
        let live = Arc::clone(self);
        tachymeter::attach(&id, &events, move |emission: &Emission<'_>| live.record(emission))
    }

    /// Takes one event. This is what the handler of [`attach`](Self::attach) calls.
    pub fn record(&self, emission: &Emission<'_>) {
        let Some(metrics) = self.by_event.get(emission.name()) else {
            return;
        };
        for &index in metrics {
            match extract_unchecked(&self.metrics[index as usize], emission) {
                Ok(datapoint) => self.add(index, &datapoint),
                Err(skip) => _ = self.skipped[skip as usize].fetch_add(1, Ordering::Relaxed),
            }
        }
    }

    fn add(&self, metric: u32, datapoint: &Datapoint<'_>) {
        let kind = datapoint.metric().kind();
        let order = match kind {
            // Only there does it matter which of two threads was later, and only there is it paid for.
            Kind::LastValue => self.order.fetch_add(1, Ordering::Relaxed) + 1,
            _ => 0,
        };
        let sample = Sample { value: datapoint.value, order, quantiles: kind.has_quantiles() };
        let wanted = Wanted::new(&self.seed, metric, datapoint, self.limits.tag_bytes);
        if !self.stripes.mine().add(&wanted, sample) {
            self.add_unknown(&wanted, metric, datapoint, sample);
        }
    }

    #[cold]
    fn add_unknown(&self, wanted: &Wanted<'_>, metric: u32, datapoint: &Datapoint<'_>, sample: Sample) {
        let place = self.directory.place(metric, datapoint);
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

    /// Empties the stripes and says what changed since the last tick. `now` is in milliseconds since 1970.
    ///
    /// What came since the last collection counts for the second that lies in the middle between the two: call it
    /// right after each full second ([`Live::until_next_tick`]). Nobody else's reading disturbs it.
    pub fn tick(&self, now: u64) -> Frame {
        let timeline = &mut *lock(&self.timeline);
        self.collect_into(timeline, now);
        let mut changed = std::mem::take(&mut timeline.changed);
        changed.sort_unstable();
        let mut points = Vec::with_capacity(changed.len());
        for series in changed {
            let history = &mut timeline.histories[series as usize];
            points.extend(history.take_changed().map(|point| (series, point)));
        }
        let mut series = self.directory.since(timeline.sent);
        // One that came just now has no history yet; it is for the next frame.
        series.truncate(timeline.histories.len() - timeline.sent);
        timeline.sent += series.len();
        timeline.seq += 1;
        Frame { seq: timeline.seq, now, series, points, dropped: self.dropped() }
    }

    /// How long to wait, from `now`, for the next tick.
    ///
    /// ```
    /// use tachymeter_metrics::Live;
    ///
    /// assert_eq!(Live::until_next_tick(1_700_000_000_250).as_millis(), 750);
    /// ```
    pub fn until_next_tick(now: u64) -> Duration {
        Duration::from_millis(1_000 - now % 1_000)
    }

    /// The last ten minutes by the second. Its next frame may repeat some of it; a point replaces its predecessor.
    pub fn snapshot(&self, now: u64) -> Snapshot {
        self.snapshot_of(now, Duration::from_secs(FINE_BUCKETS))
    }

    /// The most recent part of a [`snapshot`](Self::snapshot).
    pub fn snapshot_of(&self, now: u64, span: Duration) -> Snapshot {
        let from = (now / 1_000 + 1).saturating_sub(span.as_secs());
        self.read(now, 1, |history, to| history.fine(from, to).collect())
    }

    /// The last hour by ten seconds.
    pub fn history(&self, now: u64) -> Snapshot {
        let from = (now / 1_000).saturating_sub(COARSE_SECONDS * COARSE_BUCKETS);
        self.read(now, COARSE_SECONDS as u32, |history, to| history.coarse(from, to).collect())
    }

    fn read(&self, now: u64, bucket_seconds: u32, points: impl Fn(&History, u64) -> Vec<Point>) -> Snapshot {
        let timeline = &mut *lock(&self.timeline);
        self.collect_into(timeline, now);
        let mut series = self.directory.since(0);
        series.truncate(timeline.histories.len());
        let of = |history| points(history, now / 1_000);
        let all = (0..).zip(&timeline.histories).map(|(id, history)| (id, of(history)));
        Snapshot {
            seq: timeline.seq,
            now,
            bucket_seconds,
            definitions: self.metrics.iter().map(Metric::definition).collect(),
            series,
            points: all.filter(|(_, points)| !points.is_empty()).collect(),
            dropped: self.dropped(),
        }
    }

    /// Empties the stripes without a frame. Between ticks, for a finer attribution to seconds than they give.
    pub fn collect(&self, now: u64) {
        self.collect_into(&mut lock(&self.timeline), now);
    }

    fn collect_into(&self, timeline: &mut Timeline, now: u64) {
        let second = timeline.second(now);
        for stripe in self.stripes.each() {
            // As many as wait now: under load there is always more.
            let mut waiting = lock(stripe).waiting();
            while waiting > 0 {
                let mut stripe = lock(stripe);
                // Whatever this lock shows has its series in the directory already.
                for metric in self.directory.metrics_since(timeline.histories.len()) {
                    timeline.histories.push(History::new(self.metrics[metric as usize].kind()));
                }
                let some = waiting.min(DRAINED_AT_ONCE);
                stripe.drain(some, |series, new| timeline.add(series, second, new));
                waiting -= some;
            }
        }
    }

    /// The metrics, in the order that [`Series::metric`](crate::Series::metric) counts.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// How many datapoints went to an `other` series.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How many events gave a metric no datapoint, for this reason.
    pub fn skipped(&self, reason: Skip) -> u64 {
        self.skipped[reason as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("metrics", &self.metrics.len())
            .field("limits", &self.limits)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
