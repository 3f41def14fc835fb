//! What an event says to a metric.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tachymeter::{Emission, Value};
use tachymeter_metrics::{Kind, Metric, MetricBuilder, Skip, Unit, extract};

type Pairs<'a> = &'a [(&'a str, Value<'a>)];
type Found = Result<(f64, Vec<(String, String)>), Skip>;

/// What one event gives a metric; each event name may be used by one test at a time.
fn found(builder: MetricBuilder, event: &'static str, measurements: Pairs<'_>, metadata: Pairs<'_>) -> Found {
    let metric = builder.event(event).build().unwrap();
    let result = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&result);
    let take = move |emission: &Emission<'_>| {
        let datapoint = extract(&metric, emission);
        *slot.lock().unwrap() = Some(datapoint.map(|point| (point.value, point.tags())));
    };
    let _attached = tachymeter::attach(event, &[event], take).unwrap();
    tachymeter::execute(event, measurements, metadata);
    result.lock().unwrap().take().expect("the handler ran")
}

fn value(builder: MetricBuilder, event: &'static str, measured: Value<'_>) -> Result<f64, Skip> {
    found(builder, event, &[("n", measured)], &[]).map(|(value, _)| value)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn floats_stay_floats_and_durations_take_the_unit() {
    let event = "test.values";
    let sum = || Metric::sum("n");
    assert_eq!(value(sum(), event, 0.1.into()), Ok(0.1));
    assert_eq!(value(sum(), event, (-3i64).into()), Ok(-3.0));
    assert_eq!(value(sum(), event, Duration::from_millis(1_500).into()), Ok(1.5));
    let ms = sum().unit(Unit::Millisecond);
    assert_eq!(value(ms, event, Duration::from_micros(1_500).into()), Ok(1.5));
    let converted = sum().convert(Unit::Nanosecond, Unit::Microsecond);
    assert_eq!(value(converted, event, 1_234u64.into()), Ok(1.234));
}

#[test]
fn what_is_absent_or_no_number_is_skipped() {
    let event = "test.skips";
    for make in [|| Metric::sum("n"), || Metric::summary("n"), || Metric::last_value("n"), || Metric::distribution("n")] {
        assert_eq!(value(make(), event, "12".into()), Err(Skip::NotANumber));
        assert_eq!(value(make(), event, true.into()), Err(Skip::NotANumber));
        assert_eq!(value(make(), event, f64::NAN.into()), Err(Skip::NotFinite));
        assert_eq!(value(make(), event, f64::INFINITY.into()), Err(Skip::NotFinite));
        assert_eq!(value(make().unit(Unit::Byte), event, Duration::ZERO.into()), Err(Skip::NotANumber));
        assert_eq!(found(make(), event, &[("m", 1u64.into())], &[]), Err(Skip::Missing));
    }
}

#[test]
fn a_counter_counts_one_for_whatever_is_there() {
    let event = "test.counter";
    for measured in [Value::Uint(7), Value::Float(f64::NAN), Value::Str("x"), Value::Bool(false)] {
        assert_eq!(value(Metric::counter("n"), event, measured), Ok(1.0));
    }
    assert_eq!(found(Metric::counter("n"), event, &[], &[]), Err(Skip::Missing));
}

#[test]
fn a_measurement_may_be_computed() {
    let event = "test.computed";
    let ratio = Metric::summary("n").measurement_with(|e| {
        let (a, b) = (e.measurement("a")?.as_f64()?, e.measurement("b")?.as_f64()?);
        Some((a / b).into())
    });
    let given: Pairs<'_> = &[("a", 3u64.into()), ("b", 2u64.into())];
    assert_eq!(found(ratio, event, given, &[]).unwrap().0, 1.5);
    let none = Metric::summary("n").measurement_with(|_| None);
    assert_eq!(found(none, event, given, &[]), Err(Skip::Missing));
}

#[test]
fn keep_and_drop_see_the_event_as_it_was_emitted() {
    let event = "test.keep";
    let big = |e: &Emission<'_>| e.measurement("n").and_then(|n| n.as_f64()) > Some(5.0);
    let unseen = Metric::sum("n").tag_values(|_| vec![("made".into(), "yes".into())]).keep(|e| e.get("made").is_none());
    assert_eq!(value(unseen, event, 1u64.into()), Ok(1.0));
    assert_eq!(value(Metric::sum("n").keep(big), event, 9u64.into()), Ok(9.0));
    assert_eq!(value(Metric::sum("n").keep(big), event, 1u64.into()), Err(Skip::Filtered));
    assert_eq!(value(Metric::sum("n").drop(big), event, 9u64.into()), Err(Skip::Filtered));
    assert_eq!(value(Metric::sum("n").drop(big), event, 1u64.into()), Ok(1.0));
}

#[test]
fn tags_by_key_by_value_and_by_function() {
    let event = "test.tags";
    let n: Pairs<'_> = &[("n", 1u64.into())];
    let metadata: Pairs<'_> = &[("status", 200u64.into()), ("route", "/a".into()), ("rest", "x".into())];
    let tags = |builder: MetricBuilder| found(builder, event, n, metadata).unwrap().1;
    assert!(tags(Metric::sum("n")).is_empty());
    let keys = Metric::sum("n").tags(&["route", "status", "absent"]);
    assert_eq!(tags(keys), pairs(&[("route", "/a"), ("status", "200")]));
    let over = Metric::sum("n")
        .tags(&["status", "class"])
        .tag_values(|e| vec![("class".into(), "2xx".into()), ("unasked".into(), e.name().into())]);
    assert_eq!(tags(over), pairs(&[("status", "200"), ("class", "2xx")]));
    let replaced = Metric::sum("n").tags(&["route"]).tag_values(|_| vec![("route".into(), "/b".into())]);
    assert_eq!(tags(replaced), pairs(&[("route", "/b")]));
    let with = Metric::sum("n").tags_with(|e| vec![("event".into(), e.name().into())]);
    assert_eq!(tags(with), pairs(&[("event", event)]));
}

#[test]
fn another_event_is_not_the_metrics() {
    let metric = Metric::sum("test.foreign.n").build().unwrap();
    let result = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&result);
    let _attached = tachymeter::attach("test.other", &["test.other"], move |e: &Emission<'_>| {
        *slot.lock().unwrap() = Some(extract(&metric, e).map(|_| ()));
    })
    .unwrap();
    tachymeter::execute("test.other", &[("n", 1u64.into())], &[]);
    assert_eq!(result.lock().unwrap().take(), Some(Err(Skip::Filtered)));
}

#[test]
fn the_kinds_have_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
}
