//! What the browser itself saw: whether the document changed, and how long an input took by its own measure.
//!
//! The executor knows because of what a task runs, not what it did: an effect's future looks like any other. So while interactions are
//! open, a `MutationObserver` is asked after each poll, at once (`takeRecords`), whether there was a change. Otherwise it rests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use leptos::prelude::document;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MutationObserver, MutationObserverInit};

use super::{ended, tracker};

/// Less the browser doesn't report.
const THRESHOLD_MS: u32 = 16;
/// How many of the browser's entries wait for their interaction to close.
const KEPT: usize = 32;

/// An entry, with the time of its input.
type Timed = (f64, Entry);

thread_local! {
    static OBSERVER: Option<MutationObserver> = observer();
    static ON: Cell<bool> = const { Cell::new(false) };
    static TIMINGS: RefCell<(Option<Observer>, VecDeque<Timed>)> = RefCell::default();
}

fn observer() -> Option<MutationObserver> {
    // Called when nobody has taken the records: an executor that isn't ours ran the effect, or a handler changed the document itself.
    let changed = Closure::<dyn FnMut()>::new(tracker::rendered);
    let observer = MutationObserver::new(changed.as_ref().unchecked_ref()).ok();
    changed.forget();
    observer
}

/// Watches the body, or rests.
pub(super) fn set(on: bool) {
    if ON.replace(on) == on {
        return;
    }
    OBSERVER.with(|observer| {
        let (Some(observer), Some(body)) = (observer, document().body()) else { return };
        if !on {
            return observer.disconnect();
        }
        let everything = MutationObserverInit::new();
        everything.set_subtree(true);
        everything.set_child_list(true);
        everything.set_attributes(true);
        everything.set_character_data(true);
        _ = observer.observe_with_options(&body, &everything);
    });
}

/// Whether the document changed since the last time somebody asked.
pub(super) fn changed() -> bool {
    ON.get() && OBSERVER.with(|observer| observer.as_ref().is_some_and(|observer| observer.take_records().length() > 0))
}

// Event Timing is in no stable part of `web-sys`.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = PerformanceObserver)]
    type Observer;
    #[wasm_bindgen(constructor, catch, js_class = "PerformanceObserver")]
    fn new(callback: &Closure<dyn FnMut(Entries)>) -> Result<Observer, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn observe(this: &Observer, options: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = takeRecords)]
    fn take_records(this: &Observer) -> Vec<Entry>;

    type Entries;
    #[wasm_bindgen(method, js_name = getEntries)]
    fn entries(this: &Entries) -> Vec<Entry>;

    type Entry;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Entry) -> String;
    #[wasm_bindgen(method, getter, js_name = startTime)]
    fn start_time(this: &Entry) -> f64;
    #[wasm_bindgen(method, getter)]
    fn duration(this: &Entry) -> f64;
}

/// Starts to listen to Event Timing, where the browser has it.
pub(super) fn listen() {
    let keep_all = Closure::<dyn FnMut(Entries)>::new(|list: Entries| {
        keep(list.entries());
        ended::told();
    });
    let observer = Observer::new(&keep_all).ok().filter(|observer| {
        let options = js_sys::Object::new();
        for (key, value) in [("type", JsValue::from("event")), ("durationThreshold", THRESHOLD_MS.into())] {
            _ = js_sys::Reflect::set(&options, &key.into(), &value);
        }
        observer.observe(&options).is_ok()
    });
    keep_all.forget();
    TIMINGS.set((observer, VecDeque::new()));
}

fn keep(entries: Vec<Entry>) {
    TIMINGS.with_borrow_mut(|(_, kept)| {
        for entry in entries {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back((entry.start_time(), entry));
        }
    });
}

/// Whether the browser tells anything.
pub(super) fn hears_timings() -> bool {
    TIMINGS.with_borrow(|(observer, _)| observer.is_some())
}

/// The browser's own duration of an input of this type and time, in milliseconds, if it has told it by now. It tells it some frames
/// after the first paint, in steps of 8 ms, and nothing of what took less than 16.
pub(super) fn timing_of(event: &str, input: f64) -> Option<f64> {
    let fresh = TIMINGS.with_borrow(|(observer, _)| observer.as_ref().map(Observer::take_records));
    keep(fresh.unwrap_or_default());
    TIMINGS.with_borrow(|(_, kept)| {
        let mut of_that_time = kept.iter().rev().filter(|(start, _)| *start == input);
        of_that_time.find(|(_, entry)| entry.name() == event).map(|(_, entry)| entry.duration())
    })
}
