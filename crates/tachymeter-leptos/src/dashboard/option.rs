//! The server's half of a chart: charming describes it once, as JSON.

use charming::component::{Axis, Grid};
use charming::element::{AxisPointer, AxisPointerType, AxisType, LineStyle, Tooltip, Trigger};
use charming::series::{Bar, Line};

use super::{Chart, Stat};

/// Above this many points in a second the axis needs no fractions.
const WHOLE: f64 = 1.0;

impl Chart {
    /// A chart with one line per series and stat.
    pub fn lines(id: &str, title: &str, metric: &str, stats: &[Stat]) -> Self {
        // Seconds without an event are gaps in a percentile; the line goes on over them.
        let line = Line::new().show_symbol(true).connect_nulls(true).line_style(LineStyle::new().width(1.5));
        Self::describe(id, title, metric, stats, base(false).series(line))
    }

    /// A chart of counts: one stack of bars per second.
    pub fn bars(id: &str, title: &str, metric: &str) -> Self {
        Self::describe(id, title, metric, &[Stat::PerSecond], base(true).series(Bar::new().stack("all")))
    }

    fn describe(id: &str, title: &str, metric: &str, stats: &[Stat], chart: charming::Chart) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            metric: metric.to_owned(),
            stats: stats.to_vec(),
            option: serde_json::to_string(&chart).expect("a chart of ours has only text, numbers and booleans"),
        }
    }
}

fn base(counts: bool) -> charming::Chart {
    let mut values = Axis::new().type_(AxisType::Value).split_number(3.0);
    if counts {
        values = values.min_interval(WHOLE);
    }
    charming::Chart::new()
        .animation(false)
        // No legend: the page lists the series with their values, whole and selectable as text.
        .grid(Grid::new().left(48).right(12).top(12).bottom(24))
        .tooltip(Tooltip::new().trigger(Trigger::Axis).axis_pointer(AxisPointer::new().type_(AxisPointerType::Line)))
        .x_axis(Axis::new().type_(AxisType::Time))
        .y_axis(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_plain_json_with_one_pattern_series() {
        let chart = Chart::lines("x", "X", "a.b.c", &[Stat::P50, Stat::P99]);
        let option: serde_json::Value = serde_json::from_str(&chart.option).unwrap();
        assert_eq!(option["animation"], false);
        assert_eq!(option["series"].as_array().unwrap().len(), 1);
        assert_eq!(option["series"][0]["type"], "line");
        assert_eq!(option["xAxis"]["type"], "time");
    }

    #[test]
    fn counts_have_no_fractions() {
        let option: serde_json::Value = serde_json::from_str(&Chart::bars("x", "X", "a.b.c").option).unwrap();
        assert_eq!(option["yAxis"]["minInterval"], 1.0);
        assert_eq!(option["series"][0]["stack"], "all");
    }
}
