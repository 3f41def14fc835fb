//! What the table can't say as data: predicates, tags and measurements that are functions, by name.

use tachymeter::{Emission, Value};
use tachymeter_metrics::{MetricBuilder, TagPairs};

fn number(value: Option<Value<'_>>) -> Option<f64> {
    value.and_then(|value| value.as_f64())
}

fn predicate(name: &str) -> fn(&Emission<'_>) -> bool {
    match name {
        "status_is_500" => |event| number(event.get("status")) == Some(500.0),
        "n_is_at_least_10" => |event| number(event.measurement("n")).is_some_and(|n| n >= 10.0),
        name => panic!("the table names the predicate {name:?}, which isn't here"),
    }
}

pub(crate) fn keep(builder: MetricBuilder, name: &str) -> MetricBuilder {
    builder.keep(predicate(name))
}

pub(crate) fn drop(builder: MetricBuilder, name: &str) -> MetricBuilder {
    builder.drop(predicate(name))
}

pub(crate) fn tag_values(builder: MetricBuilder, name: &str) -> MetricBuilder {
    assert_eq!(name, "status_class");
    builder.tag_values(|event| {
        let class = number(event.get("status")).map(|status| format!("{}xx", status as u64 / 100));
        class.map(|class| ("status".into(), class.into())).into_iter().collect()
    })
}

pub(crate) fn tags_with(builder: MetricBuilder, name: &str) -> MetricBuilder {
    fn shape<'a>(event: &'a Emission<'_>) -> TagPairs<'a> {
        let Some(Value::Str(route)) = event.get("route") else { return vec![] };
        vec![("kind".into(), "page".into()), ("length".into(), route.len().to_string().into())]
    }
    assert_eq!(name, "shape");
    builder.tags_with(shape)
}

pub(crate) fn measure(builder: MetricBuilder, name: &str) -> MetricBuilder {
    match name {
        "per_row" => builder.measurement_with(|event| {
            let Some(Value::Duration(total)) = event.measurement("total") else { return None };
            let rows = number(event.measurement("rows")).filter(|rows| *rows > 0.0)?;
            Some(total.div_f64(rows).into())
        }),
        "length_of_route" => builder.measurement_with(|event| Some(event.get("route")?.as_str()?.len().into())),
        "ratio" => builder.measurement_with(|event| {
            let (a, b) = (number(event.measurement("a"))?, number(event.measurement("b"))?);
            Some((a / b).into())
        }),
        "text" => builder.measurement_with(|_| Some("text".into())),
        name => panic!("the table names the measurement {name:?}, which isn't here"),
    }
}
