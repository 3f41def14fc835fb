//! Interactions in a real browser: from a click to its own re-render, also when several overlap.
#![cfg(target_arch = "wasm32")]

#[path = "../browser/mod.rs"]
mod browser;
mod calls;
mod effects;
mod ends;
mod measured;
mod names;

use std::sync::Once;

use futures::channel::oneshot;
use leptos::prelude::*;
use leptos::server_fn::{
    Http,
    codec::{Json, PostUrl},
};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use leptos::web_sys::HtmlElement;
use tachymeter::Value;
use tachymeter::testing::{Capture, Captured, capture};
use tachymeter_leptos::interaction::{held, trust_scripts};
use tachymeter_leptos::{Measured, Outcome, UseMeasured, use_measured};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use browser::sleep;

wasm_bindgen_test_configure!(run_in_browser);

/// A part of the page with what it emits. It goes away when it is dropped.
struct Page {
    folder: HtmlElement,
    events: Capture,
    _mounted: Box<dyn std::any::Any>,
}

impl Page {
    fn show<V: IntoView + 'static>(view: impl FnOnce() -> V + 'static) -> Self {
        static START: Once = Once::new();
        START.call_once(|| {
            tachymeter_leptos::init("/telemetry/beacon");
            trust_scripts(true);
        });
        let events = capture(&["leptos.interaction.start", "leptos.interaction.stop", "leptos.interaction.late"]);
        let folder = browser::folder();
        let mounted = leptos::mount::mount_to(folder.clone(), view);
        Self { folder, events, _mounted: Box::new(mounted) }
    }

    fn find(&self, class: &str) -> JsValue {
        self.folder.query_selector(&format!(".{class}")).expect("a selector").expect(class).into()
    }

    fn click(&self, class: &str) {
        press(&self.find(class));
    }

    /// As the browser makes it out of another event: an `input`, a `change`, a click by key.
    fn dispatch(&self, class: &str, event: &str) {
        dispatch(&self.find(class), event);
    }

    fn text(&self) -> String {
        self.folder.text_content().unwrap_or_default()
    }

    /// Waits until as many interactions have closed as were opened, and that it stays so; their ends, oldest first.
    async fn closed(&self, expected: usize) -> Vec<Captured> {
        let mut seen = Vec::new();
        for _ in 0..200 {
            seen.extend(self.events.take());
            if seen.iter().filter(|event| event.name.ends_with("stop")).count() >= expected {
                break;
            }
            sleep(10).await;
        }
        sleep(60).await; // Some frames more, in which nothing may come.
        seen.extend(self.events.take());
        seen.retain(|event| !event.name.ends_with("late"));
        let (started, stopped): (Vec<_>, Vec<_>) = seen.into_iter().partition(|event| event.name.ends_with("start"));
        assert_eq!((started.len(), stopped.len()), (expected, expected), "{started:?} {stopped:?}");
        for stop in &stopped {
            assert!(started.iter().any(|start| start.metadata == stop.metadata[..2]), "{stop:?}");
        }
        stopped
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.folder.remove();
    }
}

#[wasm_bindgen(inline_js = r#"
    // As a pointer makes it: a click without a detail is what the browser makes of a key or a label.
    export function press(element) {
        element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }))
    }
    export function dispatch(element, event) {
        element.dispatchEvent(new UIEvent(event, { bubbles: true, cancelable: true }))
    }
    export function when_a_frame_has_begun(callback) {
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel()
            port2.onmessage = callback
            port1.postMessage(0)
        })
    }
    export function hide(hidden) {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden })
        document.dispatchEvent(new Event("visibilitychange"))
    }
"#)]
extern "C" {
    fn press(element: &JsValue);
    fn dispatch(element: &JsValue, event: &str);
    /// Runs it in a task between the next frame's beginning and what is posted from a later callback of the same frame.
    fn when_a_frame_has_begun(callback: &JsValue);
    fn hide(hidden: bool);
}

/// Lets all tasks run that can, without a timer and so without a frame.
async fn microtasks() {
    turns(50).await;
}

/// As many microtasks pass.
async fn turns(count: u32) {
    for _ in 0..count {
        JsFuture::from(js_sys::Promise::resolve(&JsValue::NULL)).await.expect("it can't fail");
    }
}

fn ended(event: &Captured) -> (&str, &str, Option<Value<'static>>) {
    (event.get("name").unwrap_or_default(), event.get("outcome").unwrap_or_default(), event.measurement("renders"))
}

/// Says `rendered` whenever the signal has changed, but not for the first run.
fn shown(measured: UseMeasured, signal: impl Track + Send + Sync + 'static) {
    Effect::new(move |_| {
        signal.track();
        measured.rendered();
    });
}

const ONE: Option<Value<'static>> = Some(Value::Uint(1));
