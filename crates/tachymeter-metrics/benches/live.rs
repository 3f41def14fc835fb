//! What the live store costs: one datapoint, beside `metrics` with `metrics-exporter-prometheus`, two threads, a tick, and an hour of
//! 2,000 series in memory.
//!
//! `cargo bench -p tachymeter-metrics --features full --bench live`. Prints one line per figure; compare within one run only.
#![expect(clippy::print_stdout, reason = "a benchmark talks to a person")]

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tachymeter_metrics::{Limits, Live, Metric, Unit};

tachymeter::events! {
    /// Events of this benchmark.
    pub EVENTS;

    /// A request ended.
    pub event REQUEST = "bench.request" { duration, bytes } [method, route, status];
}

const T: u64 = 1_700_000_000_000;
/// Short runs and many of them: the best is what the machine can do when nobody else uses it.
const EVENTS_EACH: u64 = 20_000;
const RUNS: u64 = 500;
const METHODS: [&str; 2] = ["GET", "POST"];
const STATUSES: [&str; 2] = ["200", "404"];

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (events, runs) = if is_bench { (EVENTS_EACH, RUNS) } else { (1_000, 1) };
    let nobody = best(runs, || per_event(1, events, ours), || ());
    println!("execute, nobody attached            {nobody:8.1} ns");
    let _noop = tachymeter::attach("noop", &["bench.request"], |event| _ = black_box(event.name())).expect("is free");
    let alone = best(runs, || per_event(1, events, ours), || ());
    println!("execute, a handler that does nothing{alone:8.1} ns (in the figures below too)");
    let mut three = 0.0;
    for (what, keys) in [("no tags", &[][..]), ("2 tags", &["route", "status"]), ("3 tags", &["method", "route", "status"])] {
        let (live, attached) = store(keys);
        let tick = || _ = live.tick(T);
        let one = best(runs, || per_event(1, events, ours), tick);
        let two = best(runs, || per_event(2, events, ours), tick);
        println!("one summary, {what}: 1 thread        {one:8.1} ns; 2 threads {:.2} times", 2.0 * one / two);
        drop(attached);
        three = one;
    }
    let peer = peer(events, runs);
    println!("metrics + exporter, 3 labels        {peer:8.1} ns; ours is {:.2} of it", three / peer);
    if !std::env::args().any(|arg| arg == "--hot") {
        memory(if is_bench { 3_600 } else { 5 });
    }
}

/// A histogram of `metrics` with the same labels, in `metrics-exporter-prometheus`.
fn peer(events: u64, runs: u64) -> f64 {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("nobody else installs one");
    let theirs = |n: u64| {
        let (duration, method, status) = request(n);
        metrics::histogram!("bench_request_duration", "method" => method, "route" => "/buttons", "status" => status)
            .record(duration.as_secs_f64());
    };
    best(runs, || per_event(1, events, theirs), || handle.run_upkeep())
}

fn store(keys: &[&str]) -> (Arc<Live>, tachymeter::Attached) {
    let metric = Metric::summary("bench.request.duration").tags(keys).unit(Unit::Millisecond);
    let live = Live::new(vec![metric.build().expect("is well formed")], Limits::default());
    let attached = live.attach().expect("has an event");
    (live, attached)
}

fn best(runs: u64, mut run: impl FnMut() -> f64, mut between: impl FnMut()) -> f64 {
    (0..runs).fold(f64::INFINITY, |best, _| {
        let took = run();
        between();
        best.min(took)
    })
}

fn request(n: u64) -> (Duration, &'static str, &'static str) {
    let at = black_box((n % 2) as usize);
    (Duration::from_micros(100 + n % 10_000), METHODS[at], STATUSES[at])
}

fn ours(n: u64) {
    let (duration, method, status) = request(n);
    tachymeter::execute!(REQUEST, { duration: duration, bytes: n }, { method: method, route: "/buttons", status: status });
}

/// Nanoseconds per event of each thread; that of the slower one.
fn per_event(threads: usize, events: u64, event: impl Fn(u64) + Sync) -> f64 {
    let start = Barrier::new(threads);
    let run = || {
        (0..100).for_each(&event);
        start.wait();
        let start = Instant::now();
        (0..events).for_each(&event);
        start.elapsed().as_nanos() as f64 / events as f64
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        others.into_iter().fold(run(), |slowest, other| slowest.max(other.join().expect("no panic")))
    })
}

/// Fills 2,000 series for an hour; says what that takes.
fn memory(seconds: u64) {
    let metric = Metric::summary("bench.memory.n").tags(&["id"]).build().expect("is well formed");
    let limits = Limits { series_per_metric: 2_000, ..Limits::default() };
    let live = Live::new(vec![metric], limits);
    let _attached = live.attach().expect("has an event");
    let before = resident_kb();
    let (mut ticks, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for second in 1..=seconds {
        for id in 0..2_000u64 {
            // Two and a half decades per series and second.
            let value = 10f64.powf(((id * 7 + second * 13) % 250) as f64 / 100.0);
            tachymeter::execute("bench.memory", &[("n", value.into())], &[("id", id.into())]);
            tachymeter::execute("bench.memory", &[("n", (1.0 / value).into())], &[("id", id.into())]);
        }
        let start = Instant::now();
        black_box(live.tick(T + second * 1_000));
        ticks += start.elapsed();
        slowest = slowest.max(start.elapsed());
        if second * 4 % seconds == 0 {
            let grown = (resident_kb() - before) / 1_000;
            println!("2,000 series, {second:5} seconds         {grown:8} MB");
        }
    }
    println!(
        "tick with 2,000 series changed      {:8.2} ms, at most {:.2}",
        ticks.as_secs_f64() * 1e3 / seconds as f64,
        slowest.as_secs_f64() * 1e3
    );
    let start = Instant::now();
    let snapshot = live.snapshot_of(T + seconds * 1_000, Duration::from_secs(60));
    println!("snapshot of their last minute       {:8.2} ms", start.elapsed().as_secs_f64() * 1e3);
    black_box(snapshot);
}

/// This process's resident memory; 0 where there is no such file.
fn resident_kb() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
