//! A ring of time buckets, in pieces: what never had a datapoint takes no memory.

use crate::Point;

/// Buckets in a piece.
const PIECE: u64 = 30;

/// 48 bytes: two thousand series with 960 of these each are most of what a store takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    pub(super) count: u32,
    /// In single precision, which is still far more precise than the sketch that they come from.
    pub(super) quantiles: [f32; 3],
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) last: f64,
}

impl Bucket {
    pub(super) fn point(&self, time: u64, has_quantiles: bool) -> Point {
        let quantile = |i: usize| match has_quantiles {
            true => f64::from(self.quantiles[i]).clamp(self.min, self.max),
            false => f64::NAN,
        };
        Point {
            time,
            count: self.count.into(),
            sum: self.sum,
            min: self.min,
            max: self.max,
            last: self.last,
            p50: quantile(0),
            p95: quantile(1),
            p99: quantile(2),
        }
    }
}

#[derive(Debug)]
struct Piece {
    /// Which piece of all time this is.
    number: u64,
    buckets: [Bucket; PIECE as usize],
}

/// The most recent `buckets` buckets of `seconds` each.
#[derive(Debug)]
pub(super) struct Ring {
    seconds: u64,
    buckets: u64,
    pieces: Box<[Option<Box<Piece>>]>,
}

impl Ring {
    pub(super) fn new(seconds: u64, buckets: u64) -> Self {
        // One more than needed, for the window seldom begins where a piece does.
        let pieces = buckets.div_ceil(PIECE) + 1;
        Self { seconds, buckets, pieces: (0..pieces).map(|_| None).collect() }
    }

    /// How long a bucket is.
    pub(super) fn seconds(&self) -> u64 {
        self.seconds
    }

    /// How many buckets it keeps.
    pub(super) fn len(&self) -> u64 {
        self.buckets
    }

    /// Start of the bucket that holds a second.
    pub(super) fn start(&self, second: u64) -> u64 {
        second - second % self.seconds
    }

    /// The bucket that holds a second; an older one that stood in its place is forgotten.
    pub(super) fn at(&mut self, second: u64) -> &mut Bucket {
        let index = second / self.seconds;
        let number = index / PIECE;
        let slot = (number % self.pieces.len() as u64) as usize;
        let empty = || Piece { number, buckets: [Bucket::default(); PIECE as usize] };
        let piece = self.pieces[slot].get_or_insert_with(|| Box::new(empty()));
        if piece.number != number {
            **piece = empty();
        }
        &mut piece.buckets[(index % PIECE) as usize]
    }

    /// Time and content of the buckets with content from `from` to `to`, both included, as far back as the ring goes.
    pub(super) fn range(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, &Bucket)> {
        let last = to / self.seconds;
        let first = (from / self.seconds).max((last + 1).saturating_sub(self.buckets));
        let pieces = (first / PIECE)..=(last / PIECE);
        let found = pieces.filter_map(|number| {
            let slot = (number % self.pieces.len() as u64) as usize;
            self.pieces[slot].as_deref().filter(|piece| piece.number == number)
        });
        found
            .flat_map(|piece| (piece.number * PIECE..).zip(&piece.buckets))
            .filter(move |(index, bucket)| bucket.count > 0 && (first..=last).contains(index))
            .map(|(index, bucket)| (index * self.seconds, bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(ring: &Ring, from: u64, to: u64) -> Vec<u64> {
        ring.range(from, to).map(|(time, _)| time).collect()
    }

    #[test]
    fn it_keeps_exactly_its_length() {
        let mut ring = Ring::new(1, 600);
        for second in 1_000..3_000 {
            ring.at(second).count = 1;
        }
        let kept = times(&ring, 0, 2_999);
        assert_eq!((kept.len(), kept[0], kept[599]), (600, 2_400, 2_999));
    }

    #[test]
    fn coarse_buckets_start_at_whole_multiples() {
        let mut ring = Ring::new(10, 360);
        ring.at(1_234).count += 1;
        ring.at(1_239).count += 1;
        ring.at(1_240).count += 1;
        let found: Vec<_> = ring.range(0, 1_300).map(|(time, bucket)| (time, bucket.count)).collect();
        assert_eq!(found, [(1_230, 2), (1_240, 1)]);
        assert_eq!(ring.start(1_239), 1_230);
    }

    #[test]
    fn after_a_long_silence_the_old_is_gone_without_being_overwritten() {
        let mut ring = Ring::new(1, 600);
        ring.at(5).count = 1;
        assert_eq!(times(&ring, 0, 604), [5]);
        assert!(times(&ring, 0, 605).is_empty());
        ring.at(5 + 21 * 30).count = 1;
        assert_eq!(times(&ring, 0, 700), [635]);
    }

    #[test]
    fn what_was_never_written_takes_no_memory() {
        let mut ring = Ring::new(1, 600);
        ring.at(5).count = 1;
        assert_eq!(ring.pieces.iter().flatten().count(), 1);
        assert_eq!(size_of::<Bucket>(), 48);
    }
}
