//! OTLP against the official protobufs: a receiver in Python, with the package that `scripts/setup --tests` installs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tachymeter::Context;
use tachymeter_metrics::reporter::otlp::{Options, Otlp, Traced};
use tachymeter_metrics::{Buckets, Metric, Unit};

tachymeter::events! {
    /// What this test emits.
    pub EVENTS;
    /// A request.
    pub span REQUEST = "official.request" {} [route];
    /// A part of it.
    pub span PART = "official.part" {} [];
    /// A query.
    pub event QUERY = "official.query" { total } [label];
}

struct Receiver {
    child: Child,
    lines: BufReader<ChildStdout>,
    endpoint: String,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Receiver {
    fn start() -> Self {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"))).expect("a home");
        let python = cache.join("tachymeter/python/bin/python");
        assert!(python.exists(), "{} is missing: scripts/setup --tests makes it", python.display());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/receivers/otlp.py");
        let mut child = Command::new(python).arg(script).stdout(Stdio::piped()).spawn().expect("python starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut receiver = Self { child, lines, endpoint: String::new() };
        receiver.endpoint = format!("http://127.0.0.1:{}", receiver.next()["port"]);
        receiver
    }

    fn next(&mut self) -> Json {
        let mut line = String::new();
        assert!(self.lines.read_line(&mut line).expect("text") > 0, "the receiver has ended");
        serde_json::from_str(&line).expect("JSON")
    }
}

fn metrics() -> Vec<Metric> {
    let of = |builder: tachymeter_metrics::MetricBuilder| {
        builder.event("official.request.stop").measurement("duration").tags(&["route"])
    };
    let builders = [
        of(Metric::counter("requests")).description("How many requests"),
        Metric::sum("official.query.total").unit(Unit::Millisecond),
        Metric::last_value("last").event("official.query").measurement("total").unit(Unit::Microsecond),
        Metric::summary("official.query.summary").measurement("total").unit(Unit::Millisecond),
        Metric::distribution("official.query.spread")
            .measurement("total")
            .unit(Unit::Millisecond)
            .buckets(Buckets::explicit([2.0, 5.0]).unwrap()),
    ];
    builders.map(|builder| builder.build().unwrap()).into()
}

/// The one data point of this metric.
fn point(metrics: &Json, name: &str, kind: &str) -> Json {
    let all = metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().expect("metrics");
    let metric = all.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("no {name} in {metrics}"));
    metric[kind]["dataPoints"][0].clone()
}

#[test]
fn the_official_messages_say_the_metrics_and_a_trace_with_the_right_parents() {
    let mut receiver = Receiver::start();
    let traced = vec![
        Traced::span("official.request").server().titled("route"),
        Traced::span("official.part"),
        Traced::child("official.query", "total").titled("label"),
    ];
    let resource = vec![("service.name".to_owned(), "shop".to_owned())];
    let options =
        Options { endpoint: receiver.endpoint.clone(), resource, interval: Duration::from_secs(3_600), ..Options::default() };
    let otlp = Otlp::start(metrics(), traced, options).unwrap();
    let browser: Context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let request = REQUEST.start_under(Some(browser), &[("route", "/orders".into())]);
    request.in_scope(|| {
        PART.run(&[], || {
            for milliseconds in [1, 4, 9] {
                tachymeter::execute!(QUERY, { total: Duration::from_millis(milliseconds) }, { label: "find_order" });
            }
        });
    });
    request.stop(&[], &[]);
    drop(otlp);

    let (mut metrics, mut spans) = (Json::Null, Vec::new());
    while metrics.is_null() || spans.len() < 5 {
        let message = receiver.next();
        match message["path"].as_str() {
            Some("/v1/metrics") => metrics = message["said"].clone(),
            _ => spans.extend(message["said"].as_array().expect("spans").clone()),
        }
    }
    assert_eq!(point(&metrics, "requests", "sum")["asInt"], "1");
    assert_eq!(point(&metrics, "requests", "sum")["attributes"], json!([{"key": "route", "value": {"stringValue": "/orders"}}]));
    assert_eq!(point(&metrics, "official.query.total", "sum")["asDouble"], 14.0);
    assert_eq!(point(&metrics, "last", "gauge")["asDouble"], 9_000.0);
    let summary = point(&metrics, "official.query.summary", "summary");
    assert_eq!((&summary["count"], &summary["sum"]), (&json!("3"), &json!(14.0)));
    let spread = point(&metrics, "official.query.spread", "histogram");
    assert_eq!((&spread["bucketCounts"], &spread["explicitBounds"]), (&json!(["1", "1", "1"]), &json!([2.0, 5.0])));
    assert_eq!(spread["exemplars"].as_array().expect("exemplars").len(), 1, "the greatest value's");

    assert!(spans.iter().all(|span| span["trace"] == "0af7651916cd43dd8448eb211c80319c" && span["service"] == "shop"));
    let ids: HashMap<&str, &str> =
        spans.iter().map(|span| (span["name"].as_str().unwrap(), span["span"].as_str().unwrap())).collect();
    let parents = |name: &str| {
        spans.iter().filter(|span| span["name"] == name).map(|span| span["parent"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(parents("official.request /orders"), ["b7ad6b7169203331"]);
    assert_eq!(parents("official.part"), [ids["official.request /orders"]]);
    assert_eq!(parents("official.query find_order"), [ids["official.part"]; 3]);
    let lengths: Vec<_> = spans
        .iter()
        .filter(|span| span["name"] == "official.query find_order")
        .map(|span| span["nanoseconds"].as_u64().unwrap())
        .collect();
    assert_eq!(lengths, [1_000_000, 4_000_000, 9_000_000]);
}
