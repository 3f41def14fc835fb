//! How much a live store may hold.

/// Bounds of a live store. What goes beyond them isn't lost: it lands in the metric's `other` series and is counted.
///
/// ```
/// use tachymeter_metrics::Limits;
///
/// let limits = Limits { series_per_metric: 50, ..Limits::default() };
/// assert_eq!(limits.series, 2_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Series of all metrics together, the `other` ones not counted. As shipped 2,000.
    pub series: usize,
    /// Series of one metric, its `other` one not counted. As shipped 200.
    pub series_per_metric: usize,
    /// Bytes of a tag's value; a longer one is cut. As shipped 200.
    pub tag_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 2_000, series_per_metric: 200, tag_bytes: 200 }
    }
}

/// The beginning of `text` that fits into `bytes`, whole characters only.
pub(super) fn clip(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes { text } else { &text[..text.floor_char_boundary(bytes)] }
}
