//! What of Prometheus' pages is not in the table: exemplars, names and labels that don't fit, and who disturbs whom.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tachymeter::{Context, Value};
use tachymeter_metrics::reporter::{Format, Prometheus};
use tachymeter_metrics::{Limits, Metric, MetricBuilder, Unit};

use crate::page::parse;
use crate::table::Tags;

fn start(builders: impl IntoIterator<Item = MetricBuilder>) -> Prometheus {
    let metrics = builders.into_iter().map(|builder| builder.build().unwrap()).collect();
    Prometheus::start(metrics, Limits::default()).unwrap()
}

fn refusal(builders: impl IntoIterator<Item = MetricBuilder>) -> String {
    let metrics = builders.into_iter().map(|builder| builder.build().unwrap()).collect();
    Prometheus::start(metrics, Limits::default()).unwrap_err().to_string()
}

#[test]
fn an_exemplar_leads_to_the_trace_of_the_greatest_value() {
    let prometheus = start([
        Metric::distribution("scrape.exemplar.took").unit(Unit::Millisecond),
        Metric::counter("scrape.exemplar.count").measurement("took"),
    ]);
    let (slow, fast) = (Context::new_root(), Context::new_root());
    for (context, ms) in [(fast, 3), (slow, 4), (fast, 3)] {
        let took = Duration::from_millis(ms);
        tachymeter::execute_for(Some(context), None, "scrape.exemplar", &[("took", took.into())], &[]);
    }
    let families = parse(&prometheus.page(Format::OpenMetrics), true);
    let family = &families["scrape_exemplar_took_seconds"];
    assert_eq!((family.kind.as_str(), family.unit.as_str()), ("histogram", "seconds"));
    let with: Vec<_> =
        family.samples.iter().filter_map(|sample| Some((sample.exemplar.as_ref()?, &sample.labels["le"]))).collect();
    let labels =
        Tags::from([("trace_id".to_owned(), slow.trace_id.to_string()), ("span_id".to_owned(), slow.span_id.to_string())]);
    assert_eq!(with, [(&(labels, 0.004), &"0.005".to_owned())]);
    let counter = families["scrape_exemplar_count"].samples[0].exemplar.as_ref();
    assert!(counter.is_some_and(|(labels, value)| labels["trace_id"] == fast.trace_id.to_string() && *value == 1.0));
    // Without a span there is none; the older format has none ever.
    tachymeter::execute("scrape.exemplar", &[("took", Duration::from_secs(9).into())], &[]);
    let again = parse(&prometheus.page(Format::OpenMetrics), true);
    assert_eq!(again["scrape_exemplar_took_seconds"].samples.iter().filter(|sample| sample.exemplar.is_some()).count(), 1);
    parse(&prometheus.page(Format::Text), false);
}

#[test]
fn names_that_collide_are_refused() {
    let same = refusal([Metric::sum("scrape.a.b_c"), Metric::sum("scrape.a_b.c")]);
    assert!(same.contains("\"scrape.a.b_c\" and \"scrape.a_b.c\" would both be \"scrape_a_b_c\""), "{same}");
    let twice = refusal([Metric::sum("scrape.a.b"), Metric::sum("scrape.a.b").tags(&["t"])]);
    assert!(twice.contains("rename one"), "{twice}");
    let suffix = refusal([Metric::summary("scrape.a.b"), Metric::last_value("scrape.a.b.count")]);
    assert!(suffix.contains("\"scrape_a_b_count\""), "{suffix}");
    let unit = refusal([
        Metric::last_value("scrape.a.b").unit(Unit::Millisecond),
        Metric::last_value("scrape.a.b_seconds").unit(Unit::Second),
    ]);
    assert!(unit.contains("\"scrape_a_b_seconds\""), "{unit}");
    let ours = refusal([Metric::counter("tachymeter.skipped.datapoints")]);
    assert!(ours.contains("\"tachymeter_skipped_datapoints\""), "{ours}");
}

#[test]
fn labels_that_collide_or_are_taken_are_refused() {
    let two = refusal([Metric::sum("scrape.a.b").tags(&["a-b", "a.b"])]);
    assert!(two.contains("tag \"a.b\"") && two.contains("label \"a_b\""), "{two}");
    assert!(refusal([Metric::distribution("scrape.a.b").tags(&["le"])]).contains("\"le\""));
    assert!(refusal([Metric::summary("scrape.a.b").tags(&["quantile"])]).contains("\"quantile\""));
    assert!(refusal([Metric::sum("scrape.a.b").tags(&["other"])]).contains("\"other\""));
    start([Metric::sum("scrape.le.b").tags(&["le", "quantile", "9x", "__y"])]);
}

#[test]
fn other_mistakes_are_refused() {
    let kind = refusal([Metric::sum("scrape.a.b").option("prometheus_type", "histogram")]);
    assert!(kind.contains("must be counter or gauge"), "{kind}");
    assert!(refusal([Metric::counter("scrape.a.b").option("prometheus_type", "gauge")]).contains("only a sum"));
    assert!(refusal([]).contains("at least one"));
}

#[test]
fn series_that_are_one_to_prometheus_are_added_up() {
    let made = Metric::sum("scrape.made.n").tags_with(|event| {
        let key = event.get("key").and_then(|key| key.as_str()).unwrap_or_default();
        vec![(key.into(), "x".into()), ("empty".into(), "".into())]
    });
    let prometheus = start([made]);
    for key in ["a.b", "a_b", "a b"] {
        tachymeter::execute("scrape.made", &[("n", 2u64.into())], &[("key", key.into())]);
    }
    let families = parse(&prometheus.page(Format::Text), false);
    let samples = &families["scrape_made_n_total"].samples;
    assert_eq!((samples.len(), samples[0].value), (1, 6.0));
    assert_eq!(samples[0].labels, Tags::from([("a_b".to_owned(), "x".to_owned())]));
}

