//! Interactions that have ended, and the browser's own measure of them, for which a report waits a moment.
//!
//! Event Timing tells of an input 4 to 30 ms after its first paint, which for an input without a server function is when the interaction
//! closes. Its event is executed when that word is here, or when it surely won't come any more.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use leptos::prelude::window;
use tachymeter::{Context, Value};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use super::hook::Tags;
use super::report::{Interaction, Outcome};
use super::tracker::duration;
use super::watch;
use crate::beacon;
use crate::events::INTERACTION_STOP;

/// How long a report waits, in milliseconds.
const PATIENCE_MS: i32 = 60;
/// It rounds to 8 ms and tells from 16 on: of what was painted sooner than this, in milliseconds, it tells nothing, and a timer would cost
/// as much as all else that is done for a click.
const TOLD_FROM_MS: f64 = 10.0;
/// So long after its handler an input has been told of, or won't be, in milliseconds.
const TOLD_WITHIN_MS: f64 = 150.0;

/// All that is said of an interaction.
pub(super) struct Ended {
    pub(super) it: Interaction,
    pub(super) tags: Tags,
    pub(super) context: Context,
    /// What kind of event the input was, and when; the browser's entry has both.
    pub(super) origin: Cow<'static, str>,
    pub(super) input: f64,
    /// A person's: the browser tells of no other.
    pub(super) trusted: bool,
}

thread_local! {
    static WAITING: RefCell<Vec<Ended>> = RefCell::default();
    static TIMER: Cell<i32> = const { Cell::new(0) };
    static OVER: Closure<dyn FnMut()> = Closure::new(over);
}

fn over() {
    tell_all();
    beacon::interactions_ended();
}

/// The browser has told something: perhaps all that was waited for.
pub(super) fn told() {
    let told = |ended: &Ended| watch::timing_of(&ended.origin, ended.input).is_some();
    if WAITING.with_borrow(|waiting| !waiting.is_empty() && waiting.iter().all(told)) {
        window().clear_timeout_with_handle(TIMER.get());
        over();
    }
}

/// Executes the interaction's event, now or in a moment.
pub(super) fn tell(ended: Ended) {
    let timing = watch::timing_of(&ended.origin, ended.input);
    let painted = !matches!(ended.it.outcome, Outcome::Hidden | Outcome::Aborted);
    let after_handler = ended.it.total - ended.it.input_delay - ended.it.handler;
    let may_come =
        ended.trusted && painted && after_handler < TOLD_WITHIN_MS && ended.it.total >= TOLD_FROM_MS && watch::hears_timings();
    if timing.is_some() || !may_come {
        return emit(&ended, timing);
    }
    let first = WAITING.with_borrow_mut(|waiting| {
        waiting.push(ended);
        waiting.len() == 1
    });
    if first {
        let over = OVER.with(|over| {
            window().set_timeout_with_callback_and_timeout_and_arguments_0(over.as_ref().unchecked_ref(), PATIENCE_MS)
        });
        match over {
            Ok(timer) => TIMER.set(timer),
            Err(_) => tell_all(),
        }
    }
}

/// All that the paint has ended has been told: it is sent, unless some of it waits and takes the rest along.
pub(super) fn report() {
    if WAITING.with_borrow(Vec::is_empty) {
        beacon::interactions_ended();
    }
}

/// Executes what still waits: its time is over, or the page's.
pub(crate) fn tell_all() {
    for ended in WAITING.take() {
        emit(&ended, watch::timing_of(&ended.origin, ended.input));
    }
}

fn emit(Ended { it, tags, context, .. }: &Ended, event_timing: Option<f64>) {
    let parts = it.measurements().map(|(key, ms)| (key, duration(ms).into()));
    let mut measurements: Vec<(&str, Value<'_>)> = parts.to_vec();
    measurements.extend([("renders", it.renders.into()), ("shared", it.shared.into())]);
    measurements.extend(event_timing.map(|ms| ("event_timing", duration(ms).into())));
    let mut metadata =
        vec![("name", it.name.as_str().into()), ("event", it.event.as_str().into()), ("outcome", it.outcome.as_str().into())];
    metadata.extend(tags.iter().map(|(key, value)| (*key, (*value).into())));
    if let Some(listeners) = INTERACTION_STOP.heard() {
        // Not `execute`, which complains of what isn't declared: tags are the application's.
        context.in_scope(|| INTERACTION_STOP.dispatch(listeners, &measurements, &metadata));
    }
}
