//! The counts of one sign's magnitudes: which bucket a number belongs to, and a window over the buckets that hold something.

/// Buckets per power of two.
const CUTS: u64 = 50;
/// Buckets at most, per sign: 32 powers of two, nine and a half decades. Where a sketch spans more, the smallest
/// magnitudes share the last bucket.
pub(super) const MOST: usize = 32 * CUTS as usize;
/// Powers of two that are told apart. What is nearer to zero than the first counts as zero.
const SMALLEST: i32 = -60;
const GREATEST: i32 = 100;
/// A window grows by so many buckets at a time, so that a series which varies a little doesn't allocate again.
const STEP: usize = 16;
/// The indices that buckets can have.
pub(super) const LOWEST: i32 = SMALLEST * CUTS as i32;
pub(super) const HIGHEST: i32 = (GREATEST + 1) * CUTS as i32;

pub(super) enum Bucket {
    Zero,
    At(i32),
    NotFinite,
}

/// Where a magnitude belongs: from the exponent and the top of the mantissa.
#[inline]
pub(super) fn bucket_of(magnitude: f64) -> Bucket {
    let bits = magnitude.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    if exponent < SMALLEST {
        return Bucket::Zero;
    }
    if exponent > GREATEST {
        if !magnitude.is_finite() {
            return Bucket::NotFinite;
        }
        return Bucket::At(HIGHEST - 1);
    }
    let mantissa = (bits >> 20) & 0xffff_ffff; // its upper 32 bits
    Bucket::At(exponent * CUTS as i32 + ((mantissa * CUTS) >> 32) as i32)
}

/// The middle of a bucket.
pub(super) fn middle(index: i32) -> f64 {
    let (exponent, cut) = (index.div_euclid(CUTS as i32), index.rem_euclid(CUTS as i32));
    (1.0 + (f64::from(cut) + 0.5) / CUTS as f64) * 2f64.powi(exponent)
}

/// The buckets from `first` on that hold something, and some around them.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    pub(super) count: u64,
    first: i32,
    counts: Vec<u32>,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { count: 0, first: 0, counts: Vec::new() }
    }

    #[inline]
    pub(super) fn add(&mut self, index: i32, n: u32) {
        let at = index.wrapping_sub(self.first) as usize;
        let at = if at < self.counts.len() { at } else { self.make_room(index) };
        self.counts[at] = self.counts[at].saturating_add(n);
        self.count += u64::from(n);
    }

    /// Widens the window so that it holds `index`; where it is.
    #[cold]
    fn make_room(&mut self, index: i32) -> usize {
        if self.counts.is_empty() {
            self.first = index - (STEP / 2) as i32;
            self.counts.resize(STEP, 0);
        }
        let end = self.first + self.counts.len() as i32;
        if index >= end {
            let more = ((index - end) as usize + 1).next_multiple_of(STEP);
            // Twice as much as is needed would be most of what a store of many series takes.
            self.counts.reserve_exact(more);
            self.counts.resize(self.counts.len() + more, 0);
            self.collapse();
        } else if index < self.first {
            let room = MOST - self.counts.len().min(MOST);
            let more = ((self.first - index) as usize).next_multiple_of(STEP).min(room);
            self.counts.reserve_exact(more);
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first -= more as i32;
        }
        (index - self.first).max(0) as usize
    }

    /// Puts the smallest buckets together if there are too many.
    fn collapse(&mut self) {
        let Some(excess) = self.counts.len().checked_sub(MOST) else {
            return;
        };
        let taken: u32 = self.counts.drain(..excess).fold(0, u32::saturating_add);
        self.counts[0] = self.counts[0].saturating_add(taken);
        self.first += excess as i32;
        self.counts.shrink_to(MOST);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let Some(low) = other.counts.iter().position(|&n| n > 0) else { return };
        let high = other.counts.iter().rposition(|&n| n > 0).unwrap_or(low);
        // Room at both ends first; unless that is too much for one window, the rest is an addition of two slices.
        for at in [high, low] {
            self.add(other.first + at as i32, 0);
        }
        let start = other.first + low as i32 - self.first;
        let theirs = &other.counts[low..=high];
        if let Ok(start) = usize::try_from(start) {
            for (ours, theirs) in self.counts[start..].iter_mut().zip(theirs) {
                *ours = ours.saturating_add(*theirs);
            }
            self.count += other.count;
            return;
        }
        for (index, &n) in (other.first + low as i32..).zip(theirs) {
            self.add(index, n);
        }
    }

    /// The middle of the bucket that holds the `rank`-th smallest magnitude, counted from 1.
    pub(super) fn value_at(&self, rank: u64) -> f64 {
        // From the end, which is nearer to the percentiles that people ask for.
        let mut above = self.count;
        for (at, &n) in self.counts.iter().enumerate().rev() {
            above -= u64::from(n).min(above);
            if above < rank {
                return middle(self.first + at as i32);
            }
        }
        middle(self.first)
    }

    /// The buckets that hold something, ascending: index and count.
    pub(super) fn buckets(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> {
        let all = self.counts.iter().enumerate();
        all.filter(|(_, n)| **n > 0).map(|(at, &n)| (self.first + at as i32, n.into()))
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.counts.fill(0);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u32>()
    }
}
