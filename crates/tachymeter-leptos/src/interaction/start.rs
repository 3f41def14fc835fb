//! The one line that an application calls in the browser before Leptos starts.

use std::cell::Cell;

use any_spawner::Executor;
use leptos::prelude::window;
use tachymeter::execute;
use wasm_bindgen::JsCast;

use super::executor::Tracking;
use super::tracker::duration;
use super::{input, paint, watch};
use crate::events::PAGE_LOAD;
use crate::{beacon, trace};

thread_local! {
    static EXECUTES: Cell<bool> = const { Cell::new(false) };
}

/// Starts measuring: installs the executor that links re-renders to their causes, and sends what is measured to `beacon_url`. Its twin on the
/// server does nothing.
///
/// Call it once, before `hydrate_body` or `mount_to_body`. If the application has already installed an executor of its own, that one
/// stays, and less is seen: [what](crate::interaction#with-an-executor-of-your-own).
pub fn init(beacon_url: &'static str) {
    trace::adopt();
    if Executor::init_custom_executor(Tracking).is_ok() {
        EXECUTES.set(true);
    } else {
        // Nothing asks it then, so it always has to tell by itself.
        watch::set(true);
    }
    input::listen();
    watch::listen();
    beacon::start(beacon_url);
    let before = paint::now();
    paint::after_next(move |painted| page_loaded(before, painted.at));
}

/// Whether Leptos' tasks run in the executor of this crate.
pub(super) fn executes() -> bool {
    EXECUTES.get()
}

fn page_loaded(script_start: f64, painted: f64) {
    let first_byte = window()
        .performance()
        .map(|performance| performance.get_entries_by_type("navigation").get(0))
        .and_then(|entry| entry.dyn_into::<web_sys::PerformanceNavigationTiming>().ok())
        .map_or(0.0, |navigation| navigation.response_start());
    let route = window().location().pathname().unwrap_or_default();
    execute!(
        PAGE_LOAD,
        { first_byte: duration(first_byte), hydration: duration(painted - script_start), total: duration(painted) },
        { route: route.as_str() }
    );
}
