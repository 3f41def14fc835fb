//! The table against the messages that an OTLP receiver gets.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Metric};
use tachymeter_metrics::reporter::otlp::{Options, Otlp};

use crate::receiver::Otlp as Receiver;
use crate::table::Tags;
use crate::{Seen, Table};

fn tags(attributes: &[KeyValue]) -> Tags {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => (attribute.key.clone(), text.clone()),
        other => panic!("{attribute:?} is {other:?}"),
    };
    attributes.iter().map(text).collect()
}

fn seen(metric: &Metric) -> Vec<Seen> {
    let of = |attributes: &[KeyValue]| Seen { metric: metric.name.clone(), tags: tags(attributes), ..Seen::default() };
    let cumulative = AggregationTemporality::Cumulative as i32;
    match metric.data.as_ref().expect("data") {
        Data::Sum(sum) => {
            assert_eq!(sum.aggregation_temporality, cumulative);
            let point = |point: &opentelemetry_proto::tonic::metrics::v1::NumberDataPoint| match point.value {
                Some(Value::AsInt(count)) => Seen { count: Some(count as u64), ..of(&point.attributes) },
                Some(Value::AsDouble(sum)) => Seen { sum: Some(sum), ..of(&point.attributes) },
                None => panic!("{point:?}"),
            };
            sum.data_points.iter().map(point).collect()
        }
        Data::Gauge(gauge) => {
            let value = |value| if let Some(Value::AsDouble(value)) = value { Some(value) } else { None };
            gauge.data_points.iter().map(|point| Seen { last: value(point.value), ..of(&point.attributes) }).collect()
        }
        Data::Summary(summary) => {
            let point = |point: &opentelemetry_proto::tonic::metrics::v1::SummaryDataPoint| Seen {
                count: Some(point.count),
                sum: Some(point.sum),
                quantiles: point.quantile_values.iter().map(|at| (at.quantile, at.value)).collect(),
                ..of(&point.attributes)
            };
            summary.data_points.iter().map(point).collect()
        }
        Data::Histogram(histogram) => {
            assert_eq!(histogram.aggregation_temporality, cumulative);
            let point = |point: &opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint| {
                let mut up_to = 0;
                let bounds = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
                let buckets = bounds.zip(&point.bucket_counts).map(|(bound, count)| {
                    up_to += count;
                    (bound, up_to)
                });
                assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
                Seen { count: Some(point.count), sum: point.sum, buckets: buckets.collect(), ..of(&point.attributes) }
            };
            histogram.data_points.iter().map(point).collect()
        }
        other @ Data::ExponentialHistogram(_) => panic!("{other:?}"),
    }
}

#[test]
fn otlp_shows_the_table() {
    let table = Table::load();
    let receiver = Receiver::start("127.0.0.1:0");
    let otlp = Otlp::start(table.metrics(), vec![], Options { endpoint: receiver.endpoint(), ..Options::default() }).unwrap();
    table.run();
    drop(otlp);
    let request = receiver.requests.recv().unwrap();
    assert_eq!(request.path, "/v1/metrics");
    let metrics = request.metrics();
    for metric in &metrics {
        let defined = table.metrics().into_iter().find(|defined| defined.name() == metric.name).expect("in the table");
        let kind = match metric.data.as_ref().unwrap() {
            Data::Sum(sum) if sum.is_monotonic => ["counter", "sum"].as_slice(),
            Data::Sum(_) => &["sum"],
            Data::Gauge(_) => &["last_value"],
            Data::Summary(_) => &["summary"],
            _ => &["distribution"],
        };
        assert!(kind.contains(&defined.kind().as_str()), "{metric:?}");
    }
    let all: Vec<Seen> = metrics.iter().flat_map(seen).collect();
    // A percentile that is just as wrong as it may be.
    table.check("OTLP", &all, f64::EPSILON);
}
