//! What a person does: listeners on the window that see each input before any handler, and what is current because of it.
//!
//! An input that nobody answers costs one look at the clock: it becomes an interaction when it causes something, that is when it wakes
//! a task, or a handler of [`use_measured`](super::use_measured) runs. What a click brings with it (a `submit`, a `change`) joins it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use leptos::prelude::window;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, KeyboardEvent};

use super::causes::Causes;
use super::tracker::{self, Opening};
use super::{executor, name, paint, start, watch};

/// What is listened to.
const TYPES: [&str; 9] = ["pointerdown", "pointerup", "click", "keydown", "keyup", "input", "change", "submit", "popstate"];

/// The number of the key that sends off what was typed: asking for its name would take longer, at every key.
const ENTER: u32 = 13;

/// An event's type. It is known from the listener, which saves asking the event; others come from hooks only.
type Kind = Cow<'static, str>;

/// An event that nobody answers and the one that the browser makes of it are no further apart, in milliseconds.
const SAME_TASK_MS: f64 = 20.0;

struct Input {
    event: Event,
    kind: Kind,
    /// What a person did, if that is not the event itself but one that the browser has made it of.
    origin: Option<(Event, Kind)>,
    /// The first listener of all ran then.
    seen: f64,
    /// The interaction that it has become; 0 while it is none.
    id: u32,
}

thread_local! {
    static INPUT: RefCell<Option<Input>> = const { RefCell::new(None) };
    /// What the poll under way happens because of. `None`: no poll. `Some` of an empty set: surely of nothing.
    static SCOPE: Cell<Option<Causes>> = const { Cell::new(None) };
    static TRUST_ALL: Cell<bool> = const { Cell::new(false) };
}

/// Believes events that a script has made, as tests do. Only for tests: a script's click is nobody's.
#[doc(hidden)]
pub fn trust_scripts(all: bool) {
    TRUST_ALL.set(all);
}

fn trusted(event: &Event) -> bool {
    event.is_trusted() || TRUST_ALL.get()
}

/// Puts the listeners up.
pub(super) fn listen() {
    for name in TYPES {
        let seen = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if trusted(&event) {
                // A browser that fills a form in sends a `keydown` without a key.
                let sends_off = || event.dyn_ref::<KeyboardEvent>().is_some_and(|key| key.key_code() == ENTER);
                if name == "change" || name == "keydown" && sends_off() {
                    name::typed(&event);
                }
                see(event, name.into());
            }
        });
        _ = window().add_event_listener_with_callback_and_bool(name, seen.as_ref().unchecked_ref(), true);
        seen.forget();
    }
    let crashed = Closure::<dyn Fn()>::new(crashed);
    _ = window().add_event_listener_with_callback("error", crashed.as_ref().unchecked_ref());
    crashed.forget();
}

fn see(event: Event, kind: Kind) {
    let seen = paint::now();
    let before = INPUT.take().filter(|before| follows(&event, &kind) && (before.id != 0 || seen - before.seen < SAME_TASK_MS));
    let (origin, id) = before.map_or((None, 0), |before| (before.origin.or(Some((before.event, before.kind))), before.id));
    let id = if tracker::is_open(id) { id } else { 0 };
    INPUT.set(Some(Input { event, kind, origin, seen, id }));
    if !start::executes() {
        paint::after_next(|_| frame_passed());
    }
}

/// Whether the browser makes such an event out of the one before, in the same task: a form is submitted, a box is ticked, a key presses
/// a button (a click without a pointer has no detail).
fn follows(event: &Event, kind: &str) -> bool {
    match kind {
        "input" | "change" | "submit" => true,
        "click" => event.unchecked_ref::<web_sys::UiEvent>().detail() == 0,
        _ => false,
    }
}

