//! What a page knows: series and their points, kept up to date by the stream, and the columns that a chart draws.

use std::collections::{BTreeMap, HashMap};

use tachymeter_metrics::{Definition, Point, Series, Skipped};

use super::Chart;
use crate::stream::Message;

/// How much history a page keeps, in seconds. The store itself has no more at this resolution.
const KEPT_SECONDS: u64 = 600;

/// Everything that the stream has told.
#[derive(Clone, Debug, Default)]
pub struct Model {
    definitions: Vec<Definition>,
    series: BTreeMap<u32, Series>,
    points: HashMap<u32, BTreeMap<u64, Point>>,
    /// The server's clock at the last message, in milliseconds since 1970.
    pub now: u64,
    /// How many datapoints the server put into an `other` series.
    pub dropped: u64,
    skipped: Vec<Skipped>,
}

/// What a column is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The series: its tags' values.
    pub name: String,
    /// The stat, if the chart has more than one.
    pub stat_name: Option<&'static str>,
    /// Counts the series; decides the colour.
    pub series: usize,
    /// Counts the stats; decides the dash.
    pub stat: usize,
}

/// A table: per second a row of its time and one value per label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// The value columns.
    pub labels: Vec<Label>,
    /// Row after row, each `[milliseconds since 1970, value, …]`; NaN where there is none.
    pub rows: Vec<f64>,
}

impl Label {
    /// Series and stat in one text.
    pub fn text(&self) -> String {
        match self.stat_name {
            Some(stat) => format!("{} {stat}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Columns {
    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.labels.len() + 1
    }

    /// How many series there are.
    pub fn series(&self) -> usize {
        self.labels.last().map_or(0, |label| label.series + 1)
    }

    /// Row by row, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[f64]> {
        self.rows.chunks_exact(self.width())
    }

    /// The most recent value of a column.
    pub fn latest(&self, column: usize) -> Option<f64> {
        self.iter().rev().map(|row| row[column + 1]).find(|value| !value.is_nan())
    }
}

impl Model {
    /// Takes a message in.
    pub fn apply(&mut self, message: Message) {
        match message {
            Message::Snapshot(snapshot) => {
                self.definitions = snapshot.definitions;
                self.series = snapshot.series.into_iter().map(|series| (series.id, series)).collect();
                self.points = snapshot
                    .points
                    .into_iter()
                    .map(|(id, points)| (id, points.into_iter().map(|point| (point.time, point)).collect()))
                    .collect();
                (self.now, self.dropped, self.skipped) = (snapshot.now, snapshot.dropped, snapshot.skipped);
            }
            Message::Frame(frame) => {
                self.series.extend(frame.series.into_iter().map(|series| (series.id, series)));
                for (id, point) in frame.points {
                    self.points.entry(id).or_default().insert(point.time, point);
                }
                (self.now, self.dropped, self.skipped) = (frame.now, frame.dropped, frame.skipped);
            }
            Message::Heartbeat(now) => self.now = now,
        }
        let oldest = (self.now / 1000).saturating_sub(KEPT_SECONDS);
        for points in self.points.values_mut() {
            *points = points.split_off(&oldest);
        }
    }

    /// What gave a metric no datapoint: the metric's name, the reason in words, and how many.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, String, u64)> {
        self.skipped.iter().filter_map(|skipped| {
            let definition = self.definitions.get(skipped.metric as usize)?;
            Some((definition.name.as_str(), skipped.reason.as_str().replace('_', " "), skipped.count))
        })
    }

