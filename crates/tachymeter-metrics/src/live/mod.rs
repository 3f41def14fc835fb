//! The live store: what a dashboard shows, in memory, bounded, at a cost that doesn't depend on who watches.
//!
//! [`Live::tick`] empties an [`Aggregate`] into rings, once per second, and says what changed. No clock is read on the
//! way: time is what the caller of `tick` says it is, so everything here can be tested without waiting.

mod minute;
mod ring;
mod timeline;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tachymeter::{AttachError, Attached, Emission};

pub use self::minute::Minute;
use self::timeline::{COARSE_BUCKETS, COARSE_SECONDS, FINE_BUCKETS, History, Timeline};
use crate::aggregate::Reader;
use crate::aggregate::lock;
use crate::{Aggregate, Detail, Frame, Limits, Metric, Point, Skip, Skipped, Snapshot};

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
    aggregate: Arc<Aggregate>,
    reader: Reader,
    timeline: Mutex<Timeline>,
}

impl Live {
    /// An empty store for these metrics. It hears nothing until [`attach`](Self::attach).
    pub fn new(metrics: Vec<Metric>, limits: Limits) -> Arc<Self> {
        let detail = |metric: &Metric| if metric.kind().has_quantiles() { Detail::Sketch } else { Detail::Plain };
        let aggregate = Aggregate::new(metrics, limits, detail);
        Arc::new(Self { aggregate, reader: Reader::default(), timeline: Mutex::default() })
    }

    /// An empty store of what [`Aggregate::shared`] adds up; that is also who hears the events.
    pub fn over(shared: &Arc<Aggregate>) -> Arc<Self> {
        Arc::new(Self { aggregate: Arc::clone(shared), reader: shared.reader(), timeline: Mutex::default() })
    }

    /// Listens to the events of all metrics, with one handler, until the guard is dropped.
    ///
    /// # Errors
    /// If there are no metrics.
    pub fn attach(self: &Arc<Self>) -> Result<Attached, AttachError> {
        let live = Arc::clone(self);
        self.aggregate.subscription().attach_handler("live", move |emission: &Emission<'_>| live.record(emission))
    }

    /// Takes one event. This is what the handler of [`attach`](Self::attach) calls.
    #[inline]
    pub fn record(&self, emission: &Emission<'_>) {
        self.aggregate.record(emission);
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
        let mut series = self.aggregate.series_since(timeline.sent);
        // One that came just now has no history yet; it is for the next frame.
        series.truncate(timeline.histories.len() - timeline.sent);
        timeline.sent += series.len();
        timeline.seq += 1;
        Frame { seq: timeline.seq, now, series, points, dropped: self.dropped(), skipped: self.skipped() }
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
        let mut series = self.aggregate.series_since(0);
        series.truncate(timeline.histories.len());
        let of = |history| points(history, now / 1_000);
        let all = (0..).zip(&timeline.histories).map(|(id, history)| (id, of(history)));
        Snapshot {
            seq: timeline.seq,
            now,
            bucket_seconds,
            definitions: self.metrics().iter().map(Metric::definition).collect(),
            series,
            points: all.filter(|(_, points)| !points.is_empty()).collect(),
            dropped: self.dropped(),
            skipped: self.skipped(),
        }
    }

    /// Empties the stripes without a frame. Between ticks, for a finer attribution to seconds than they give.
    pub fn collect(&self, now: u64) {
        self.collect_into(&mut lock(&self.timeline), now);
    }

    fn collect_into(&self, timeline: &mut Timeline, now: u64) {
        let second = timeline.second(now);
        self.aggregate.drain(self.reader, |series, new| {
            if series as usize >= timeline.histories.len() {
                self.grow(timeline);
            }
            timeline.add(series, second, new);
        });
    }

    /// Makes a history for each series that has none.
    fn grow(&self, timeline: &mut Timeline) {
        let new = self.aggregate.series_since(timeline.histories.len());
        let kind = |metric: u32| self.metrics()[metric as usize].kind();
        timeline.histories.extend(new.iter().map(|series| History::new(kind(series.metric))));
    }

    /// Takes the minutes that are over, oldest first. To be called more often than once per minute: of each series only the last one
    /// waits.
    pub fn finished_minutes(&self, now: u64) -> Vec<Minute> {
        self.minutes(now, Minute::start(now / 1_000))
    }

    /// Takes the minute that is being filled as well; for the end. What is taken of one minute in two parts can be
    /// [merged](Minute::merge).
    pub fn all_minutes(&self, now: u64) -> Vec<Minute> {
        self.minutes(now, u64::MAX)
    }

    fn minutes(&self, now: u64, before: u64) -> Vec<Minute> {
        let timeline = &mut *lock(&self.timeline);
        self.collect_into(timeline, now);
        let series = self.aggregate.series_since(0);
        let mut minutes = Vec::new();
        for (history, series) in timeline.histories.iter_mut().zip(series) {
            let metric = self.metrics()[series.metric as usize].name();
            minutes.extend(history.minutes.take(before).map(|packed| packed.unpack(metric, &series)));
        }
        minutes.sort_by_key(|minute| minute.time);
        minutes
    }

    /// Puts minutes that were kept back into the rings, oldest first, each spread evenly over its seconds. For the start: what is
    /// there already is not looked at. Minutes of metrics or tags that are no more, and those too old to show, are left out.
    pub fn restore(&self, now: u64, minutes: &[Minute]) {
        let timeline = &mut *lock(&self.timeline);
        for minute in minutes {
            let fits = |metric: &Metric| metric.name() == minute.metric && metric.may_have(&minute.tags);
            let Some(metric) = self.metrics().iter().position(fits) else { continue };
            let series = self.aggregate.series_of(metric as u32, &minute.tags, minute.other);
            self.grow(timeline);
            timeline.histories[series as usize].restore(now / 1_000, minute);
        }
    }

    /// The metrics, in the order that [`Series::metric`](crate::Series::metric) counts.
    pub fn metrics(&self) -> &[Metric] {
        self.aggregate.metrics()
    }

    /// How many datapoints went to an `other` series.
    pub fn dropped(&self) -> u64 {
        self.aggregate.dropped()
    }

    /// How many events gave which metric no datapoint, by reason; what is zero is left out.
    pub fn skipped(&self) -> Vec<Skipped> {
        let count = |metric, reason| self.aggregate.subscription().skipped(metric, reason);
        let of = |metric| Skip::ALL.map(|reason| Skipped { metric, reason, count: count(metric, reason) });
        (0..self.metrics().len() as u32).flat_map(of).filter(|skipped| skipped.count > 0).collect()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("aggregate", &self.aggregate).finish_non_exhaustive()
    }
}
