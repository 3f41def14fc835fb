//! What differs in a browser: the clock, the random ids, and that there is one thread.
#![cfg(target_arch = "wasm32")]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tachymeter::testing::{capture, freeze_clock};
use tachymeter::{Context, Value, attach, clock, execute};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// A click.
    pub event CLICK = "web.click" { count } [button];
    /// Some work.
    pub span WORK = "web.work" { items } [part];
}

#[wasm_bindgen_test]
fn the_clock_goes_forward() {
    let before = clock::now();
    let mut last = before;
    while last.since(before) < Duration::from_millis(5) {
        let now = clock::now();
        assert!(now >= last);
        last = now;
    }
    let frozen = freeze_clock();
    let before = clock::now();
    frozen.advance(Duration::from_secs(3));
    assert_eq!(clock::now().since(before), Duration::from_secs(3));
    drop(frozen);
    assert!(clock::now() >= last, "the real one is back");
}

#[wasm_bindgen_test]
fn a_handler_hears_events_until_it_is_detached() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    assert!(!CLICK.is_attached());
    let attached = attach("web.counter", &["web.click"], move |event| {
        assert!(event.get("button").is_some_and(|value| value.as_str() == Some("red")));
        count.fetch_add(1, Ordering::Relaxed);
    });
    let attached = attached.expect("nobody has this id");
    assert!(CLICK.is_attached());
    execute!(CLICK, { count: 1u64 }, { button: "red" });
    execute!(CLICK, { count: 1u64 }, { button: "red" });
    drop(attached);
    execute!(CLICK, { count: 1u64 }, { button: "red" });
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[wasm_bindgen_test]
fn a_span_has_a_start_and_one_end_and_children() {
    let events = capture(&["web.work.start", "web.work.stop", "web.work.exception", "web.work.aborted"]);
    let frozen = freeze_clock();
    let outer = WORK.start(&[("part", "outer".into())]);
    let place = outer.context();
    outer.in_scope(|| {
        assert_eq!(Context::current(), Some(place));
        frozen.advance(Duration::from_millis(2));
        drop(WORK.start(&[("part", "dropped".into())]));
        WORK.start(&[("part", "broken".into())]).exception("io", "nothing there");
    });
    assert_eq!(Context::current(), None);
    outer.stop(&[("items", 3u64.into())], &[]);
    let seen = events.take();
    let names: Vec<_> = seen.iter().map(|event| (event.name.as_str(), event.get("part").unwrap_or_default())).collect();
    assert_eq!(
        names,
        [
            ("web.work.start", "outer"),
            ("web.work.start", "dropped"),
            ("web.work.aborted", "dropped"),
            ("web.work.start", "broken"),
            ("web.work.exception", "broken"),
            ("web.work.stop", "outer"),
        ]
    );
    assert_eq!((seen[4].get("kind"), seen[4].get("reason")), (Some("io"), Some("nothing there")));
    assert!(seen[1..5].iter().all(|event| event.parent_id == Some(place.span_id)));
    assert!(seen.iter().all(|event| event.context.is_some_and(|context| context.trace_id == place.trace_id)));
    assert_eq!(seen[5].measurement("duration"), Some(Value::Duration(Duration::from_millis(2))));
    assert_eq!(seen[5].measurement("items"), Some(Value::Uint(3)));
}

#[wasm_bindgen_test]
fn ids_are_random() {
    let places: Vec<Context> = (0..1_000).map(|_| WORK.start_under(None, &[]).context()).collect();
    let spans: HashSet<_> = places.iter().map(|place| place.span_id).collect();
    let traces: HashSet<_> = places.iter().map(|place| place.trace_id).collect();
    assert_eq!((spans.len(), traces.len()), (1_000, 1_000));
    // Each bit of each id is set about half of the time; eight standard deviations are 126.
    for bit in 0..64 {
        let ones = spans.iter().filter(|id| u64::from_be_bytes(id.0) >> bit & 1 == 1).count();
        assert!((374..=626).contains(&ones), "bit {bit} is set in {ones} of 1000");
    }
}