/// The interactions because of which something happens now. `None`: nobody knows, for example in a promise's callback.
pub(super) fn current() -> Option<Causes> {
    SCOPE.get().or_else(|| {
        let id = INPUT.with_borrow(|input| Some(input.as_ref()?.id))?;
        if !under_way() {
            INPUT.set(None);
            return None;
        }
        Some(Causes::one(if id == 0 { open(None)? } else { id }))
    })
}

/// Whether the input's own event is being handled: the browser knows. With an executor that isn't ours, everything up to the next frame
/// is taken for its effect.
fn under_way() -> bool {
    !start::executes()
        || INPUT
            .with_borrow(|input| input.as_ref().is_some_and(|input| window().event() == *AsRef::<JsValue>::as_ref(&input.event)))
}

/// Whether some other event is being handled, for example a message of a socket: what that does is nobody's.
pub(super) fn elsewhere() -> bool {
    !window().event().is_undefined()
}

/// Makes an interaction of the input.
fn open(named: Option<(&'static str, &'static str)>) -> Option<u32> {
    let opening = INPUT.with_borrow(|input| {
        let Input { event, kind, origin, seen, .. } = input.as_ref()?;
        let name = match named {
            Some((hook, handler)) => format!("{hook}.{handler}"),
            None => name::of(event, kind),
        };
        let (first, origin) = origin.as_ref().map_or((event, kind), |(first, origin)| (first, origin));
        let (input, trusted) = (first.time_stamp().min(*seen), first.is_trusted());
        let (event, origin, hook) = (kind.clone(), origin.clone(), named.map(|(hook, _)| hook));
        Some(Opening { name, hook, event, origin, trusted, input, seen: *seen })
    })?;
    let id = tracker::open(opening);
    INPUT.with_borrow_mut(|input| input.as_mut().map(|input| input.id = id));
    Some(id)
}

/// Runs a handler of a hook, under the interaction that its event has become or becomes now.
pub(crate) fn handle(hook: &'static str, handler: &'static str, event: &Event, run: impl FnOnce()) {
    if SCOPE.get().is_some() || !trusted(event) {
        return run();
    }
    let known = INPUT.with_borrow(|input| input.as_ref().is_some_and(|input| input.event == *event));
    if !known {
        see(event.clone(), event.type_().into());
    }
    let id = match INPUT.with_borrow(|input| input.as_ref().map_or(0, |input| input.id)) {
        0 => open(Some((hook, handler))).unwrap_or_default(),
        id => {
            tracker::rename(id, hook, handler);
            id
        }
    };
    tracker::under(Causes::one(id), run);
    tracker::handled(id, watch::changed());
}

/// The event's listeners are through, or the browser makes a pause between two of them.
pub(super) fn handler_paused() {
    SCOPE.set(None);
    let changed = watch::changed();
    let id = INPUT.with_borrow(|input| input.as_ref().map_or(0, |input| input.id));
    if id != 0 && under_way() {
        tracker::handled(id, changed);
    }
}

/// What the poll under way happens because of; `None` outside of polls and measured handlers.
pub(super) fn scope() -> Option<Causes> {
    SCOPE.get()
}

/// Runs in a task of its own: no handler and no poll is on the stack.
pub(super) fn frame_passed() {
    SCOPE.set(None);
    INPUT.set(None);
}

pub(super) fn with_scope<T>(causes: Causes, run: impl FnOnce() -> T) -> T {
    let before = SCOPE.replace(Some(causes));
    let result = run();
    SCOPE.set(before);
    result
}

/// From here on the poll under way goes on because of these.
pub(super) fn continue_under(causes: Causes) {
    SCOPE.set(Some(causes));
}

/// Something has thrown, or panicked, which unwinds nothing in a browser: what it had set is put back here.
fn crashed() {
    let handled = INPUT.with_borrow(|input| input.as_ref().map_or(0, |input| input.id));
    let causes = SCOPE.take().unwrap_or(Causes::one(handled));
    tracker::failed(causes);
    executor::go_on();
}
