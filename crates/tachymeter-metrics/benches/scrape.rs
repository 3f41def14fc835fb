//! What a page for Prometheus costs: 2,000 series, beside `metrics-exporter-prometheus` with the same data.
//!
//! `cargo bench -p tachymeter-metrics --features full --bench scrape`. Prints one line per figure; compare within one run only.
#![expect(clippy::print_stdout, reason = "a benchmark talks to a person")]

use std::hint::black_box;
use std::time::Instant;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tachymeter_metrics::reporter::{Format, Prometheus};
use tachymeter_metrics::{Buckets, Limits, Metric};

/// Series of each of the four kinds.
const EACH: usize = 500;
/// Values that each series gets between two pages.
const VALUES: usize = 20;
const BOUNDS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

fn main() {
    let runs = if std::env::args().any(|arg| arg == "--bench") { 200 } else { 2 };
    let routes: Vec<String> = (0..EACH).map(|n| format!("/users/{{id}}/things/{n}")).collect();
    let prometheus = start();
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("bench_scrape_spread".into()), &BOUNDS)
        .expect("there are buckets")
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("nobody else installs one");
    let (mut ours, mut text, mut theirs) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    let (mut lines, mut their_lines) = (0, 0);
    for run in 0..runs {
        execute(&routes, run);
        ours = ours.min(milliseconds(|| prometheus.page(Format::OpenMetrics), &mut lines));
        execute(&routes, run + 1);
        text = text.min(milliseconds(|| prometheus.page(Format::Text), &mut lines));
        record(&routes, run);
        // Which it does by itself every few seconds.
        handle.run_upkeep();
        theirs = theirs.min(milliseconds(|| handle.render(), &mut their_lines));
    }
    println!("page of 2,000 series, OpenMetrics    {ours:8.2} ms");
    println!("the same as text, {lines} lines       {text:8.2} ms");
    println!("metrics-exporter-prometheus, {their_lines} {theirs:8.2} ms; ours is {:.2} of it", text / theirs);
}

fn milliseconds(page: impl FnOnce() -> String, lines: &mut usize) -> f64 {
    let start = Instant::now();
    let page = black_box(page());
    let took = start.elapsed().as_secs_f64() * 1e3;
    *lines = page.lines().count();
    took
}

fn start() -> Prometheus {
    let buckets = Buckets::explicit(BOUNDS).expect("they ascend");
    let builders = [
        Metric::counter("bench.scrape.count").measurement("took"),
        Metric::last_value("bench.scrape.latest").measurement("took"),
        Metric::summary("bench.scrape.took"),
        Metric::distribution("bench.scrape.spread").measurement("took").buckets(buckets),
    ];
    let metrics = builders.map(|builder| builder.tags(&["route", "status"]).build().expect("is well formed"));
    let limits = Limits { series: 4 * EACH, series_per_metric: EACH, ..Limits::default() };
    Prometheus::start(metrics.into(), limits).expect("has metrics")
}

fn value(run: usize, n: usize) -> f64 {
    10f64.powf(((run * 31 + n * 7) % 300) as f64 / 100.0)
}

fn execute(routes: &[String], run: usize) {
    for (n, route) in routes.iter().enumerate() {
        for at in 0..VALUES {
            let took = value(run, n + at);
            tachymeter::execute("bench.scrape", &[("took", took.into())], &[("route", route.into()), ("status", 200u64.into())]);
        }
    }
}

fn record(routes: &[String], run: usize) {
    for (n, route) in routes.iter().enumerate() {
        for at in 0..VALUES {
            let took = value(run, n + at);
            metrics::counter!("bench_scrape_count", "route" => route.clone(), "status" => "200").increment(1);
            metrics::gauge!("bench_scrape_latest", "route" => route.clone(), "status" => "200").set(took);
            metrics::histogram!("bench_scrape_took", "route" => route.clone(), "status" => "200").record(took);
            metrics::histogram!("bench_scrape_spread", "route" => route.clone(), "status" => "200").record(took);
        }
    }
}
