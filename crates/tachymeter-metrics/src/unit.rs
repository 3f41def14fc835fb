//! Units, and the conversion of a measurement into the unit of its metric.

use std::borrow::Cow;
use std::fmt;

use tachymeter::Value;

/// The unit of a metric's values.
///
/// A [`Value::Duration`] is converted exactly into whichever unit of time its metric has; in a metric without a unit
/// it counts seconds. A plain number is taken as it is, unless [`MetricBuilder::convert`](crate::MetricBuilder::convert)
/// says what it was. Bytes go by thousands: a megabyte is 1,000,000 bytes.
///
/// ```
/// use tachymeter_metrics::Unit;
///
/// assert_eq!(Unit::Millisecond.to_string(), "ms");
/// assert_eq!(Unit::from("requests").to_string(), "requests");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A plain number.
    #[default]
    One,
    /// 10⁻⁹ s.
    Nanosecond,
    /// 10⁻⁶ s.
    Microsecond,
    /// 10⁻³ s.
    Millisecond,
    /// A second.
    Second,
    /// A byte.
    Byte,
    /// 1,000 bytes.
    Kilobyte,
    /// 1,000,000 bytes.
    Megabyte,
    /// Any other, by the word that is shown for it.
    Other(Cow<'static, str>),
}

/// What a unit measures, and how many of it make one of the largest of its family.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Time(u64),
    Size(u64),
    Neither,
}

impl Unit {
    /// The unit as it is shown: `ms`, `MB`; empty for [`Unit::One`].
    pub fn symbol(&self) -> &str {
        match self {
            Self::One => "",
            Self::Nanosecond => "ns",
            Self::Microsecond => "µs",
            Self::Millisecond => "ms",
            Self::Second => "s",
            Self::Byte => "B",
            Self::Kilobyte => "kB",
            Self::Megabyte => "MB",
            Self::Other(word) => word,
        }
    }

    /// Whether this is a unit of time.
    pub fn is_time(&self) -> bool {
        matches!(self.family(), Family::Time(_))
    }

    fn family(&self) -> Family {
        match self {
            Self::Nanosecond => Family::Time(1_000_000_000),
            Self::Microsecond => Family::Time(1_000_000),
            Self::Millisecond => Family::Time(1_000),
            Self::Second => Family::Time(1),
            Self::Byte => Family::Size(1_000_000),
            Self::Kilobyte => Family::Size(1_000),
            Self::Megabyte => Family::Size(1),
            Self::One | Self::Other(_) => Family::Neither,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

impl From<&'static str> for Unit {
    fn from(word: &'static str) -> Self {
        if word.is_empty() { Self::One } else { Self::Other(word.into()) }
    }
}

/// How a measurement becomes a number in its metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conversion {
    /// Units per second and nanoseconds per unit, if the metric is in a unit of time or has none.
    duration: Option<(f64, f64)>,
    /// Plain numbers are multiplied by the first and divided by the second. One of them is 1, so that every power of
    /// ten is exact: multiplying by 0.001 would not be.
    plain: (f64, f64),
}

impl Conversion {
    /// For a metric in `to` whose plain numbers are in `from`; `None` if the two don't measure the same thing.
    pub(crate) fn new(from: &Unit, to: &Unit) -> Option<Self> {
        let plain = match (from.family(), to.family()) {
            (Family::Time(a), Family::Time(b)) | (Family::Size(a), Family::Size(b)) => {
                if b >= a {
                    ((b / a) as f64, 1.0)
                } else {
                    (1.0, (a / b) as f64)
                }
            }
            (Family::Neither, Family::Neither) if from == to => (1.0, 1.0),
            _ => return None,
        };
        let duration = match to.family() {
            Family::Time(n) => Some((n as f64, (1_000_000_000 / n) as f64)),
            Family::Size(_) => None,
            Family::Neither => (*to == Unit::One).then_some((1.0, 1e9)),
        };
        Some(Self { duration, plain })
    }

    /// `None` for what isn't a number, and for a duration in a metric of bytes.
    pub(crate) fn apply(self, value: Value<'_>) -> Option<f64> {
        match value {
            Value::Duration(duration) => {
                let (per_second, nanos_per) = self.duration?;
                let (seconds, nanos) = (duration.as_secs() as f64, f64::from(duration.subsec_nanos()));
                // Below a second nothing is rounded twice.
                Some(seconds * per_second + nanos / nanos_per)
            }
            other => Some(other.as_f64()? * self.plain.0 / self.plain.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TIME: [Unit; 4] = [Unit::Nanosecond, Unit::Microsecond, Unit::Millisecond, Unit::Second];
    const SIZE: [Unit; 3] = [Unit::Byte, Unit::Kilobyte, Unit::Megabyte];

    #[test]
    fn every_pair_of_one_family_converts_exactly_there_and_back() {
        for units in [&TIME[..], &SIZE[..]] {
            for from in units {
                for to in units {
                    let there = Conversion::new(from, to).unwrap();
                    let back = Conversion::new(to, from).unwrap();
                    for n in [0u64, 1, 76, 76_000_000, 123_456_789] {
                        let converted = there.apply(n.into()).unwrap();
                        assert_eq!(back.apply(converted.into()), Some(n as f64), "{from} {to}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_duration_is_exact_in_every_unit_of_time() {
        let expected = [1_500_000.0, 1_500.0, 1.5, 0.0015];
        for (unit, expected) in TIME.iter().zip(expected) {
            let same = Conversion::new(unit, unit).unwrap();
            assert_eq!(same.apply(Duration::from_micros(1_500).into()), Some(expected));
            assert_eq!(same.apply(7u64.into()), Some(7.0), "a plain number stays");
        }
    }

    #[test]
    fn seconds_and_bytes_do_not_mix() {
        assert_eq!(Conversion::new(&Unit::Second, &Unit::Byte), None);
        assert_eq!(Conversion::new(&Unit::Byte, &Unit::One), None);
        assert_eq!(Conversion::new(&Unit::One, &Unit::Second), None);
        let bytes = Conversion::new(&Unit::Byte, &Unit::Byte).unwrap();
        assert_eq!(bytes.apply(Duration::from_secs(1).into()), None);
    }

    #[test]
    fn without_a_unit_a_duration_counts_seconds() {
        let one = Conversion::new(&Unit::One, &Unit::One).unwrap();
        assert_eq!(one.apply(Duration::from_millis(1_500).into()), Some(1.5));
        assert_eq!(one.apply(true.into()), None);
        assert_eq!(one.apply("1".into()), None);
    }
}
