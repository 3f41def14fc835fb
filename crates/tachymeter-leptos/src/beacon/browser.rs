//! The browser's half: collects events, sends them in batches, never in the way of the page.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write;

use leptos::prelude::{document, window};
use tachymeter::{Emission, Value};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{MAX_BYTES, REPORTED};
use crate::interaction::{ended, tracker};
use crate::trace;

/// From the first event to the request that carries it, in milliseconds.
const DELAY_MS: i32 = 200;
/// The first pause after a request that failed, in milliseconds; each further one doubles it.
const RETRY_FIRST_MS: i32 = 1_000;
const RETRY_MAX_MS: i32 = 60_000;
/// Beyond this many waiting events the oldest are dropped, and counted.
const MAX_WAITING: usize = 2_000;

#[derive(Default)]
struct Queue {
    url: &'static str,
    /// Each already in JSON, so that its size is known.
    waiting: VecDeque<String>,
    dropped: u64,
    scheduled: bool,
    failures: u32,
}

thread_local! {
    static QUEUE: RefCell<Queue> = RefCell::default();
}

/// Starts collecting; reports go to `url`.
pub(crate) fn start(url: &'static str) {
    QUEUE.with_borrow_mut(|queue| queue.url = url);
    let names: Vec<&str> = REPORTED.iter().map(|event| event.name()).collect();
    if let Ok(attached) = tachymeter::attach("tachymeter-leptos.beacon", &names, collect) {
        attached.forget();
    }
    on_page_hidden();
}

fn collect(emission: &Emission<'_>) {
    let json = json_of(emission);
    QUEUE.with_borrow_mut(|queue| {
        queue.waiting.push_back(json);
        if queue.waiting.len() > MAX_WAITING {
            queue.waiting.pop_front();
            queue.dropped += 1;
        }
    });
    schedule(DELAY_MS);
}

/// The event as [`wire::WireEvent`](super::WireEvent) reads it. Written by hand: serde's way, with what it needs to print floats, would
/// be in the first load of every page, and to let the browser write it costs a crossing for each word, 0.3 ms for an interaction.
fn json_of(emission: &Emission<'_>) -> String {
    let mut json = String::from("[");
    quote(&mut json, emission.name());
    json.push_str(",[");
    let before = json.len();
    for (key, value) in emission.measurements() {
        // Durations and counts only: nothing that the browser reports has other measurements, ...
        let (whole, millionths) = match *value {
            Value::Duration(duration) => (duration.as_secs(), Some(duration.subsec_micros())),
            Value::Uint(count) => (count, None),
            _ => continue,
        };
        json.push_str(if json.len() > before { ",[" } else { "[" });
        quote(&mut json, key);
        _ = match millionths {
            Some(millionths) => write!(json, ",{whole}.{millionths:06},true]"),
            None => write!(json, ",{whole},false]"),
        };
    }
    json.push_str("],[");
    let before = json.len();
    let mut tell = |key: &str, text: &str| {
        json.push_str(if json.len() > before { ",[" } else { "[" });
        quote(&mut json, key);
        json.push(',');
        quote(&mut json, text);
        json.push(']');
    };
    for (key, value) in emission.metadata() {
        // ... and texts only as metadata.
        if let Some(text) = value.as_str() {
            tell(key, text);
        }
    }
    if let Some(place) = emission.context() {
        tell("trace_id", &place.trace_id.to_string());
        tell("span_id", &place.span_id.to_string());
    }
    if let Some(parent) = emission.parent_id() {
        tell("parent_id", &parent.to_string());
    }
    json.push_str("]]");
    json
}

/// A JSON string.
fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..' ' => _ = write!(json, "\\u{:04x}", u32::from(c)),
            c => json.push(c),
        }
    }
    json.push('"');
}

fn schedule(delay_ms: i32) {
    let already = QUEUE.with_borrow_mut(|queue| std::mem::replace(&mut queue.scheduled, true));
    if !already {
        let send = Closure::once_into_js(|| spawn_local(send()));
        _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(send.unchecked_ref(), delay_ms);
    }
}

