//! One minute of one series, to be kept where it outlives the process.

use crate::{Accumulator, Point, Series, Sketch};

/// What came for one series in one minute.
///
/// ```
/// use tachymeter_metrics::{Limits, Live, Metric};
///
/// let live = Live::new(vec![Metric::sum("doc.minute.bytes").build()?], Limits::default());
/// let _attached = live.attach()?;
/// tachymeter::execute("doc.minute", &[("bytes", 5u64.into())], &[]);
/// live.collect(60_000);
/// assert!(live.finished_minutes(119_999).is_empty());
/// let minutes = live.finished_minutes(120_000);
/// assert_eq!((minutes[0].time, minutes[0].sum), (60, 5.0));
///
/// let restarted = Live::new(live.metrics().to_vec(), Limits::default());
/// restarted.restore(120_000, &minutes);
/// let points = &restarted.history(120_000).points[0].1;
/// assert_eq!((points.len(), points[0].sum), (1, 5.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Minute {
    /// The metric's name.
    pub metric: String,
    /// The series' tags, in the metric's order.
    pub tags: Vec<(String, String)>,
    /// Whether it is the metric's `other` series.
    pub other: bool,
    /// The minute's start, in seconds since 1970.
    pub time: u64,
    /// How many datapoints.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The most recent.
    pub last: f64,
    /// Their distribution; empty for kinds without percentiles.
    pub sketch: Sketch,
}

impl Minute {
    /// How long a minute is, in seconds.
    pub const SECONDS: u64 = 60;

    /// Start of the minute that holds a second.
    pub(super) fn start(second: u64) -> u64 {
        second - second % Self::SECONDS
    }

    /// Adds what came later: in the same minute of the same series, or in the next one, if both are to be one point.
    pub fn merge(&mut self, later: &Self) {
        self.count += later.count;
        self.sum += later.sum;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
        self.sketch.merge(&later.sketch);
    }

    /// What a chart shows of it.
    pub fn point(&self) -> Point {
        let quantile = |q| self.sketch.quantile(q).map_or(f64::NAN, |value| value.clamp(self.min, self.max));
        Point {
            time: self.time,
            count: self.count,
            sum: self.sum,
            min: self.min,
            max: self.max,
            last: self.last,
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
        }
    }
}

/// A minute of a series that knows no name, packed: it may wait for longer than it took.
#[derive(Debug)]
pub(super) struct Packed {
    time: u64,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
    sketch: Box<[u8]>,
}

impl Packed {
    fn of(time: u64, all: &Accumulator) -> Self {
        let sketch = all.sketch.to_bytes().into();
        Self { time, count: all.count, sum: all.sum.value(), min: all.min, max: all.max, last: all.last, sketch }
    }

    pub(super) fn unpack(self, metric: &str, series: &Series) -> Minute {
        Minute {
            metric: metric.to_owned(),
            tags: series.tags.clone(),
            other: series.other,
            time: self.time,
            count: self.count,
            sum: self.sum,
            min: self.min,
            max: self.max,
            last: self.last,
            sketch: Sketch::from_bytes(&self.sketch).unwrap_or_default(),
        }
    }
}

/// The minute that is being filled, and the one before until somebody takes it.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    start: u64,
    open: Accumulator,
    done: Option<Packed>,
}

impl Minutes {
    pub(super) fn add(&mut self, second: u64, new: &Accumulator) {
        let start = Minute::start(second);
        if self.start != start {
            self.finish();
            self.start = start;
        }
        self.open.merge(new);
    }

    fn finish(&mut self) {
        if self.open.count > 0 {
            self.done = Some(Packed::of(self.start, &self.open));
            self.open.clear();
        }
    }

    /// Those that began before this second.
    pub(super) fn take(&mut self, before: u64) -> impl Iterator<Item = Packed> {
        let earlier = self.done.take();
        if self.start < before {
            self.finish();
        }
        earlier.into_iter().chain(self.done.take())
    }
}
