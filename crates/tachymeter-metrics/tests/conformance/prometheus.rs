//! The table against Prometheus' page, in both formats, read back by the parser beside this file.

use std::collections::BTreeMap;

use tachymeter_metrics::reporter::{Format, Prometheus};
use tachymeter_metrics::{Limits, Metric, Unit};

use crate::page::{Family, Sample, parse};
use crate::table::Tags;
use crate::{Seen, Table};

/// How many of Prometheus' unit make one of the metric's.
fn factor(metric: &Metric) -> f64 {
    match metric.unit() {
        Unit::Nanosecond => 1e9,
        Unit::Microsecond => 1e6,
        Unit::Millisecond => 1e3,
        Unit::Kilobyte => 1e-3,
        Unit::Megabyte => 1e-6,
        _ => 1.0,
    }
}

/// The series of one family, put together from its samples.
fn seen(metric: &Metric, family: &Family) -> Vec<Seen> {
    let mut series: BTreeMap<Tags, Seen> = BTreeMap::new();
    for Sample { name, labels, value, .. } in &family.samples {
        let mut tags = labels.clone();
        let own = tags.remove("le").or_else(|| tags.remove("quantile")).map(|own| own.replace("+Inf", "inf").parse().unwrap());
        let empty = || Seen { metric: metric.name().to_owned(), tags: tags.clone(), ..Seen::default() };
        let seen = series.entry(tags.clone()).or_insert_with(empty);
        let converted = value * factor(metric);
        match (family.kind.as_str(), own) {
            (_, Some(q)) if family.kind == "summary" => seen.quantiles.push((q, converted)),
            (_, Some(bound)) => seen.buckets.push((bound * factor(metric), *value as u64)),
            _ if name.ends_with("_sum") => seen.sum = Some(converted),
            _ if name.ends_with("_count") => seen.count = Some(*value as u64),
            _ if metric.kind().as_str() == "counter" => seen.count = Some(*value as u64),
            _ if metric.kind().as_str() == "sum" => seen.sum = Some(converted),
            _ => seen.last = Some(converted),
        }
    }
    series.into_values().collect()
}

fn check_alone(format: Format) {
    let table = Table::load();
    let prometheus = Prometheus::start(table.metrics(), Limits::default()).unwrap();
    table.run();
    check(&table, &prometheus, format);
}

pub(crate) fn check(table: &Table, prometheus: &Prometheus, format: Format) {
    let families = parse(&prometheus.page(format), format == Format::OpenMetrics);
    let of = |metric: &Metric| {
        let prefix = metric.name().replace('.', "_");
        let is = move |name: &str| name == prefix || name.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('_'));
        families.iter().filter(move |(name, _)| is(name)).map(|(_, family)| family)
    };
    let all: Vec<Seen> = table.metrics().iter().flat_map(|metric| of(metric).flat_map(|family| seen(metric, family))).collect();
    // A time in nanoseconds is written in seconds, and multiplied by the test.
    table.check(&format!("{format:?}"), &all, 4.0 * f64::EPSILON);
}

#[test]
fn prometheus_text_shows_the_table() {
    check_alone(Format::Text);
}

#[test]
fn open_metrics_shows_the_table() {
    check_alone(Format::OpenMetrics);
}
