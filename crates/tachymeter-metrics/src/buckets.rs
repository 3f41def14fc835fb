//! The bounds of a distribution's buckets.

use crate::unit::Conversion;
use crate::{DefinitionError, Unit};

/// Upper bounds of the buckets of a distribution, ascending; what is above the last falls into an implied `+Inf`.
///
/// ```
/// use tachymeter_metrics::Buckets;
///
/// assert_eq!(Buckets::linear(0.0, 10.0, 3)?.bounds(), [0.0, 10.0, 20.0]);
/// assert_eq!(Buckets::exponential(1.0, 4.0, 4)?.bounds(), [1.0, 4.0, 16.0, 64.0]);
/// assert!(Buckets::explicit([5.0, 1.0]).is_err());
/// # Ok::<(), tachymeter_metrics::DefinitionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Vec<f64>);

impl Buckets {
    /// More would cost every reporter more than it tells anybody.
    const MOST: usize = 200;

    /// The bounds as they are given.
    ///
    /// # Errors
    /// If there are none or more than 200, or if they don't ascend strictly and finitely.
    pub fn explicit(bounds: impl Into<Vec<f64>>) -> Result<Self, DefinitionError> {
        let bounds = bounds.into();
        let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        let finite = bounds.iter().all(|bound| bound.is_finite());
        if bounds.is_empty() || bounds.len() > Self::MOST || !ascending || !finite {
            return Err(DefinitionError::Buckets(bounds));
        }
        Ok(Self(bounds))
    }

    /// `count` bounds from `start`, each `width` above the one before.
    ///
    /// # Errors
    /// As for [`Buckets::explicit`].
    pub fn linear(start: f64, width: f64, count: usize) -> Result<Self, DefinitionError> {
        let bound = |i| start + width * i as f64;
        Self::explicit((0..count.min(Self::MOST + 1)).map(bound).collect::<Vec<_>>())
    }

    /// `count` bounds from `start`, each `factor` times the one before.
    ///
    /// # Errors
    /// As for [`Buckets::explicit`].
    pub fn exponential(start: f64, factor: f64, count: usize) -> Result<Self, DefinitionError> {
        let bound = |i| start * factor.powi(i as i32);
        Self::explicit((0..count.min(Self::MOST + 1)).map(bound).collect::<Vec<_>>())
    }

    /// The bounds, ascending, without the implied `+Inf`.
    pub fn bounds(&self) -> &[f64] {
        &self.0
    }
}

impl Buckets {
    /// What a distribution has that nobody gave buckets: from a millisecond to ten seconds for times, from 256 bytes to 64 MiB
    /// for sizes, in whatever unit they are; from 1 to 10,000 for the rest.
    ///
    /// ```
    /// use tachymeter_metrics::{Buckets, Unit};
    ///
    /// assert_eq!(Buckets::for_unit(&Unit::Millisecond).bounds()[..3], [1.0, 2.5, 5.0]);
    /// assert_eq!(Buckets::for_unit(&Unit::Second).bounds()[..3], [0.001, 0.0025, 0.005]);
    /// assert_eq!(Buckets::for_unit(&Unit::Byte).bounds()[..2], [256.0, 1024.0]);
    /// ```
    pub fn for_unit(unit: &Unit) -> Self {
        let from = |from: &Unit| Conversion::new(from, unit);
        if let Some(into_unit) = from(&Unit::Byte) {
            return Self((4..=13).filter_map(|power| into_unit.apply(4f64.powi(power).into())).collect());
        }
        let decade = |ten: f64| [1.0, 2.5, 5.0].map(|step| step * ten);
        let bounds = [1.0, 10.0, 100.0, 1_000.0].into_iter().flat_map(decade).chain([10_000.0]);
        match from(&Unit::Millisecond) {
            Some(into_unit) => Self(bounds.filter_map(|bound| into_unit.apply(bound.into())).collect()),
            None => Self(bounds.collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_make_no_sense_are_refused() {
        assert!(Buckets::explicit([]).is_err());
        assert!(Buckets::explicit([1.0, 1.0]).is_err());
        assert!(Buckets::explicit([1.0, f64::NAN]).is_err());
        assert!(Buckets::explicit([1.0, f64::INFINITY]).is_err());
        assert!(Buckets::linear(0.0, -1.0, 3).is_err());
        assert!(Buckets::exponential(0.0, 2.0, 3).is_err());
        assert!(Buckets::linear(0.0, 1.0, usize::MAX).is_err());
    }

    #[test]
    fn the_default_obeys_its_own_rules() {
        let time = [Unit::Nanosecond, Unit::Microsecond, Unit::Millisecond, Unit::Second];
        let rest = [Unit::Byte, Unit::Kilobyte, Unit::Megabyte, Unit::One, Unit::from("rows")];
        for unit in time.into_iter().chain(rest) {
            let bounds = Buckets::for_unit(&unit).bounds().to_vec();
            assert!((10..=13).contains(&bounds.len()), "{unit}");
            assert!(Buckets::explicit(bounds).is_ok(), "{unit}");
        }
    }
}
