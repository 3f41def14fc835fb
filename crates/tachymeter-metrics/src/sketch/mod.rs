//! Percentiles in bounded memory, within one percent.
//!
//! A histogram whose buckets grow with the numbers in them: every power of two is cut into 50 equal parts, so
//! that a value's bucket follows from its bits, without a logarithm. The widest bucket in relation to its values is
//! the first after a power of two, `1/50` wide; its middle is at most 1 % from everything in it. Merging adds counts,
//! so it is exact, in any order.

mod window;

use self::window::{Bucket, HIGHEST, LOWEST, Window, bucket_of, middle};

/// A mergeable sketch of a distribution: its percentiles within 1 % of the exact ones, for values that span up to nine
/// decades; of more, the smallest magnitudes are lumped together.
///
/// ```
/// use tachymeter_metrics::Sketch;
///
/// let mut sketch = Sketch::new();
/// for n in 1..=1_000 {
///     sketch.add(f64::from(n));
/// }
/// let p95 = sketch.quantile(0.95).unwrap();
/// assert!((p95 - 950.0).abs() <= 9.5, "{p95}");
/// assert_eq!(Sketch::new().quantile(0.5), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    zeros: u64,
    positive: Window,
    negative: Window,
}

impl Sketch {
    /// The greatest relative error of [`Sketch::quantile`].
    pub const RELATIVE_ERROR: f64 = 0.01;

    /// An empty one; allocates nothing.
    pub const fn new() -> Self {
        Self { zeros: 0, positive: Window::new(), negative: Window::new() }
    }

    /// Adds a value. One that isn't finite is ignored.
    #[inline]
    pub fn add(&mut self, value: f64) {
        match bucket_of(value.abs()) {
            Bucket::Zero => self.zeros += 1,
            Bucket::NotFinite => {}
            Bucket::At(index) if value > 0.0 => self.positive.add(index, 1),
            Bucket::At(index) => self.negative.add(index, 1),
        }
    }

    /// Adds all that another one holds.
    pub fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        self.positive.merge(&other.positive);
        self.negative.merge(&other.negative);
    }

    /// How many values it holds.
    pub fn count(&self) -> u64 {
        self.zeros + self.positive.count + self.negative.count
    }

    /// The value that the share `q` of all values doesn't exceed (nearest rank); `None` if there are none.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count);
        let (negative, zeros) = (self.negative.count, self.zeros);
        Some(if rank <= negative {
            // The most negative value has the greatest magnitude.
            -self.negative.value_at(negative - rank + 1)
        } else if rank <= negative + zeros {
            0.0
        } else {
            self.positive.value_at(rank - negative - zeros)
        })
    }

    /// The non-empty buckets, ascending: the value that stands for all in it, and how many there are.
    ///
    /// ```
    /// let mut sketch = tachymeter_metrics::Sketch::new();
    /// [0.0, 8.0, 8.0].into_iter().for_each(|value| sketch.add(value));
    /// let counts: Vec<u64> = sketch.buckets().map(|(_, count)| count).collect();
    /// assert_eq!(counts, [1, 2]);
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let negative = self.negative.buckets().rev().map(|(index, n)| (-middle(index), n));
        let zeros = (self.zeros > 0).then_some((0.0, self.zeros));
        let positive = self.positive.buckets().map(|(index, n)| (middle(index), n));
        negative.chain(zeros).chain(positive)
    }

    /// All that it holds, to be kept in a file or a database: the count of zeros, then each non-empty bucket of the positive and
    /// of the negative values as its distance from the one before and its count, all as variable-length integers.
    ///
    /// ```
    /// use tachymeter_metrics::Sketch;
    ///
    /// let mut sketch = Sketch::new();
    /// (1..=1_000).for_each(|n| sketch.add(f64::from(n)));
    /// let again = Sketch::from_bytes(&sketch.to_bytes()).unwrap();
    /// assert_eq!(again.quantile(0.95), sketch.quantile(0.95));
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        put(&mut bytes, self.zeros);
        for window in [&self.positive, &self.negative] {
            put(&mut bytes, window.buckets().count() as u64);
            let mut at = LOWEST;
            for (index, n) in window.buckets() {
                put(&mut bytes, (index - at) as u64);
                put(&mut bytes, n);
                at = index;
            }
        }
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&format, mut rest) = bytes.split_first()?;
        if format != FORMAT {
            return None;
        }
        let mut sketch = Self { zeros: get(&mut rest)?, ..Self::default() };
        for window in [&mut sketch.positive, &mut sketch.negative] {
            let mut at = LOWEST;
            for _ in 0..get(&mut rest)? {
                at = at.checked_add(i32::try_from(get(&mut rest)?).ok()?).filter(|index| *index < HIGHEST)?;
                window.add(at, u32::try_from(get(&mut rest)?).ok()?);
            }
        }
        rest.is_empty().then_some(sketch)
    }

    /// Forgets the values and keeps the memory, for the values to come are probably much alike.
    pub fn clear(&mut self) {
        self.zeros = 0;
        self.positive.clear();
        self.negative.clear();
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.positive.heap_bytes() + self.negative.heap_bytes()
    }
}

