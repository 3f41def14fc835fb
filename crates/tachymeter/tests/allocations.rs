//! What allocates, counted per thread: neither an event nor a span with small metadata.
#![cfg(not(target_arch = "wasm32"))]

use allocation_counter::{AllocationInfo, measure};
use std::time::Duration;

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// Nobody attaches to it.
    pub event QUIET = "allocations.quiet" { duration, bytes, count } [method, route, status];
    /// Somebody does.
    pub event HEARD = "allocations.heard" { duration, bytes, count } [method, route, status];
    /// A span.
    pub span SPAN = "allocations.span" { bytes } [method, route, status];
}

/// The first call of a thread sets things up; from the second on nothing is allocated.
fn second(run: impl Fn()) -> AllocationInfo {
    run();
    measure(run)
}

#[test]
fn an_event_without_a_handler_allocates_nothing() {
    let info = second(|| tachymeter::execute!(QUIET, { bytes: 1u64 }, { method: &"GET".repeat(100) }));
    assert_eq!(info.count_total, 0);
}

#[test]
fn an_event_with_handlers_allocates_nothing() {
    let handler =
        |event: &tachymeter::Emission<'_>| assert!(event.measurement("count").is_some() && event.get("route").is_some());
    let _attached =
        [1, 2, 3, 4, 5].map(|n| tachymeter::attach(&format!("allocations {n}"), &["allocations.heard"], handler).unwrap());
    let info = second(|| {
        tachymeter::execute!(HEARD,
            { duration: Duration::from_millis(3), bytes: 12u64, count: 1u64 },
            { method: "GET", route: "/users/{id}", status: 200u16 });
    });
    assert_eq!(info.count_total, 0);
    let info = second(|| tachymeter::execute("allocations.heard", &[("count", 1u64.into())], &[("route", "/".into())]));
    // In debug builds a name is looked up among the declared ones, to warn of keys that it doesn't declare.
    assert!(cfg!(debug_assertions) || info.count_total == 0);
}

#[test]
fn a_span_with_small_metadata_allocates_nothing() {
    let _attached = tachymeter::attach("allocations span", &["allocations.span.start", "allocations.span.stop"], |_| {}).unwrap();
    let info = second(|| {
        let mut span = SPAN.start(&[("method", "GET".into()), ("route", "/users/{id}".into())]);
        span.set("status", 200u16);
        span.stop(&[("bytes", 12u64.into())], &[]);
    });
    assert_eq!(info.count_total, 0);
}
