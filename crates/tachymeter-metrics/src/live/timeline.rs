//! What happened when: the rings of every series, filled from the stripes by whoever collects.

use super::minute::{Minute, Minutes};
use super::ring::{Bucket, Ring};
use crate::{Accumulator, Kind, Point, Sketch, Sum};

pub(super) const FINE_SECONDS: u64 = 1;
pub(super) const FINE_BUCKETS: u64 = 600;
pub(super) const COARSE_SECONDS: u64 = 10;
pub(super) const COARSE_BUCKETS: u64 = 360;

/// One second or ten, of one series.
#[derive(Debug)]
struct Track {
    ring: Ring,
    /// Start of the bucket that the sketch belongs to. Older buckets keep their percentiles only.
    open: u64,
    sketch: Sketch,
    /// What the bucket's sum is before it is rounded.
    sum: Sum,
}

impl Track {
    fn new(seconds: u64, buckets: u64) -> Self {
        Self { ring: Ring::new(seconds, buckets), open: 0, sketch: Sketch::new(), sum: Sum::default() }
    }

    fn add(&mut self, second: u64, new: &Accumulator, newest: bool, has_quantiles: bool) {
        let start = self.ring.start(second);
        if self.open != start {
            self.open = start;
            self.sketch.clear();
            self.sum = self.ring.at(second).sum.into();
        }
        let bucket = self.ring.at(second);
        join(bucket, new, newest);
        self.sum.merge(new.sum);
        bucket.sum = self.sum.value();
        if has_quantiles {
            self.sketch.merge(&new.sketch);
            // An empty bucket has no percentile, but this one isn't empty.
            bucket.quantiles =
                [0.5, 0.95, 0.99].map(|q| self.sketch.quantile(q).unwrap_or(0.0).clamp(bucket.min, bucket.max) as f32);
        }
    }
}

fn join(bucket: &mut Bucket, new: &Accumulator, newest: bool) {
    let first = bucket.count == 0;
    bucket.min = if first { new.min } else { bucket.min.min(new.min) };
    bucket.max = if first { new.max } else { bucket.max.max(new.max) };
    bucket.last = if first || newest { new.last } else { bucket.last };
    bucket.count = bucket.count.saturating_add(u32::try_from(new.count).unwrap_or(u32::MAX));
}

/// The history of one series.
#[derive(Debug)]
pub(super) struct History {
    has_quantiles: bool,
    fine: Track,
    coarse: Track,
    pub(super) minutes: Minutes,
    /// When the last value came, by the store's count.
    order: u64,
    /// First and last second that changed since the last frame.
    changed: Option<(u64, u64)>,
}

impl History {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            has_quantiles: kind.has_quantiles(),
            fine: Track::new(FINE_SECONDS, FINE_BUCKETS),
            coarse: Track::new(COARSE_SECONDS, COARSE_BUCKETS),
            minutes: Minutes::default(),
            order: 0,
            changed: None,
        }
    }

    /// Adds what came in `second`. True if nothing had changed since the last frame.
    pub(super) fn add(&mut self, second: u64, new: &Accumulator) -> bool {
        let newest = new.order >= self.order;
        self.order = self.order.max(new.order);
        self.fine.add(second, new, newest, self.has_quantiles);
        self.coarse.add(second, new, newest, self.has_quantiles);
        self.minutes.add(second, new);
        let before = self.changed;
        let (first, last) = before.unwrap_or((second, second));
        self.changed = Some((first.min(second), last.max(second)));
        before.is_none()
    }

    /// Spreads a minute evenly over its seconds, for the rings that go back that far at `now`, in seconds.
    pub(super) fn restore(&mut self, now: u64, minute: &Minute) {
        let point = minute.point();
        // Of a minute that isn't over, the seconds to come have nothing yet.
        let seconds = now.saturating_sub(minute.time).clamp(1, Minute::SECONDS);
        let quantiles = [point.p50, point.p95, point.p99].map(|quantile| quantile as f32);
        for track in [&mut self.fine, &mut self.coarse] {
            if minute.time + track.ring.seconds() * track.ring.len() <= now {
                continue;
            }
            let until = |second: u64| minute.count * second / seconds;
            for second in 0..seconds {
                let count = until(second + 1) - until(second);
                if count > 0 {
                    let bucket = track.ring.at(minute.time + second);
                    bucket.count = bucket.count.saturating_add(count.try_into().unwrap_or(u32::MAX));
                    bucket.sum += minute.sum * (count as f64 / minute.count as f64);
                    (bucket.min, bucket.max, bucket.last, bucket.quantiles) = (minute.min, minute.max, minute.last, quantiles);
                }
            }
        }
    }

    /// The seconds that changed since this was called last.
    pub(super) fn take_changed(&mut self) -> impl Iterator<Item = Point> {
        // Nothing changed: a range with nothing in it.
        let (first, last) = self.changed.take().unwrap_or((1, 0));
        self.fine.ring.range(first, last).map(|(time, b)| b.point(time, self.has_quantiles))
    }

    /// The seconds from `from` to `to`.
    pub(super) fn fine(&self, from: u64, to: u64) -> impl Iterator<Item = Point> {
        self.fine.ring.range(from, to).map(|(time, b)| b.point(time, self.has_quantiles))
    }

    /// The tens of seconds from `from` to `to`.
    pub(super) fn coarse(&self, from: u64, to: u64) -> impl Iterator<Item = Point> {
        self.coarse.ring.range(from, to).map(|(time, b)| b.point(time, self.has_quantiles))
    }
}

/// All histories, and how far the frames have come.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) seq: u64,
    /// Series that some frame has had.
    pub(super) sent: usize,
    pub(super) histories: Vec<History>,
    /// Series that changed since the last frame.
    pub(super) changed: Vec<u32>,
    /// When the stripes were last emptied, in milliseconds.
    collected: Option<u64>,
}

impl Timeline {
    /// The second that gets what came since the last collection: the middle between the two, for most of it came about
    /// then, and a collection right after a full second must not count for the new one.
    pub(super) fn second(&mut self, now: u64) -> u64 {
        let since = now.saturating_sub(self.collected.replace(now).unwrap_or(now));
        (now - (since / 2).min(500)) / 1_000
    }

    pub(super) fn add(&mut self, series: u32, second: u64, new: &Accumulator) {
        // A series is in the directory before it is in a stripe; the caller made a history for each.
        let Some(history) = self.histories.get_mut(series as usize) else {
            return;
        };
        if history.add(second, new) {
            self.changed.push(series);
        }
    }
}
