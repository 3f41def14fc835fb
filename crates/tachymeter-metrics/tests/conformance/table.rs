//! Reads the table, makes its metrics, executes its events, and compares what a reporter shows with what it says.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tachymeter::Value;
use tachymeter_metrics::{Buckets, Kind, Metric, MetricBuilder, Skip, Unit};

use crate::exact::exact_sum;
use crate::functions;

/// Reporters hear the events of all tests of a process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) type Tags = BTreeMap<String, String>;
type Pairs = Vec<(String, Json)>;
type Apply = fn(MetricBuilder, &str) -> MetricBuilder;

pub(crate) struct Table {
    pub(crate) cases: Vec<Case>,
    _alone: MutexGuard<'static, ()>,
}

pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) metric: Metric,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    measurements: Pairs,
    metadata: Pairs,
    /// Tags in the metric's order, as the event has them.
    pub(crate) expected: Result<(f64, Tags), Skip>,
}

/// What a reporter shows of one series, in the metric's own unit; what its format can't say is `None`.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) metric: String,
    pub(crate) tags: Tags,
    pub(crate) count: Option<u64>,
    pub(crate) sum: Option<f64>,
    pub(crate) last: Option<f64>,
    /// Share and value.
    pub(crate) quantiles: Vec<(f64, f64)>,
    /// Upper bound (the last infinite), and how many datapoints don't exceed it.
    pub(crate) buckets: Vec<(f64, u64)>,
}

impl Table {
    pub(crate) fn load() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let json: Vec<Json> = serde_json::from_str(include_str!("table.json")).expect("the table is JSON");
        let cases: Vec<Case> = (0..).zip(&json).map(|(index, case)| Case::read(index, case)).collect();
        assert!(cases.iter().map(|case| case.rows.len()).sum::<usize>() >= 150);
        Self { cases, _alone: alone }
    }

    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.cases.iter().map(|case| case.metric.clone()).collect()
    }

    pub(crate) fn run(&self) {
        for case in &self.cases {
            case.rows.iter().for_each(|row| row.execute(case.metric.event()));
        }
    }

    /// The series that there must be, and the values of each, in the order of the events.
    fn series(&self) -> HashMap<(&str, &Tags), (&Case, Vec<f64>)> {
        let mut series = HashMap::new();
        for case in &self.cases {
            for (value, tags) in case.rows.iter().filter_map(|row| row.expected.as_ref().ok()) {
                series.entry((case.metric.name(), tags)).or_insert_with(|| (case, Vec::new())).1.push(*value);
            }
        }
        series
    }

    /// Fails unless the reporter shows exactly the series of the table, with their values. Floats may differ by this share: 0, or
    /// what writing them in another unit costs.
    pub(crate) fn check(&self, reporter: &str, seen: &[Seen], tolerance: f64) {
        let mut expected = self.series();
        for seen in seen {
            let Some((case, values)) = expected.remove(&(seen.metric.as_str(), &seen.tags)) else {
                panic!("{reporter} shows a series that there isn't, or shows it twice: {seen:?}");
            };
            seen.check(&values, tolerance, &format!("{reporter}: {} ({})", case.what, case.metric.name()));
        }
        assert!(expected.is_empty(), "{reporter} doesn't show {:?}", expected.keys());
    }
}

impl Seen {
    fn check(&self, values: &[f64], tolerance: f64, place: &str) {
        let near = |a: f64, b: f64, share: f64| (a - b).abs() <= b.abs() * share;
        let same = |what: &str, seen: Option<f64>, expected: f64| {
            let right = seen.is_none_or(|seen| near(seen, expected, tolerance));
            assert!(right, "{place}, {:?}: {what} is {seen:?} and not {expected}", self.tags);
        };
        assert!(self.count.is_none_or(|count| count == values.len() as u64), "{place}: {self:?} has {values:?}");
        same("sum", self.sum, exact_sum(values));
        same("last", self.last, values[values.len() - 1]);
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        for (q, seen) in &self.quantiles {
            let rank = ((q * sorted.len() as f64).ceil() as usize).max(1);
            assert!(near(*seen, sorted[rank - 1], 0.01 + tolerance), "{place}: q{q} of {sorted:?} is {seen}");
        }
        for (bound, count) in &self.buckets {
            let expected = sorted.iter().filter(|value| *value <= bound).count() as u64;
            assert_eq!(*count, expected, "{place}: up to {bound} of {sorted:?}");
        }
    }
}

