//! What events and spans cost, beside `tracing`, `metrics` and `opentelemetry` in one run: `cargo bench -p tachymeter`.
//!
//! Every case is measured in many short rounds, in turn with its peers, and the best round counts: what the machine can do when nobody
//! else uses it. So the ratios hold on a busy machine too. Each line says its budget and whether it was met.
#![expect(clippy::print_stdout, reason = "a benchmark talks to a person")]

mod others;
mod ours;

use std::time::Instant;

/// One way to do one thing: runs it so many times.
type Case = (&'static str, fn(u64));

/// Nanoseconds per call of each case, in its best round.
fn compare(cases: &[Case]) -> Vec<f64> {
    let (rounds, calls) = effort();
    let mut best = vec![f64::INFINITY; cases.len()];
    for _ in 0..rounds {
        for ((_, run), best) in cases.iter().zip(&mut best) {
            let start = Instant::now();
            run(calls);
            *best = best.min(start.elapsed().as_nanos() as f64 / calls as f64);
        }
    }
    best
}

/// Rounds, and calls in each; `cargo test --benches` only wants to know that it runs.
fn effort() -> (u64, u64) {
    if std::env::args().any(|arg| arg == "--bench") { (200, 5_000) } else { (1, 10) }
}

fn report(what: &str, limit: f64, times: f64, cases: &[Case]) {
    let best = compare(cases);
    let peer = best[1..].iter().copied().fold(f64::INFINITY, f64::min);
    println!("\n{what}");
    for ((name, _), took) in cases.iter().zip(&best) {
        println!("  {name:<46} {took:8.2} ns {:6.2} of ours", took / best[0]);
    }
    verdict("in itself", best[0], limit, "ns");
    if times.is_finite() {
        verdict("of the cheapest peer in the list", best[0] / peer, times, "times");
    }
}

fn verdict(what: &str, value: f64, limit: f64, unit: &str) {
    let met = if value <= limit { "met" } else { "MISSED" };
    if limit.is_finite() {
        println!("  budget {what}: {value:.2} {unit}, at most {limit} {unit}: {met}");
    }
}

fn main() {
    report(
        "nobody attached; 3 measurements, 3 tags",
        f64::INFINITY,
        1.2,
        &[("execute!", ours::quiet), ("tracing, disabled", others::tracing)],
    );
    println!("  (metrics without a recorder: {:.2} ns)", compare(&[("", others::metrics)])[0]);

    others::enable();
    let noop = ours::attach(1);
    let cases: [Case; 3] = [
        ("execute!, one handler that does nothing", ours::heard),
        ("tracing, a subscriber that does nothing", others::tracing),
        ("metrics, a recorder that does nothing", others::metrics),
    ];
    report("one handler; 3 measurements, 3 tags", 30.0, f64::INFINITY, &cases);
    others::aggregate();
    let registry: [Case; 4] = [
        ("execute!, one handler that does nothing", ours::heard),
        ("metrics, a counter in a simple registry", others::metrics),
        ("opentelemetry, a counter", others::opentelemetry_counter),
        ("opentelemetry, a histogram", others::opentelemetry_histogram),
    ];
    report("the same beside what aggregates (no budget)", f64::INFINITY, f64::INFINITY, &registry);
    ours::two_threads();
    drop(noop);

    let five = ours::attach(5);
    report("five handlers", 60.0, f64::INFINITY, &[("execute!", ours::heard)]);
    drop(five);

    let ends = ours::attach_spans();
    let cases: [Case; 3] = [
        ("start and stop, a handler each", ours::span),
        ("tracing, a subscriber with clock and ids", others::timed),
        ("tracing, a layer that keeps them in the registry", others::registry),
    ];
    report("a span; 3 fields", 150.0, f64::INFINITY, &cases);
    let cheapest: [Case; 2] = [cases[0], ("tracing, a subscriber that does nothing", others::tracing_span)];
    report("the same beside a span without clock, ids and end", f64::INFINITY, 1.0, &cheapest);
    drop(ends);
    report("a span that nobody listens to (no budget)", f64::INFINITY, f64::INFINITY, &[("start and stop", ours::span)]);
    others::read();
    let reader = ours::attach_reader();
    let cases: [Case; 2] = [("execute!, a handler", ours::heard), ("tracing, a subscriber", others::tracing)];
    report("every value is looked at; 3 measurements, 3 tags", 30.0, 0.5, &cases);
    drop(reader);
    ours::ten_thousand();
}
