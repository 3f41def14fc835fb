//! What travels from the live store to a dashboard. Plain serde types: they compile everywhere, the browser included.
//!
//! A stream begins with one [`Snapshot`] and goes on with [`Frame`]s. Series are numbered once, so that a frame names
//! them by a small integer; a [`Point`] is a JSON array and not an object, because it is most of what is sent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Skip;

/// What becomes of a metric's datapoints.
///
/// ```
/// use tachymeter_metrics::Kind;
///
/// assert_eq!(Kind::LastValue.to_string(), "last_value");
/// assert_eq!("summary".parse(), Ok(Kind::Summary));
/// assert!(Kind::Summary.has_quantiles() && !Kind::Sum.has_quantiles());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How many events there were; the measurement's value doesn't matter, its presence does.
    Counter,
    /// The measurements added up.
    Sum,
    /// The most recent measurement.
    LastValue,
    /// Count, sum, least, greatest and percentiles.
    Summary,
    /// Like a summary, for reporters that want fixed buckets.
    Distribution,
}

impl Kind {
    /// All five, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Counter, Self::Sum, Self::LastValue, Self::Summary, Self::Distribution];

    /// The kind's name on the wire: `counter`, `sum`, `last_value`, `summary` or `distribution`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Sum => "sum",
            Self::LastValue => "last_value",
            Self::Summary => "summary",
            Self::Distribution => "distribution",
        }
    }

    /// Whether points of this kind have `p50`, `p95` and `p99`.
    pub const fn has_quantiles(self) -> bool {
        matches!(self, Self::Summary | Self::Distribution)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no [`Kind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric kind {0:?}: it must be one of counter, sum, last_value, summary, distribution")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// A metric as a viewer needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The metric's name, for example `http.request.stop.duration`.
    pub name: String,
    /// What its points mean.
    pub kind: Kind,
    /// The unit of its values, for example `ms`; empty for a plain number.
    pub unit: String,
    /// One line for people; may be empty.
    pub description: String,
    /// The keys its series are told apart by; empty if there are none or if a function makes them.
    pub tags: Vec<String>,
}

/// One metric with one set of tag values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The number by which points refer to it; never reused while the store lives.
    pub id: u32,
    /// Index into [`Snapshot::definitions`].
    pub metric: u32,
    /// Key and value of each tag, in the metric's order.
    pub tags: Vec<(String, String)>,
    /// True for the series that takes what didn't fit under the limits.
    pub other: bool,
}

/// What happened in one bucket of time. On the wire: `[time, count, sum, min, max, last, p50, p95, p99]`.
///
/// Metrics without percentiles ([`Kind::has_quantiles`]) carry NaN in them. JSON has no NaN and no infinity: both are
/// written as `null`, which is read back as NaN.
///
/// ```
/// use tachymeter_metrics::Point;
///
/// let point: Point = serde_json::from_str("[60, 2, 3.5, 1.5, 2.0, 2.0, null, null, null]")?;
/// assert_eq!((point.time, point.count, point.sum), (60, 2, 3.5));
/// assert_eq!(point.mean(), Some(1.75));
/// assert!(point.p99.is_nan());
/// assert_eq!(serde_json::to_string(&point)?, "[60,2,3.5,1.5,2.0,2.0,null,null,null]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "WirePoint", from = "WirePoint")]
pub struct Point {
    /// Start of the bucket, in seconds since 1970.
    pub time: u64,
    /// How many datapoints.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The most recent.
    pub last: f64,
    /// Half of them are at most this.
    pub p50: f64,
    /// 95 of 100 are at most this.
    pub p95: f64,
    /// 99 of 100 are at most this.
    pub p99: f64,
}

impl Point {
    /// Sum by count; `None` for an empty bucket.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

type WirePoint = (u64, u64, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>);

impl From<Point> for WirePoint {
    fn from(p: Point) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        (
            p.time,
            p.count,
            finite(p.sum),
            finite(p.min),
            finite(p.max),
            finite(p.last),
            finite(p.p50),
            finite(p.p95),
            finite(p.p99),
        )
    }
}

impl From<WirePoint> for Point {
    fn from((time, count, sum, min, max, last, p50, p95, p99): WirePoint) -> Self {
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        Self {
            time,
            count,
            sum: or_nan(sum),
            min: or_nan(min),
            max: or_nan(max),
            last: or_nan(last),
            p50: or_nan(p50),
            p95: or_nan(p95),
            p99: or_nan(p99),
        }
    }
}

/// Everything that a viewer who just came needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The sequence number of the last frame that this snapshot contains; the next frame is `seq + 1`.
    pub seq: u64,
    /// When it was made, in milliseconds since 1970, by the server's clock.
    pub now: u64,
    /// How long each point's bucket is.
    pub bucket_seconds: u32,
    /// Every metric, in the order that [`Series::metric`] counts.
    pub definitions: Vec<Definition>,
    /// Every series so far, ascending by id.
    pub series: Vec<Series>,
    /// Per series id the non-empty buckets, oldest first.
    pub points: Vec<(u32, Vec<Point>)>,
    /// How many datapoints went to an `other` series since the store was made.
    pub dropped: u64,
    /// What gave a metric no datapoint since the store was made.
    pub skipped: Vec<Skipped>,
}

/// Events that gave a metric no datapoint, for one reason; there was one at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Index into [`Snapshot::definitions`].
    pub metric: u32,
    /// Why.
    pub reason: Skip,
    /// How many.
    pub count: u64,
}

