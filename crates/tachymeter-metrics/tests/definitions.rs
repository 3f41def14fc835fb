//! What a definition may say, and what it is told if it may not.

use tachymeter_metrics::{Buckets, DefinitionError, Kind, Metric, MetricBuilder, Unit};

type Make = fn(&'static str) -> MetricBuilder;

const KINDS: [(Kind, Make); 5] = [
    (Kind::Counter, |name| Metric::counter(name)),
    (Kind::Sum, |name| Metric::sum(name)),
    (Kind::LastValue, |name| Metric::last_value(name)),
    (Kind::Summary, |name| Metric::summary(name)),
    (Kind::Distribution, |name| Metric::distribution(name)),
];

#[test]
fn a_name_is_enough() {
    for (kind, make) in KINDS {
        let metric = make("http.request.stop.duration").build().unwrap();
        assert_eq!(metric.kind(), kind);
        assert_eq!(metric.name(), "http.request.stop.duration");
        assert_eq!(metric.event(), "http.request.stop");
        assert_eq!(metric.measurement(), Some("duration"));
        assert_eq!(metric.tags(), <[String; 0]>::default());
        assert_eq!(metric.unit(), &Unit::One);
        assert_eq!(metric.description(), "");
        assert_eq!(metric.buckets().is_some(), kind == Kind::Distribution);
    }
}

#[test]
fn everything_can_be_said_otherwise() {
    for (_, make) in KINDS {
        let metric = make("logins")
            .event("auth.login")
            .measurement("count")
            .tags(&["result", "node"])
            .tag_values(|_| vec![("node".into(), "a".into())])
            .unit(Unit::Millisecond)
            .description("Logins tried")
            .option("buckets", "1,2")
            .build()
            .unwrap();
        let definition = metric.definition();
        assert_eq!((metric.name(), metric.event()), ("logins", "auth.login"));
        assert_eq!(metric.measurement(), Some("count"));
        assert_eq!(definition.tags, ["result", "node"]);
        assert_eq!((definition.unit.as_str(), definition.description.as_str()), ("ms", "Logins tried"));
        assert_eq!(metric.option("buckets"), Some("1,2"));
    }
}

#[test]
fn a_name_keeps_its_segments_beside_another_event() {
    let metric = Metric::sum("my.own.name").event("http.request.stop").build().unwrap();
    assert_eq!((metric.event(), metric.measurement()), ("http.request.stop", Some("name")));
}

/// The message of the error that building gives.
fn refused(builder: MetricBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn malformed_names_are_refused() {
    for (_, make) in KINDS {
        for name in ["", ".", ".a.b.c", "a.b.c.", "a..b.c", "A.b.c", "a b.c.d", "a.b-c.d", "ä.b.c"] {
            let error = refused(make(name).event("a.b"));
            assert!(error.contains("joined by single dots"), "{name:?}: {error}");
            let error = refused(make("x").event(name));
            assert!(error.contains("at least two segments"), "{name:?}: {error}");
        }
        assert!(refused(make("x").event("one")).contains("at least two segments"));
    }
}

#[test]
fn a_short_name_needs_an_event() {
    for name in ["count", "auth.count"] {
        let error = refused(Metric::counter(name));
        assert!(error.contains("name the event with .event(..)"), "{error}");
    }
}

#[test]
fn contradictions_are_refused() {
    let metric = || Metric::summary("a.b.c");
    let both = metric().keep(|_| true).drop(|_| true);
    assert!(refused(both).contains("both .keep(..) and .drop(..)"));
    assert!(refused(metric().tags(&["a", "a"])).contains("list each metadata key once"));
    assert!(refused(metric().tags(&[""])).contains("list each metadata key once"));
    assert!(refused(metric().tags(&["a"]).tags_with(|_| vec![])).contains("not both"));
    assert!(refused(metric().measurement("")).contains("empty measurement key"));
    assert!(refused(metric().buckets(Buckets::for_unit(&Unit::One))).contains("Metric::distribution(..)"));
    for (from, to) in [(Unit::Second, Unit::Byte), (Unit::Kilobyte, Unit::One), (Unit::One, Unit::Second)] {
        assert!(refused(metric().convert(from, to)).contains("both must be units of time, or both of bytes"));
    }
}

#[test]
fn an_error_can_be_matched_on() {
    let error = Metric::counter("count").build().unwrap_err();
    assert_eq!(error, DefinitionError::NoEvent("count".into()));
}

#[test]
fn metrics_can_be_shared_and_printed() {
    fn shareable<T: Send + Sync + Clone + std::fmt::Debug>() {}
    shareable::<Metric>();
    let metric = Metric::sum("a.b.c").tags_with(|_| vec![]).build().unwrap();
    assert!(format!("{metric:?}").contains("a.b.c"));
}