impl Case {
    fn read(index: usize, json: &Json) -> Self {
        let text = |key: &str| json[key].as_str();
        let what = text("what").expect("a case says what it is about").to_owned();
        let kind: Kind = text("kind").expect("a case has a kind").parse().expect("a kind");
        let event = format!("conformance.c{index}");
        let make = [Metric::counter, Metric::sum, Metric::last_value, Metric::summary, Metric::distribution][kind as usize];
        let mut builder = make(format!("{event}.n"));
        let tags: Vec<&str> = json["tags"].as_array().into_iter().flatten().map(|tag| tag.as_str().expect("a tag")).collect();
        builder = builder.tags(&tags);
        if let Some(key) = text("key") {
            builder = builder.measurement(key);
        }
        builder = match (text("from"), text("unit")) {
            (Some(from), Some(to)) => builder.convert(unit(from), unit(to)),
            (None, Some(to)) => builder.unit(unit(to)),
            _ => builder,
        };
        if let Some(bounds) = json["buckets"].as_array() {
            let bounds: Vec<f64> = bounds.iter().filter_map(Json::as_f64).collect();
            builder = builder.buckets(Buckets::explicit(bounds).expect("buckets"));
        }
        if let Some([key, value]) = json["option"].as_array().map(Vec::as_slice) {
            builder = builder.option(key.as_str().expect("a key"), value.as_str().expect("a value"));
        }
        let functions: [(&str, Apply); 5] = [
            ("keep", functions::keep),
            ("drop", functions::drop),
            ("tag_values", functions::tag_values),
            ("tags_with", functions::tags_with),
            ("measure", functions::measure),
        ];
        for (key, apply) in functions {
            builder = text(key).into_iter().fold(builder, apply);
        }
        let rows = json["rows"].as_array().expect("a case has rows").iter().map(Row::read).collect();
        Self { metric: builder.build().unwrap_or_else(|error| panic!("{what}: {error}")), what, rows }
    }
}

fn unit(symbol: &str) -> Unit {
    let known = [Unit::Nanosecond, Unit::Millisecond, Unit::Second, Unit::Byte, Unit::Kilobyte, Unit::Megabyte];
    match symbol {
        "us" => Unit::Microsecond,
        symbol => known.into_iter().find(|unit| unit.symbol() == symbol).unwrap_or(Unit::Other(symbol.to_owned().into())),
    }
}

impl Row {
    fn read(json: &Json) -> Self {
        let expected = match &json[2] {
            Json::String(reason) => Err(Skip::ALL.into_iter().find(|skip| skip.as_str() == reason).expect("a reason")),
            Json::Array(both) => Ok((both[0].as_f64().expect("a number"), strings(&both[1]))),
            value => Ok((value.as_f64().expect("a number"), Tags::new())),
        };
        Self { measurements: pairs(&json[0]), metadata: pairs(&json[1]), expected }
    }

    fn execute(&self, event: &str) {
        tachymeter::execute(event, &lent(&self.measurements), &lent(&self.metadata));
    }
}

fn lent(pairs: &Pairs) -> Vec<(&str, Value<'_>)> {
    pairs.iter().map(|(key, json)| (key.as_str(), value(json))).collect()
}

/// An object, or a list of pairs where a key stands twice.
fn pairs(json: &Json) -> Pairs {
    let pair = |pair: &Json| (pair[0].as_str().expect("a key").to_owned(), pair[1].clone());
    match json {
        Json::Array(list) => list.iter().map(pair).collect(),
        json => json.as_object().expect("pairs").iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}

fn strings(json: &Json) -> Tags {
    let text = |value: &Json| value.as_str().expect("tags are text").to_owned();
    json.as_object().expect("tags").iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

fn value(json: &Json) -> Value<'_> {
    match json {
        Json::Bool(is) => (*is).into(),
        Json::String(text) => text.into(),
        Json::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(n), _) => n.into(),
            (None, Some(n)) => n.into(),
            _ => n.as_f64().expect("a number").into(),
        },
        json => {
            let (key, inner) = json.as_object().and_then(|object| object.iter().next()).expect("a value");
            let n = inner.as_u64().unwrap_or_default();
            match key.as_str() {
                "ns" => Duration::from_nanos(n).into(),
                "us" => Duration::from_micros(n).into(),
                "ms" => Duration::from_millis(n).into(),
                "s" => Duration::from_secs(n).into(),
                "f" => inner.as_str().and_then(|text| text.parse::<f64>().ok()).expect("a float").into(),
                key => panic!("the table has a value of {key:?}"),
            }
        }
    }
}
