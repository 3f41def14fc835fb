//! The browser's half: collects events, sends them in batches, never in the way of the page.

use std::cell::RefCell;
use std::collections::VecDeque;

use js_sys::{Array, JSON};
use leptos::prelude::{document, window};
use tachymeter::{Emission, Value};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{MAX_BYTES, REPORTED};
use crate::interaction::tracker;
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
    let Some(json) = json_of(emission) else { return };
    QUEUE.with_borrow_mut(|queue| {
        queue.waiting.push_back(json);
        if queue.waiting.len() > MAX_WAITING {
            queue.waiting.pop_front();
            queue.dropped += 1;
        }
    });
    schedule(DELAY_MS);
}

/// The event as [`wire::WireEvent`](super::WireEvent) reads it. Written by the browser itself: a JSON writer of our own, with what it
/// needs to print floats, would be in the first load of every page.
fn json_of(emission: &Emission<'_>) -> Option<String> {
    let measurement = |(key, value): &(&str, Value<'_>)| {
        let duration = matches!(value, Value::Duration(_));
        Some(Array::of3(&(*key).into(), &value.as_f64()?.into(), &duration.into()))
    };
    let text = |key: &str, value: &str| Array::of2(&key.into(), &value.into());
    // Texts only: nothing that the browser reports has other metadata.
    let metadata: Array = emission.metadata().iter().filter_map(|(key, value)| Some(text(key, value.as_str()?))).collect();
    if let Some(place) = emission.context() {
        metadata.push(&text("trace_id", &place.trace_id.to_string()));
        metadata.push(&text("span_id", &place.span_id.to_string()));
    }
    if let Some(parent) = emission.parent_id() {
        metadata.push(&text("parent_id", &parent.to_string()));
    }
    let measurements: Array = emission.measurements().iter().filter_map(measurement).collect();
    JSON::stringify(&Array::of3(&emission.name().into(), &measurements, &metadata)).ok().map(String::from)
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
    // A request with `keepalive` outlives the page that made it.
    _ = js_sys::Reflect::set(&init, &"keepalive".into(), &true.into());
    let request = web_sys::Request::new_with_str_and_init(url, &init).ok()?;
    request.headers().set("content-type", "application/json").ok()?;
    let response = JsFuture::from(window().fetch_with_request(&request)).await.ok()?;
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
    let url = QUEUE.with_borrow(|queue| queue.url);
    while let Some((batch, dropped)) = take_batch() {
        let properties = web_sys::BlobPropertyBag::new();
        properties.set_type("application/json");
        let parts = Array::of1(&JsValue::from_str(&body_of(&batch, dropped)));
        let sent = web_sys::Blob::new_with_str_sequence_and_options(&parts, &properties)
            .and_then(|blob| window().navigator().send_beacon_with_opt_blob(url, Some(&blob)));
        if sent != Ok(true) {
            QUEUE.with_borrow_mut(|queue| queue.dropped += dropped + batch.len() as u64);
            return;
        }
    }
}