/// What changed since the frame before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Counts frames from 1, without gaps.
    pub seq: u64,
    /// When it was made, in milliseconds since 1970, by the server's clock.
    pub now: u64,
    /// Series that no earlier frame or snapshot had.
    pub series: Vec<Series>,
    /// The buckets that changed, whole: a point replaces the one with the same series and time.
    pub points: Vec<(u32, Point)>,
    /// How many datapoints went to an `other` series since the store was made.
    pub dropped: u64,
    /// What gave a metric no datapoint since the store was made.
    pub skipped: Vec<Skipped>,
}

impl Frame {
    /// Whether nothing changed.
    ///
    /// ```
    /// let frame = tachymeter_metrics::Frame { seq: 1, now: 0, series: vec![], points: vec![], dropped: 0, skipped: vec![] };
    /// assert!(frame.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.series.is_empty() && self.points.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(time: u64) -> Point {
        Point { time, count: 3, sum: 6.5, min: 1.0, max: 3.5, last: 2.0, p50: 2.0, p95: 3.5, p99: 3.5 }
    }

    #[test]
    fn a_snapshot_survives_the_wire() {
        let snapshot = Snapshot {
            seq: 7,
            now: 61_500,
            bucket_seconds: 1,
            definitions: vec![Definition {
                name: "http.request.stop.duration".into(),
                kind: Kind::Summary,
                unit: "ms".into(),
                description: String::new(),
                tags: vec!["route".into()],
            }],
            series: vec![Series { id: 0, metric: 0, tags: vec![("route".into(), "/\"quoted\"".into())], other: false }],
            points: vec![(0, vec![point(60), point(61)])],
            dropped: 0,
            skipped: vec![Skipped { metric: 0, reason: Skip::NotANumber, count: 3 }],
        };
        let json = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
        assert!(json.contains("[60,3,6.5,1.0,3.5,2.0,2.0,3.5,3.5]"), "{json}");
        assert!(json.contains(r#""kind":"summary""#) && json.contains(r#""reason":"not_a_number""#), "{json}");
    }

    #[test]
    fn what_json_cannot_say_is_null() {
        let odd = Point { sum: f64::INFINITY, p50: f64::NAN, ..point(1) };
        let json = serde_json::to_string(&odd).unwrap();
        assert_eq!(json, "[1,3,null,1.0,3.5,2.0,null,3.5,3.5]");
        let back: Point = serde_json::from_str(&json).unwrap();
        assert!(back.sum.is_nan() && back.p50.is_nan());
    }

    #[test]
    fn a_kind_that_is_none_says_what_is_allowed() {
        let error = "gauge".parse::<Kind>().unwrap_err();
        assert!(error.to_string().contains("last_value"), "{error}");
    }
}