#[test]
fn a_page_says_what_is_not_in_it() {
    let metrics = vec![Metric::sum("scrape.lost.n").tags(&["t"]).build().unwrap()];
    let limits = Limits { series: 2, ..Limits::default() };
    let prometheus = Prometheus::start(metrics, limits).unwrap();
    for t in ["a", "b", "c", "d"] {
        tachymeter::execute("scrape.lost", &[("n", 1u64.into())], &[("t", t.into())]);
    }
    tachymeter::execute("scrape.lost", &[], &[]);
    let families = parse(&prometheus.page(Format::Text), false);
    let value = |family: &str, label: &str, is: &str| {
        let found = families[family].samples.iter().find(|sample| sample.labels.get(label).is_some_and(|value| value == is));
        found.map(|sample| sample.value)
    };
    assert_eq!(value("scrape_lost_n_total", "t", "a"), Some(1.0));
    assert_eq!(value("scrape_lost_n_total", "other", "true"), Some(2.0));
    assert_eq!(value("tachymeter_skipped_datapoints_total", "reason", "missing"), Some(1.0));
    assert_eq!(families["tachymeter_other_datapoints_total"].samples[0].value, 2.0);
}

#[test]
fn what_nobody_measured_is_not_there_and_help_is_never_empty() {
    let prometheus = start([
        Metric::sum("scrape.quiet.n"),
        Metric::sum("scrape.help.n").description("back\\slash \"quote\"\nsecond line"),
        Metric::last_value("scrape.help.m").measurement("n"),
    ]);
    tachymeter::execute("scrape.help", &[("n", 1u64.into())], &[]);
    let open = parse(&prometheus.page(Format::OpenMetrics), true);
    assert!(!open.contains_key("scrape_quiet_n"));
    assert_eq!(open["scrape_help_n"].help, "back\\slash \"quote\"\nsecond line");
    assert_eq!(open["scrape_help_m"].help, "n of scrape.help");
    let text = prometheus.page(Format::Text);
    assert!(text.contains("# HELP scrape_help_n_total back\\\\slash \"quote\"\\nsecond line\n"), "{text}");
    parse(&text, false);
}

#[test]
fn pages_and_events_at_once_lose_nothing() {
    let prometheus =
        start([Metric::sum("scrape.busy.n").tags(&["thread"]), Metric::distribution("scrape.busy.d").measurement("n")]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers = [0u64, 1, 2].map(|thread| {
            scope.spawn(move || {
                for n in 0..20_000u64 {
                    tachymeter::execute("scrape.busy", &[("n", (n % 100).into())], &[("thread", thread.into())]);
                }
            })
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                parse(&prometheus.page(Format::OpenMetrics), true);
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    let families = parse(&prometheus.page(Format::OpenMetrics), true);
    assert_eq!(families["scrape_busy_n"].samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [990_000.0; 3]);
    let last = families["scrape_busy_d"].samples.iter().find(|sample| sample.name.ends_with("_count")).unwrap();
    assert_eq!(last.value, 60_000.0);
}

#[test]
fn dropped_it_is_detached() {
    let prometheus = start([Metric::sum("scrape.dropped.n")]);
    let handlers = || tachymeter::list_handlers("scrape.dropped").len();
    assert_eq!(handlers(), 1);
    drop(prometheus);
    assert_eq!(handlers(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Keys and values of any text come back from both formats: the values as they were, the keys sanitised.
    #[test]
    fn any_text_survives_the_page(values in prop::collection::btree_set(".{0,40}|[\\\\\"\n{},= ]{1,12}", 1..20)) {
        let prometheus = start([Metric::sum("scrape.any.n").tags(&["t"])]);
        for value in &values {
            tachymeter::execute("scrape.any", &[("n", 1u64.into())], &[("t", Value::Str(value))]);
        }
        for format in [Format::Text, Format::OpenMetrics] {
            let families = parse(&prometheus.page(format), format == Format::OpenMetrics);
            let family = if format == Format::Text { "scrape_any_n_total" } else { "scrape_any_n" };
            let found: BTreeSet<String> =
                families[family].samples.iter().map(|sample| sample.labels.get("t").cloned().unwrap_or_default()).collect();
            prop_assert_eq!(&found, &values);
        }
    }

    /// Whatever a function makes of an event, the page can be read.
    #[test]
    fn any_key_gives_a_page_that_can_be_read(keys in prop::collection::vec(".{0,8}|__[a-z]{0,3}|[0-9]{1,2}|quantile|other", 1..6)) {
        let made = Metric::summary("scrape.keys.n").tags_with(|event| {
            event.metadata().iter().map(|(key, value)| ((*key).into(), value.to_string().into())).collect()
        });
        let prometheus = start([made]);
        let metadata: Vec<(&str, Value<'_>)> = keys.iter().map(|key| (key.as_str(), Value::Str("x"))).collect();
        tachymeter::execute("scrape.keys", &[("n", 1.5.into())], &metadata);
        let families = parse(&prometheus.page(Format::OpenMetrics), true);
        prop_assert_eq!(families["scrape_keys_n"].samples.len(), 5);
    }
}
