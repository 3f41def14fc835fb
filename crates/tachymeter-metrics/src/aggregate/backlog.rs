//! What one of several readers has yet to take, because another one has emptied the stripes since.

use super::Accumulator;

/// One accumulator per series at most, however long its reader stays away.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    by_series: Vec<Accumulator>,
    touched: Vec<u32>,
}

impl Backlog {
    pub(super) fn add(&mut self, series: u32, new: &Accumulator) {
        if self.by_series.len() <= series as usize {
            self.by_series.resize_with(series as usize + 1, Accumulator::default);
        }
        let waiting = &mut self.by_series[series as usize];
        if waiting.count == 0 {
            self.touched.push(series);
        }
        waiting.merge(new);
    }

    pub(super) fn drain(&mut self, mut each: impl FnMut(u32, &Accumulator)) {
        for series in self.touched.drain(..) {
            let waiting = &mut self.by_series[series as usize];
            each(series, waiting);
            waiting.clear();
        }
    }
}
