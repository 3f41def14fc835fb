//! Sums of floats that don't depend on the order of their terms.

/// A sum in twice the precision of its terms: rounded once, when it is read. Many threads that are added up at any time give the
/// same bits as one that adds everything in a row.
///
/// ```
/// use tachymeter_metrics::Sum;
///
/// let mut sum = Sum::default();
/// (0..10).for_each(|_| sum.add(0.1));
/// assert_eq!(sum.value(), 1.0); // a plain loop gives 0.9999999999999999
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    /// Adds a term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        // Knuth's two-sum: `error` is exactly what `sum` lost.
        let sum = self.high + term;
        let ours = sum - term;
        let error = (self.high - ours) + (term - (sum - ours));
        (self.high, self.low) = (sum, self.low + error);
    }

    /// Adds another sum.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        self.add(other.high);
        self.low += other.low;
    }

    /// The float nearest to the sum. Infinite only if a sum of the terms was.
    pub fn value(self) -> f64 {
        let value = self.high + self.low;
        // Past the greatest float the lost part means nothing.
        if self.high.is_finite() && !value.is_nan() { value } else { self.high }
    }
}

impl From<f64> for Sum {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}