/// First byte of a sketch's bytes. Another one when the buckets or the layout change.
const FORMAT: u8 = 1;

/// Seven bits per byte, the lowest first; the eighth says that more follow.
fn put(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator, so that the tests give the same numbers everywhere.
    struct Numbers(u64);

    impl Numbers {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        }
    }

    /// Distributions that are hard on sketches.
    fn distributions() -> Vec<(&'static str, Vec<f64>)> {
        let mut n = Numbers(7);
        let mut make = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> { (0..5_000).map(|_| f(n.unit(), n.unit())).collect() };
        vec![
            ("uniform", make(&|a, _| a * 1_000.0)),
            ("exponential", make(&|a, _| -a.ln() * 30.0)),
            ("heavy tail", make(&|a, _| a.powf(-1.5))),
            ("log-normal", make(&|a, b| ((-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos() * 2.0).exp())),
            ("two far peaks", make(&|a, b| if a < 0.5 { 1e-3 * (1.0 + b) } else { 1e5 + b })),
            ("all alike", make(&|_, _| 42.0)),
            ("powers of two", make(&|a, _| 2f64.powi((a * 30.0) as i32))),
            ("just below them", make(&|a, _| 2f64.powi((a * 30.0) as i32).next_down())),
            ("both signs", make(&|a, _| a * 20.0 - 10.0)),
            ("negative", make(&|a, _| -(a * 9.0).exp())),
            ("many zeros", make(&|a, b| if a < 0.6 { 0.0 } else { b })),
            ("nine decades", make(&|a, _| 10f64.powf(a * 9.0 - 4.0))),
        ]
    }

    #[test]
    fn every_quantile_is_within_its_promise_of_the_exact_one() {
        for (name, values) in distributions() {
            let mut sketch = Sketch::new();
            values.iter().for_each(|&value| sketch.add(value));
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            for q in (0..=1_000).map(|q| f64::from(q) / 1_000.0) {
                let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
                let (exact, got) = (sorted[rank - 1], sketch.quantile(q).unwrap());
                let allowed = exact.abs() * Sketch::RELATIVE_ERROR * (1.0 + 1e-9);
                assert!((got - exact).abs() <= allowed, "{name} q{q}: {got} for {exact}");
            }
        }
    }

    #[test]
    fn it_agrees_with_ddsketch() {
        for (name, values) in distributions() {
            let mut ours = Sketch::new();
            let mut theirs = sketches_ddsketch::DDSketch::new(sketches_ddsketch::Config::new(0.01, 4_096, 1e-9));
            for &value in &values {
                ours.add(value);
                theirs.add(value);
            }
            for q in [0.5, 0.95, 0.99] {
                let (a, b) = (ours.quantile(q).unwrap(), theirs.quantile(q).unwrap().unwrap());
                // Both may be a percent off, and ddsketch takes the rank below.
                assert!((a - b).abs() <= 0.03 * b.abs() + 1e-9, "{name} q{q}: {a} against {b}");
            }
        }
    }

    #[test]
    fn merging_in_any_order_equals_adding_all() {
        for (name, values) in distributions() {
            let mut whole = Sketch::new();
            let mut parts = vec![Sketch::new(); 3];
            for (i, &value) in values.iter().enumerate() {
                whole.add(value);
                parts[i % 3].add(value);
            }
            let merged = |order: [usize; 3]| {
                let mut sum = Sketch::new();
                order.iter().for_each(|&i| sum.merge(&parts[i]));
                sum
            };
            for q in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
                let expected = whole.quantile(q);
                assert_eq!(merged([0, 1, 2]).quantile(q), expected, "{name}");
                assert_eq!(merged([2, 0, 1]).quantile(q), expected, "{name}");
            }
        }
    }

    #[test]
    fn it_stays_bounded_whatever_comes() {
        let mut sketch = Sketch::new();
        for exponent in -400..400 {
            for value in [2f64.powi(exponent), -(2f64.powi(exponent))] {
                sketch.add(value);
            }
        }
        for value in [f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY] {
            sketch.add(value);
        }
        assert_eq!(sketch.count(), 1_602);
        assert!(sketch.heap_bytes() <= 2 * window::MOST * size_of::<u32>(), "{}", sketch.heap_bytes());
        let mut leap = Sketch::new();
        [f64::MIN_POSITIVE, 1e-18, f64::MAX].into_iter().for_each(|value| leap.add(value));
        assert!(leap.heap_bytes() <= window::MOST * size_of::<u32>(), "{}", leap.heap_bytes());
        let top = sketch.quantile(0.6).unwrap();
        assert!(top.is_finite() && top >= 0.0);
    }

    #[test]
    fn cleared_it_is_as_new() {
        let mut sketch = Sketch::new();
        for value in [1.0, -1.0, 0.0] {
            sketch.add(value);
        }
        sketch.clear();
        assert_eq!((sketch.count(), sketch.quantile(0.5)), (0, None));
        sketch.add(5.0);
        assert!((sketch.quantile(0.5).unwrap() - 5.0).abs() <= 0.05);
    }
}