    /// The definition of a chart's metric, if the server has such a metric.
    pub fn definition(&self, metric: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.name == metric)
    }

    /// What a chart draws of the last `seconds`.
    pub fn columns(&self, chart: &Chart, seconds: u64) -> Columns {
        let series: Vec<&Series> = self
            .series
            .values()
            .filter(|series| self.definitions.get(series.metric as usize).is_some_and(|it| it.name == chart.metric))
            .collect();
        let labels = series.iter().enumerate().flat_map(|(index, series)| {
            chart.stats.iter().enumerate().map(move |(stat, kind)| {
                let stat_name = (chart.stats.len() > 1).then(|| kind.as_str());
                Label { name: name_of(series), stat_name, series: index, stat }
            })
        });
        let mut columns = Columns { labels: labels.collect(), rows: Vec::new() };
        if columns.labels.is_empty() {
            return columns;
        }
        // The second that is still being filled would make every count look as if it fell.
        let end = self.now / 1000;
        let points: Vec<_> = series.iter().map(|series| self.points.get(&series.id)).collect();
        columns.rows.reserve(columns.width() * seconds as usize);
        for time in end.saturating_sub(seconds)..end {
            columns.rows.push(time as f64 * 1000.0);
            for points in &points {
                let point = points.and_then(|points| points.get(&time));
                columns.rows.extend(chart.stats.iter().map(|stat| stat.of(point)));
            }
        }
        columns
    }
}

fn name_of(series: &Series) -> String {
    match series.tags.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ") {
        _ if series.other => "other".to_owned(),
        values if values.is_empty() => "all".to_owned(),
        values => values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::Stat;
    use tachymeter_metrics::{Frame, Kind, Skip, Snapshot};

    fn point(time: u64, count: u64, p50: f64) -> Point {
        Point { time, count, sum: 0.0, min: p50, max: p50, last: p50, p50, p95: p50, p99: p50 }
    }

    fn series(id: u32, name: &str) -> Series {
        Series { id, metric: 0, tags: vec![("name".into(), name.into())], other: false }
    }

    fn model() -> Model {
        let mut model = Model::default();
        model.apply(Message::Snapshot(Snapshot {
            seq: 1,
            now: 100_000,
            bucket_seconds: 1,
            definitions: vec![Definition {
                name: "m".into(),
                kind: Kind::Summary,
                unit: "ms".into(),
                description: String::new(),
                tags: vec!["name".into()],
            }],
            series: vec![series(0, "red")],
            points: vec![(0, vec![point(98, 2, 5.0)])],
            dropped: 0,
            skipped: vec![],
        }));
        model
    }

    fn chart(stats: &[Stat]) -> Chart {
        Chart { id: "c".into(), title: "C".into(), metric: "m".into(), stats: stats.to_vec(), option: "{}".into() }
    }

    #[test]
    fn seconds_without_events_count_zero_and_have_no_percentile() {
        let columns = model().columns(&chart(&[Stat::PerSecond, Stat::P50]), 3);
        let rows: Vec<_> = columns.iter().map(|row| (row[0], row[1], row[2].is_nan())).collect();
        assert_eq!(rows, [(97_000.0, 0.0, true), (98_000.0, 2.0, false), (99_000.0, 0.0, true)]);
        assert_eq!(columns.latest(1), Some(5.0));
        assert_eq!(columns.labels[1].text(), "red p50");
    }

    #[test]
    fn a_frame_adds_series_and_replaces_points() {
        let mut model = model();
        model.apply(Message::Frame(Frame {
            seq: 2,
            now: 101_000,
            series: vec![series(1, "blue")],
            points: vec![(0, point(98, 3, 6.0)), (1, point(100, 1, 9.0))],
            dropped: 4,
            skipped: vec![Skipped { metric: 0, reason: Skip::NotANumber, count: 2 }],
        }));
        let columns = model.columns(&chart(&[Stat::PerSecond]), 3);
        assert_eq!(columns.labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(), ["red", "blue"]);
        assert_eq!(columns.rows, [98_000.0, 3.0, 0.0, 99_000.0, 0.0, 0.0, 100_000.0, 0.0, 1.0]);
        assert_eq!(model.dropped, 4);
        assert_eq!(model.skipped().collect::<Vec<_>>(), [("m", "not a number".to_owned(), 2)]);
    }

    #[test]
    fn what_is_older_than_ten_minutes_is_forgotten() {
        let mut model = model();
        model.apply(Message::Heartbeat(1_000_000));
        assert!(model.points[&0].is_empty());
    }

    #[test]
    fn a_metric_that_nobody_has_is_an_empty_table() {
        let other = Chart { metric: "unknown".into(), ..chart(&[Stat::P50]) };
        assert_eq!(model().columns(&other, 60), Columns::default());
    }
}