/// Takes as many events as one request may carry.
fn take_batch() -> Option<(Vec<String>, u64)> {
    QUEUE.with_borrow_mut(|queue| {
        let mut size = 64;
        let mut batch = Vec::new();
        while let Some(event) = queue.waiting.front() {
            size += event.len() + 1;
            if size > MAX_BYTES && !batch.is_empty() {
                break;
            }
            batch.extend(queue.waiting.pop_front());
        }
        (!batch.is_empty()).then(|| (batch, std::mem::take(&mut queue.dropped)))
    })
}

fn body_of(batch: &[String], dropped: u64) -> String {
    // The server knows its own prefix again; a page that has none says nothing.
    format!("{{\"events\":[{}],\"dropped\":{dropped},\"page\":\"{}\"}}", batch.join(","), trace::prefix_of_page())
}

async fn send() {
    let Some((batch, dropped)) = take_batch() else {
        QUEUE.with_borrow_mut(|queue| queue.scheduled = false);
        return;
    };
    let status = post(&body_of(&batch, dropped)).await;
    let next = QUEUE.with_borrow_mut(|queue| {
        queue.scheduled = false;
        match status {
            // Too many requests, a server in trouble or none at all: the same again, later.
            None | Some(429 | 500..) => {
                batch.into_iter().rev().for_each(|event| queue.waiting.push_front(event));
                queue.dropped += dropped;
                let pause = RETRY_FIRST_MS.saturating_mul(1 << queue.failures.min(6)).min(RETRY_MAX_MS);
                queue.failures += 1;
                // Up to a fifth more, so that not everybody comes back at once.
                Some(pause + (js_sys::Math::random() * f64::from(pause) / 5.0) as i32)
            }
            // Anything else was the server's final word.
            Some(_) => {
                queue.failures = 0;
                (!queue.waiting.is_empty()).then_some(DELAY_MS)
            }
        }
    });
    if let Some(delay) = next {
        schedule(delay);
    }
}

/// The response's status; `None` if there was none.
async fn post(body: &str) -> Option<u16> {
    let url = QUEUE.with_borrow(|queue| queue.url);
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    let headers = web_sys::Headers::new().ok()?;
    headers.set("content-type", "application/json").ok()?;
    init.set_headers(&headers);
    // A request with `keepalive` outlives the page that made it.
    _ = js_sys::Reflect::set(&init, &"keepalive".into(), &true.into());
    let response = JsFuture::from(window().fetch_with_str_and_init(url, &init)).await.ok()?;
    response.dyn_into::<web_sys::Response>().ok().map(|response| response.status())
}

/// When the page goes away there is no time for an answer: the browser itself takes what is left.
fn on_page_hidden() {
    let flush = Closure::<dyn FnMut()>::new(|| {
        if document().hidden() {
            send_all();
        }
    });
    _ = document().add_event_listener_with_callback("visibilitychange", flush.as_ref().unchecked_ref());
    flush.forget();
    let flush = Closure::<dyn FnMut()>::new(|| {
        tracker::abandon();
        send_all();
    });
    _ = window().add_event_listener_with_callback("pagehide", flush.as_ref().unchecked_ref());
    flush.forget();
}

fn send_all() {
    ended::tell_all();
    let url = QUEUE.with_borrow(|queue| queue.url);
    while let Some((batch, dropped)) = take_batch() {
        let properties = web_sys::BlobPropertyBag::new();
        properties.set_type("application/json");
        let parts = js_sys::Array::of1(&JsValue::from_str(&body_of(&batch, dropped)));
        let sent = web_sys::Blob::new_with_str_sequence_and_options(&parts, &properties)
            .and_then(|blob| window().navigator().send_beacon_with_opt_blob(url, Some(&blob)));
        if sent != Ok(true) {
            QUEUE.with_borrow_mut(|queue| queue.dropped += dropped + batch.len() as u64);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn a_text_is_a_string_of_json() {
        for text in ["", "button \"Sign in\"", "back\\slash", "line\n\ttab\0\u{1f}\u{7f}", "für 日本 \u{2028}🦀"] {
            let mut json = String::new();
            super::quote(&mut json, text);
            assert_eq!(serde_json::from_str::<String>(&json).ok().as_deref(), Some(text), "{json}");
        }
    }
}
