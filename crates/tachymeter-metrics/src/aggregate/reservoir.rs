//! A uniform sample of a stream of values, whose length nobody knows before.

/// At most so many of the values that came, each with the same chance (Vitter's algorithm R).
///
/// ```
/// use tachymeter_metrics::Reservoir;
///
/// let mut sample = Reservoir::default();
/// (0..1_000).for_each(|n| sample.add(f64::from(n), 100));
/// assert_eq!((sample.values().len(), sample.seen()), (100, 1_000));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reservoir {
    values: Vec<f64>,
    seen: u64,
    random: u64,
}

impl Reservoir {
    /// Offers a value to a sample of at most `most`, which is at least 1.
    #[inline]
    pub fn add(&mut self, value: f64, most: usize) {
        self.seen += 1;
        if self.values.len() < most {
            self.values.push(value);
        } else {
            let at = self.below(self.seen);
            if let Some(old) = usize::try_from(at).ok().and_then(|at| self.values.get_mut(at)) {
                *old = value;
            }
        }
    }

    /// Makes this the sample of both streams, of at most the size that the longer one had.
    pub fn merge(&mut self, other: &Self) {
        let most = self.values.len().max(other.values.len());
        let (mut ours, mut theirs) = (std::mem::take(&mut self.values), other.values.clone());
        let (mut left, mut right) = (self.seen, other.seen);
        let whole = ours.len() as u64 == left && theirs.len() as u64 == right;
        self.seen += other.seen;
        let most = if whole { ours.len() + theirs.len() } else { most };
        // Each draw takes from either stream as often as if all values were still there.
        while self.values.len() < most && !(ours.is_empty() && theirs.is_empty()) {
            let from_ours = theirs.is_empty() || (!ours.is_empty() && self.below(left + right) < left);
            let (from, rest) = if from_ours { (&mut ours, &mut left) } else { (&mut theirs, &mut right) };
            *rest = rest.saturating_sub(1);
            let at = self.below(from.len() as u64) as usize;
            let drawn = from.swap_remove(at);
            self.values.push(drawn);
        }
    }

    /// The sample, in no particular order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many values came.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.seen = 0;
    }

    /// A number below `end`, by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014); the bias is below 2⁻³² for less than 2³² values.
    fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_all_kept_also_when_merged() {
        let (mut a, mut b) = (Reservoir::default(), Reservoir::default());
        (0..40).for_each(|n| a.add(f64::from(n), 50));
        (40..80).for_each(|n| b.add(f64::from(n), 50));
        a.merge(&b);
        let mut values = a.values().to_vec();
        values.sort_by(f64::total_cmp);
        assert_eq!(values, (0..80).map(f64::from).collect::<Vec<_>>());
        assert_eq!(a.seen(), 80);
    }

    /// Means of uniform samples of 0..10,000 lie around 5,000 with a standard deviation of 2,887 / √(samples).
    #[test]
    fn every_value_has_the_same_chance_also_when_streams_of_different_length_are_merged() {
        let (mut sum, mut count) = (0.0, 0);
        let (mut random, mut low) = (0, 0);
        for _ in 0..200 {
            let (mut a, mut b) = (Reservoir { random, ..Reservoir::default() }, Reservoir::default());
            (0..9_000).for_each(|n| a.add(f64::from(n), 64));
            (9_000..10_000).for_each(|n| b.add(f64::from(n), 64));
            a.merge(&b);
            assert_eq!(a.values().len(), 64);
            sum += a.values().iter().sum::<f64>();
            count += a.values().len();
            low += a.values().iter().filter(|value| **value < 9_000.0).count();
            random = a.random;
        }
        let mean = sum / count as f64;
        assert!((mean - 5_000.0).abs() < 5.0 * 2_887.0 / (count as f64).sqrt(), "{mean}");
        let part = low as f64 / count as f64;
        assert!((part - 0.9).abs() < 0.015, "{part}");
    }
}
