//! The browser's end: one `EventSource`, and a reconnect that says when it will happen.
//!
//! `EventSource` reconnects by itself, but doesn't say when, and gives up after an HTTP error; so it is closed at the first error and a
//! new one is opened, with the last id in the query where the browser's own reconnect would have used a header.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use super::{Message, Status};

/// Pauses before the first, second, … try, in seconds; the last one stays.
const PAUSES: [u32; 6] = [1, 1, 2, 3, 5, 10];
/// After this many tries in a row the stream is called lost.
const LOST_AFTER: usize = 10;

type OnEvent = Closure<dyn FnMut(MessageEvent)>;

/// A source and the closures that the browser calls while it is open.
type Open = (EventSource, Vec<OnEvent>, Closure<dyn FnMut()>);

struct Connection {
    url: &'static str,
    status: RwSignal<Status>,
    receive: Box<dyn FnMut(Message)>,
    last_id: String,
    failures: usize,
    source: Option<Open>,
    timer: Option<IntervalHandle>,
    closed: bool,
}

type Shared = Rc<RefCell<Connection>>;

pub(super) fn connect(url: &'static str, status: RwSignal<Status>, retry: RwSignal<u32>, receive: impl FnMut(Message) + 'static) {
    let shared: Shared = Rc::new(RefCell::new(Connection {
        url,
        status,
        receive: Box::new(receive),
        last_id: String::new(),
        failures: 0,
        source: None,
        timer: None,
        closed: false,
    }));
    let connection = StoredValue::new_local(shared);
    Effect::new(move |_| {
        retry.track();
        connection.with_value(|shared| {
            shared.borrow_mut().stop();
            open(shared);
        });
    });
    on_cleanup(move || {
        connection.with_value(|shared| {
            let mut connection = shared.borrow_mut();
            connection.closed = true;
            connection.stop();
        });
    });
}

impl Connection {
    fn stop(&mut self) {
        if let Some((source, listeners, on_error)) = self.source.take() {
            source.set_onerror(None);
            source.close();
            // One of them may be running right now: it is dropped when it has returned.
            set_timeout(move || drop((listeners, on_error)), Duration::ZERO);
        }
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}

fn open(shared: &Shared) {
    let mut connection = shared.borrow_mut();
    let url = match connection.last_id.as_str() {
        "" => connection.url.to_owned(),
        id => format!("{}?last={id}", connection.url),
    };
    let Ok(source) = EventSource::new(&url) else { return };
    let listeners = ["snapshot", "frame", "heartbeat"].map(|kind| {
        let shared = shared.clone();
        let listener = OnEvent::new(move |event: MessageEvent| on_message(&shared, kind, &event));
        _ = source.add_event_listener_with_callback(kind, listener.as_ref().unchecked_ref());
        listener
    });
    let on_error = {
        let shared = shared.clone();
        Closure::<dyn FnMut()>::new(move || on_error(&shared))
    };
    source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    connection.source = Some((source, listeners.into(), on_error));
}

fn on_message(shared: &Shared, kind: &str, event: &MessageEvent) {
    let data = event.data().as_string().unwrap_or_default();
    let message = match kind {
        "snapshot" => serde_json::from_str(&data).map(Message::Snapshot),
        "frame" => serde_json::from_str(&data).map(Message::Frame),
        _ => serde_json::from_str(&data).map(Message::Heartbeat),
    };
    let mut connection = shared.borrow_mut();
    if connection.closed {
        return;
    }
    connection.last_id = event.last_event_id();
    connection.failures = 0;
    if connection.status.get_untracked() != Status::Live {
        connection.status.set(Status::Live);
    }
    match message {
        Ok(message) => (connection.receive)(message),
        Err(error) => leptos::logging::error!("tachymeter: a {kind} could not be read: {error}"),
    }
}

fn on_error(shared: &Shared) {
    let mut connection = shared.borrow_mut();
    connection.stop();
    if connection.closed {
        return;
    }
    let failures = connection.failures;
    connection.failures += 1;
    let left = Cell::new(PAUSES[failures.min(PAUSES.len() - 1)]);
    let status = connection.status;
    let lost = failures >= LOST_AFTER;
    status.set(if lost { Status::Lost } else { Status::Reconnecting(left.get()) });
    let again = shared.clone();
    connection.timer = set_interval_with_handle(
        move || {
            left.set(left.get().saturating_sub(1));
            if left.get() == 0 {
                again.borrow_mut().stop();
                open(&again);
            } else if !lost {
                status.set(Status::Reconnecting(left.get()));
            }
        },
        Duration::from_secs(1),
    )
    .ok();
}
