//! Tachymeter's side of the comparison.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use tachymeter::Attached;

use crate::{effort, verdict};

tachymeter::events! {
    /// Events of this benchmark.
    pub EVENTS;
    /// Nobody attaches to it.
    pub event QUIET = "bench.quiet" { duration, bytes, count } [method, route, status];
    /// Somebody does.
    pub event HEARD = "bench.heard" { duration, bytes, count } [method, route, status];
    /// A span.
    pub span SPAN = "bench.span" { bytes } [method, route, status];
}

macro_rules! emit {
    ($event:ident, $calls:ident) => {
        for call in 0..$calls {
            tachymeter::execute!($event,
                { duration: black_box(call), bytes: call, count: 1u64 },
                { method: black_box("GET"), route: "/users/{id}", status: 200u16 });
        }
    };
}

pub(crate) fn quiet(calls: u64) {
    emit!(QUIET, calls);
}

pub(crate) fn heard(calls: u64) {
    emit!(HEARD, calls);
}

pub(crate) fn span(calls: u64) {
    for call in 0..calls {
        let span = SPAN.start(&[("method", black_box("GET").into()), ("route", "/users/{id}".into())]);
        span.stop(&[("bytes", call.into())], &[("status", 200u16.into())]);
    }
}

pub(crate) fn attach(handlers: usize) -> Vec<Attached> {
    let one = |n| attach_noop(&format!("noop {n}"), "bench.heard");
    (0..handlers).map(one).collect()
}

/// A handler that looks at each value.
pub(crate) fn attach_reader() -> Attached {
    let read = |event: &tachymeter::Emission<'_>| {
        event.measurements().iter().for_each(|pair| _ = black_box(pair));
        event.metadata().iter().for_each(|pair| _ = black_box(pair));
    };
    tachymeter::attach("reader", &["bench.heard"], read).expect("the id is free")
}

pub(crate) fn attach_spans() -> [Attached; 2] {
    [attach_noop("start", "bench.span.start"), attach_noop("stop", "bench.span.stop")]
}

fn attach_noop(id: &str, name: &str) -> Attached {
    tachymeter::attach(id, &[name], |event| _ = black_box(event.name())).expect("the id is free")
}

/// Calls per nanosecond of one thread beside those of two: the best of many rounds each.
pub(crate) fn two_threads() {
    let (rounds, calls) = effort();
    let calls = calls * 20;
    let per_call = |threads: u64| {
        let start = Instant::now();
        thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(|| heard(calls))));
        start.elapsed().as_nanos() as f64 / (calls * threads) as f64
    };
    let (mut one, mut two) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..rounds {
        (one, two) = (one.min(per_call(1)), two.min(per_call(2)));
    }
    println!("\ntwo threads, the same event: {one:.2} ns per call alone, {two:.2} ns together");
    verdict("of one thread's time per call", two / one, 1.0 / 1.8, "times");
}

/// Attaching and detaching with 10,000 others on events of their own, and with 10,000 others on the same event.
pub(crate) fn ten_thousand() {
    for (what, same) in [("on other events", false), ("on the same event", true)] {
        let name = |n: usize| if same { "bench.crowd".to_owned() } else { format!("bench.crowd.{n}") };
        let others: Vec<_> = (0..10_000).map(|n| attach_noop(&format!("{what} {n}"), &name(n))).collect();
        let (mut attached, mut detached) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..effort().0 {
            let start = Instant::now();
            let guard = tachymeter::attach("one more", &["bench.crowd"], |_| {}).expect("the id is free");
            attached = attached.min(start.elapsed().as_secs_f64() * 1e3);
            let start = Instant::now();
            drop(guard);
            detached = detached.min(start.elapsed().as_secs_f64() * 1e3);
        }
        println!("\n10,000 handlers {what}");
        verdict("to attach", attached, 1.0, "ms");
        verdict("to detach", detached, 1.0, "ms");
        // Last first: from the front each removal would move all others.
        others.into_iter().rev().for_each(drop);
    }
}
