//! What has come since the start, for reporters whose receivers want totals.

use super::{Accumulator, Aggregate, Detail, Exemplar, Reader, Sum};
use crate::{Series, Sketch};

/// A sketch is that of the last one to two of these.
const WINDOW_SECONDS: u64 = 60;

/// One series since the start.
#[derive(Debug)]
#[non_exhaustive]
pub struct Total {
    /// Which one.
    pub series: Series,
    /// How many datapoints.
    pub count: u64,
    /// Their sum.
    pub sum: Sum,
    /// The most recent.
    pub last: f64,
    /// Datapoints by bucket, one more than there are bounds; empty without buckets.
    pub buckets: Vec<u64>,
    /// The newest exemplar of each bucket, or the newest one where there are no buckets, and when it was taken, in milliseconds
    /// since 1970. Empty while there is none.
    pub exemplars: Vec<Option<(Exemplar, u64)>>,
    order: u64,
    /// This window and the one before.
    sketches: [Sketch; 2],
    window: u64,
}

/// The totals of an [`Aggregate`], brought up to date when they are read.
#[derive(Debug, Default)]
pub struct Totals {
    list: Vec<Total>,
    /// Per series, which total it is added to.
    places: Vec<usize>,
    reader: Reader,
}

impl Totals {
    /// Those of one of several who read the same aggregate.
    #[cfg(feature = "prometheus")]
    pub(crate) fn of(reader: Reader) -> Self {
        Self { reader, ..Self::default() }
    }

    /// Takes from `aggregate` what is new; `now` is in milliseconds since 1970. One ascending list, by series number.
    ///
    /// ```
    /// use tachymeter_metrics::{Aggregate, Detail, Limits, Metric, Totals};
    ///
    /// let aggregate = Aggregate::new(vec![Metric::counter("doc.totals.count").build()?], Limits::default(), |_| Detail::Plain);
    /// let _attached = aggregate.attach("doc")?;
    /// let mut totals = Totals::default();
    /// for expected in 1..=3 {
    ///     tachymeter::execute("doc.totals", &[("count", 1u64.into())], &[]);
    ///     assert_eq!(totals.update(&aggregate, 1_700_000_000_000)[0].count, expected);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&mut self, aggregate: &Aggregate, now: u64) -> &[Total] {
        self.update_by(aggregate, now, |series| series.id as usize)
    }

    /// Like [`update`](Self::update), for a receiver to which several series may be one: `place` says which, counting from 0.
    pub(crate) fn update_by(&mut self, aggregate: &Aggregate, now: u64, mut place: impl FnMut(&Series) -> usize) -> &[Total] {
        let window = now / 1_000 / WINDOW_SECONDS;
        aggregate.drain(self.reader, |series, new| {
            if series as usize >= self.places.len() {
                for series in aggregate.series_since(self.places.len()) {
                    let place = place(&series);
                    self.places.push(place);
                    if place == self.list.len() {
                        self.list.push(Total::new(series));
                    }
                }
            }
            let total = &mut self.list[self.places[series as usize]];
            total.turn_to(window);
            total.add(new);
            total.note(new.exemplar, aggregate.detail(total.series.metric), now);
        });
        self.list.iter_mut().for_each(|total| total.turn_to(window));
        &self.list
    }
}

impl Total {
    fn new(series: Series) -> Self {
        Self {
            series,
            count: 0,
            sum: Sum::default(),
            last: 0.0,
            buckets: Vec::new(),
            exemplars: Vec::new(),
            order: 0,
            sketches: Default::default(),
            window: 0,
        }
    }

    fn turn_to(&mut self, window: u64) {
        if window == self.window {
            return;
        }
        self.sketches.swap(0, 1);
        self.sketches[0].clear();
        if window != self.window + 1 {
            self.sketches[1].clear();
        }
        self.window = window;
    }

    fn add(&mut self, new: &Accumulator) {
        if new.order >= self.order {
            (self.last, self.order) = (new.last, new.order);
        }
        self.count += new.count;
        self.sum.merge(new.sum);
        self.sketches[0].merge(&new.sketch);
        self.buckets.resize(self.buckets.len().max(new.buckets.len()), 0);
        self.buckets.iter_mut().zip(&new.buckets).for_each(|(ours, theirs)| *ours += theirs);
    }

    fn note(&mut self, exemplar: Option<Exemplar>, detail: &Detail, now: u64) {
        let Some(exemplar) = exemplar else { return };
        let at = detail.bounds().map_or(0, |bounds| Detail::bucket(bounds, exemplar.value));
        self.exemplars.resize(self.buckets.len().max(1), None);
        self.exemplars[at] = Some((exemplar, now));
    }

    /// The distribution of the last one to two minutes; empty without a sketch.
    pub fn recent(&self) -> Sketch {
        let mut recent = self.sketches[0].clone();
        recent.merge(&self.sketches[1]);
        recent
    }
}
