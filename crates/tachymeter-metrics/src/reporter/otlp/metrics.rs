//! Totals as OTLP's metrics.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1 as otlp;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::post::{Outcome, Post};
use super::{HEALTH, attribute, now, scope};
use crate::{Aggregate, Detail, Kind, Metric, Series, Total, Totals, Unit};

const CUMULATIVE: i32 = otlp::AggregationTemporality::Cumulative as i32;

/// The percentiles of a summary.
const QUANTILES: [f64; 5] = [0.0, 0.5, 0.95, 0.99, 1.0];

pub(super) struct Metrics {
    aggregate: Arc<Aggregate>,
    totals: Totals,
    resource: Resource,
    post: Post,
    started: u64,
    /// How many datapoints have arrived.
    arrived: u64,
}

impl Metrics {
    pub(super) fn new(aggregate: Arc<Aggregate>, resource: Resource, post: Post) -> Self {
        Self { aggregate, totals: Totals::default(), resource, post, started: now(), arrived: 0 }
    }

    /// What doesn't arrive now is part of the next message, so that it is lost only at the end.
    pub(super) fn send(&mut self, ending: bool) {
        let now = now();
        let totals = self.totals.update(&self.aggregate, now / 1_000_000);
        let datapoints: u64 = totals.iter().map(|total| total.count).sum();
        if datapoints == 0 {
            return;
        }
        if ending || !self.post.pauses() {
            let message = message(&self.aggregate, totals, &self.resource, self.started, now).encode_to_vec();
            if let Outcome::Sent(answer) = self.post.send(&message) {
                self.arrived = datapoints;
                HEALTH.dropped(rejected(&answer), "rejected by the receiver");
            }
        }
        if ending {
            HEALTH.dropped(datapoints - self.arrived, "not sent");
        }
    }
}

/// In data points, which are series here.
fn rejected(answer: &[u8]) -> u64 {
    let answer = ExportMetricsServiceResponse::decode(answer).unwrap_or_default();
    answer.partial_success.map_or(0, |partial| partial.rejected_data_points.unsigned_abs())
}

fn message(aggregate: &Aggregate, totals: &[Total], resource: &Resource, started: u64, now: u64) -> ExportMetricsServiceRequest {
    let mut of_metric: Vec<Vec<&Total>> = vec![Vec::new(); aggregate.metrics().len()];
    for total in totals.iter().filter(|total| total.count > 0) {
        of_metric[total.series.metric as usize].push(total);
    }
    let point = |total| Point { total, started, now };
    let metrics = (0..).zip(aggregate.metrics()).zip(of_metric).filter(|(_, totals)| !totals.is_empty());
    let metrics = metrics.map(|((index, metric), totals)| otlp::Metric {
        name: metric.name().to_owned(),
        description: metric.description().to_owned(),
        unit: ucum(metric.unit()).to_owned(),
        data: Some(data(metric, aggregate.detail(index), totals.into_iter().map(point))),
        ..otlp::Metric::default()
    });
    let metrics = otlp::ScopeMetrics { scope: Some(scope()), metrics: metrics.collect(), ..otlp::ScopeMetrics::default() };
    ExportMetricsServiceRequest {
        resource_metrics: vec![otlp::ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: vec![metrics],
            ..otlp::ResourceMetrics::default()
        }],
    }
}

/// The Unified Code for Units of Measure, as OpenTelemetry wants it.
fn ucum(unit: &Unit) -> &str {
    match unit {
        Unit::Microsecond => "us",
        Unit::Byte => "By",
        Unit::Kilobyte => "kBy",
        Unit::Megabyte => "MBy",
        unit => unit.symbol(),
    }
}

fn data<'a>(metric: &Metric, detail: &Detail, points: impl Iterator<Item = Point<'a>>) -> otlp::metric::Data {
    use otlp::metric::Data;
    use otlp::number_data_point::Value;
    match metric.kind() {
        Kind::Counter => {
            let data_points =
                points.map(|point| point.number(Value::AsInt(i64::try_from(point.total.count).unwrap_or(i64::MAX))));
            Data::Sum(otlp::Sum { data_points: data_points.collect(), aggregation_temporality: CUMULATIVE, is_monotonic: true })
        }
        Kind::Sum => {
            let data_points = points.map(|point| point.number(Value::AsDouble(point.total.sum.value()))).collect();
            let is_monotonic = metric.option("prometheus_type") != Some("gauge");
            Data::Sum(otlp::Sum { data_points, aggregation_temporality: CUMULATIVE, is_monotonic })
        }
        Kind::LastValue => {
            let data_points = points.map(|point| point.number(Value::AsDouble(point.total.last))).collect();
            Data::Gauge(otlp::Gauge { data_points })
        }
        Kind::Summary => Data::Summary(otlp::Summary { data_points: points.map(|point| point.summary()).collect() }),
        Kind::Distribution => {
            let bounds = detail.bounds().unwrap_or_default();
            let data_points = points.map(|point| point.histogram(bounds)).collect();
            Data::Histogram(otlp::Histogram { data_points, aggregation_temporality: CUMULATIVE })
        }
    }
}

#[derive(Clone, Copy)]
struct Point<'a> {
    total: &'a Total,
    started: u64,
    now: u64,
}

impl Point<'_> {
    fn number(self, value: otlp::number_data_point::Value) -> otlp::NumberDataPoint {
        otlp::NumberDataPoint {
            attributes: attributes(&self.total.series),
            start_time_unix_nano: self.started,
            time_unix_nano: self.now,
            value: Some(value),
            ..otlp::NumberDataPoint::default()
        }
    }

    fn summary(self) -> otlp::SummaryDataPoint {
        let recent = self.total.recent();
        let at = |quantile| Some(ValueAtQuantile { quantile, value: recent.quantile(quantile)? });
        otlp::SummaryDataPoint {
            attributes: attributes(&self.total.series),
            start_time_unix_nano: self.started,
            time_unix_nano: self.now,
            count: self.total.count,
            sum: self.total.sum.value(),
            quantile_values: QUANTILES.into_iter().filter_map(at).collect(),
            ..otlp::SummaryDataPoint::default()
        }
    }

    fn histogram(self, bounds: &[f64]) -> otlp::HistogramDataPoint {
        let exemplars = self.total.exemplars.iter().flatten().map(|(exemplar, taken)| otlp::Exemplar {
            time_unix_nano: taken * 1_000_000,
            span_id: exemplar.context.span_id.0.into(),
            trace_id: exemplar.context.trace_id.0.into(),
            value: Some(otlp::exemplar::Value::AsDouble(exemplar.value)),
            ..otlp::Exemplar::default()
        });
        otlp::HistogramDataPoint {
            attributes: attributes(&self.total.series),
            start_time_unix_nano: self.started,
            time_unix_nano: self.now,
            count: self.total.count,
            sum: Some(self.total.sum.value()),
            bucket_counts: self.total.buckets.clone(),
            explicit_bounds: bounds.to_vec(),
            exemplars: exemplars.collect(),
            ..otlp::HistogramDataPoint::default()
        }
    }
}

fn attributes(series: &Series) -> Vec<KeyValue> {
    let tags = series.tags.iter().map(|(key, value)| attribute(key, Any::StringValue(value.clone())));
    tags.chain(series.other.then(|| attribute("other", Any::BoolValue(true)))).collect()
}
