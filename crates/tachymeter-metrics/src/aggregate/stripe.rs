//! Where threads put their datapoints between two collections: one stripe per thread, or nearly.
//!
//! A thread keeps to its stripe, so that its lock is free, its memory near, and another thread not in the way.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::{HashMap, HashTable};

use super::accumulator::{Accumulator, Sample};
use super::key::{Key, Wanted};

#[derive(Debug, Default)]
pub(super) struct Stripe {
    keys: HashTable<(Key, u32)>,
    by_series: HashMap<u32, u32>,
    accumulators: Vec<(u32, Accumulator)>,
    touched: Vec<u32>,
}

impl Stripe {
    /// Adds to the series that has this key. False if the stripe doesn't know the key.
    #[inline]
    pub(super) fn add(&mut self, wanted: &Wanted<'_>, sample: Sample<'_>) -> bool {
        let Some(&(_, at)) = self.keys.find(wanted.hash, |(key, _)| wanted.is(key)) else {
            return false;
        };
        self.add_at(at, sample);
        true
    }

    #[inline]
    fn add_at(&mut self, at: u32, sample: Sample<'_>) {
        let accumulator = &mut self.accumulators[at as usize].1;
        if accumulator.count == 0 {
            self.touched.push(at);
        }
        accumulator.add(sample);
    }

    /// Adds to a series by its number, and remembers the key as a shortcut to it.
    pub(super) fn add_to(&mut self, series: u32, shortcut: Option<Key>, sample: Sample<'_>) {
        let next = self.accumulators.len() as u32;
        let at = *self.by_series.entry(series).or_insert(next);
        if at == next {
            self.accumulators.push((series, Accumulator::default()));
        }
        if let Some(key) = shortcut {
            self.keys.insert_unique(key.hash, (key, at), |(key, _)| key.hash);
        }
        self.add_at(at, sample);
    }

    pub(super) fn shortcuts(&self) -> usize {
        self.keys.len()
    }

    /// How many series have something to hand over.
    pub(super) fn waiting(&self) -> usize {
        self.touched.len()
    }

    /// Hands over and clears up to `most` series, those first that wait longest.
    pub(super) fn drain(&mut self, most: usize, mut take: impl FnMut(u32, &Accumulator)) {
        for at in self.touched.drain(..most.min(self.touched.len())) {
            let (series, accumulator) = &mut self.accumulators[at as usize];
            take(*series, accumulator);
            accumulator.clear();
        }
    }
}

/// A power of two of stripes.
#[derive(Debug)]
pub(super) struct Stripes(Box<[Padded]>);

/// On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(Mutex<Stripe>);

impl Stripes {
    pub(super) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        let count = threads.next_power_of_two().clamp(4, 16);
        Self((0..count).map(|_| Padded::default()).collect())
    }

    /// This thread's stripe.
    #[inline]
    pub(super) fn mine(&self) -> MutexGuard<'_, Stripe> {
        lock(&self.0[thread_number() & (self.0.len() - 1)].0)
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &Mutex<Stripe>> {
        self.0.iter().map(|padded| &padded.0)
    }
}

/// Nothing that holds one of our locks can panic half-way; if it did, the numbers would still be numbers.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the threads that ever recorded something.
#[inline]
fn thread_number() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) });
    // A thread that is going away has no locals any more; any stripe will do.
    let known = NUMBER.try_with(Cell::get).unwrap_or(0);
    if known != usize::MAX {
        return known;
    }
    let number = THREADS.fetch_add(1, Ordering::Relaxed);
    let _ = NUMBER.try_with(|cell| cell.set(number));
    number
}
