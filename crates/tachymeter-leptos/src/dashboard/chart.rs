//! What a chart shows, without saying how it is drawn.

use serde::{Deserialize, Serialize};
use tachymeter_metrics::Point;

/// Which number of a point is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stat {
    /// How many datapoints there were in the second; none is drawn as 0.
    PerSecond,
    /// Half are at most this.
    P50,
    /// 95 of 100 are at most this.
    P95,
    /// 99 of 100 are at most this.
    P99,
    /// The most recent value.
    Last,
}

impl Stat {
    /// As it is written in a legend.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerSecond => "per second",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Last => "last",
        }
    }

    /// The value of a second, of which there may be no point.
    pub fn of(self, point: Option<&Point>) -> f64 {
        match (self, point) {
            (Self::PerSecond, None) => 0.0,
            (_, None) => f64::NAN,
            (Self::PerSecond, Some(point)) => point.count as f64,
            (Self::P50, Some(point)) => point.p50,
            (Self::P95, Some(point)) => point.p95,
            (Self::P99, Some(point)) => point.p99,
            (Self::Last, Some(point)) => point.last,
        }
    }
}

/// One chart of a dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Unique on its page; used as the element's id.
    pub id: String,
    /// What a person reads above it.
    pub title: String,
    /// The name of the metric; each of its series becomes a line (or a stack of bars) per stat.
    pub metric: String,
    /// What is drawn of each series.
    pub stats: Vec<Stat>,
    /// The ECharts option, as JSON, with one series as the pattern of all.
    pub option: String,
}
