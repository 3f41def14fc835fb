//! The browser's half: collects events, sends them in batches, never in the way of the page.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write;

use leptos::prelude::{document, window};
use tachymeter::{Emission, Value};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};

use super::{MAX_BYTES, REPORTED};
use crate::events::{INTERACTION_START, INTERACTION_STOP};
use crate::interaction::{ended, paint, tracker};
use crate::trace;

/// From one request to the next, and from an event that ends no interaction to the request that carries it, in milliseconds.
const DELAY_MS: i32 = 400;
/// The first pause after a request that failed, in milliseconds; each further one doubles it.
const RETRY_FIRST_MS: i32 = 1_000;
const RETRY_MAX_MS: i32 = 60_000;
/// Beyond this many waiting events the oldest are dropped, and counted.
const MAX_WAITING: usize = 2_000;

#[derive(Default)]
struct Queue {
    url: &'static str,
    /// The page's prefix, as the server wrote it.
    page: String,
    /// Each already in JSON, so that its size is known.
    waiting: VecDeque<String>,
    /// What the request under way carries, and how many it says were dropped.
    under_way: Option<(Vec<String>, u64)>,
    dropped: u64,
    /// The timer that will send.
    timer: Option<i32>,
    /// When the last request went out, by the page's clock.
    last: f64,
    failures: u32,
}

thread_local! {
    static QUEUE: RefCell<Queue> = RefCell::default();
}

/// Starts collecting; reports go to `url`.
pub(crate) fn start(url: &'static str) {
    QUEUE.with_borrow_mut(|queue| (queue.url, queue.page) = (url, trace::prefix_of_page()));
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
    // What begins an interaction goes with what follows; of those that end is said when all of them have.
    if ![INTERACTION_START.name(), INTERACTION_STOP.name()].contains(&emission.name()) {
        schedule(DELAY_MS);
    }
}

/// Interactions have ended, and their paint is over. A request is in nobody's way now, and costs a quarter less than in a task of its own,
/// for which the processor would have to be woken once more.
pub(crate) fn interactions_ended() {
    let now = paint::now();
    let timer = QUEUE.with_borrow_mut(|queue| {
        let rested = queue.under_way.is_none() && queue.failures == 0 && now - queue.last >= f64::from(DELAY_MS);
        rested.then(|| queue.timer.take())
    });
    match timer {
        None => schedule(DELAY_MS),
        Some(timer) => {
            timer.inspect(|timer| window().clear_timeout_with_handle(*timer));
            send();
        }
    }
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
        json.push(',');
        digits(&mut json, whole, 1);
        if let Some(millionths) = millionths {
            json.push('.');
            digits(&mut json, millionths.into(), 6);
        }
        json.push_str(if millionths.is_some() { ",true]" } else { ",false]" });
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

/// At least so many digits.
fn digits(json: &mut String, number: u64, least: u32) {
    if number > 9 || least > 1 {
        digits(json, number / 10, least.saturating_sub(1));
    }
    json.push(char::from(b'0' + (number % 10) as u8));
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

/// What each request is made with, again and again.
struct Sender {
    send: Closure<dyn FnMut()>,
    init: web_sys::RequestInit,
    answered: Closure<dyn FnMut(JsValue)>,
    failed: Closure<dyn FnMut(JsValue)>,
}

thread_local! {
    static SENDER: Sender = Sender::new();
}

impl Sender {
    fn new() -> Self {
        let init = web_sys::RequestInit::new();
        init.set_method("POST");
        let headers = js_sys::Object::new();
        _ = js_sys::Reflect::set(&headers, &"content-type".into(), &"application/json".into());
        init.set_headers(&headers);
        // A request with `keepalive` outlives the page that made it.
        _ = js_sys::Reflect::set(&init, &"keepalive".into(), &true.into());
        Self {
            send: Closure::new(send),
            init,
            answered: Closure::new(|response: JsValue| answered(Some(response.unchecked_into::<web_sys::Response>().status()))),
            failed: Closure::new(|_| answered(None)),
        }
    }
}

fn schedule(delay_ms: i32) {
    let waits = QUEUE.with_borrow(|queue| queue.timer.is_some() || queue.under_way.is_some() || queue.waiting.is_empty());
    if !waits {
        let start = |Sender { send, .. }: &Sender| {
            window().set_timeout_with_callback_and_timeout_and_arguments_0(send.as_ref().unchecked_ref(), delay_ms)
        };
        let timer = SENDER.with(start).ok();
        QUEUE.with_borrow_mut(|queue| queue.timer = timer);
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

fn body_of(batch: &[String], dropped: u64) -> JsValue {
    // The server knows its own prefix again; a page that has none says nothing.
    QUEUE.with_borrow(|queue| {
        JsValue::from_str(&format!("{{\"events\":[{}],\"dropped\":{dropped},\"page\":\"{}\"}}", batch.join(","), queue.page))
    })
}

fn send() {
    QUEUE.with_borrow_mut(|queue| (queue.timer, queue.last) = (None, paint::now()));
    let Some((batch, dropped)) = take_batch() else { return };
    let body = body_of(&batch, dropped);
    let url = QUEUE.with_borrow_mut(|queue| {
        queue.under_way = Some((batch, dropped));
        queue.url
    });
    SENDER.with(|Sender { init, answered, failed, .. }| {
        init.set_body(&body);
        _ = fetch(url, init).unwrap_or_else(|error| js_sys::Promise::reject(&error)).then2(answered, failed);
    });
}

#[wasm_bindgen]
extern "C" {
    /// Something in the page, an extension for example, may have put another in its place, which throws.
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &web_sys::RequestInit) -> Result<js_sys::Promise, JsValue>;
}

/// The response's status; `None` if there was none.
fn answered(status: Option<u16>) {
    let pause = QUEUE.with_borrow_mut(|queue| {
        let (batch, dropped) = queue.under_way.take().unwrap_or_default();
        match status {
            // Too many requests, a server in trouble or none at all: the same again, later.
            None | Some(429 | 500..) => {
                batch.into_iter().rev().for_each(|event| queue.waiting.push_front(event));
                queue.dropped += dropped;
                let pause = RETRY_FIRST_MS.saturating_mul(1 << queue.failures.min(6)).min(RETRY_MAX_MS);
                queue.failures += 1;
                // Up to a fifth more, so that not everybody comes back at once.
                pause + (js_sys::Math::random() * f64::from(pause) / 5.0) as i32
            }
            // Anything else was the server's final word.
            Some(_) => {
                queue.failures = 0;
                DELAY_MS
            }
        }
    });
    schedule(pause);
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
        let parts = js_sys::Array::of1(&body_of(&batch, dropped));
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

    #[wasm_bindgen_test]
    fn a_number_has_all_its_digits() {
        for (number, least, text) in
            [(0, 1, "0"), (9, 1, "9"), (10, 1, "10"), (1_205, 1, "1205"), (0, 6, "000000"), (40_500, 6, "040500")]
        {
            let mut json = String::new();
            super::digits(&mut json, number, least);
            assert_eq!(json, text);
        }
        let mut most = String::new();
        super::digits(&mut most, u64::MAX, 1);
        assert_eq!(most, u64::MAX.to_string());
    }
}
