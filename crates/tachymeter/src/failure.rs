//! What happens when a handler panics.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::span::message;
use crate::sync::{Ordering, local};
use crate::table::{self, Handler};
use crate::warn::say;

crate::events! {
    /// What the table itself emits.
    pub EVENTS;

    /// A handler panicked. Unless it is durable it has been detached from all its events.
    pub event HANDLER_FAILURE = "telemetry.handler.failure" { count } [handler_id, event_name, reason];
}

type Panic = Box<dyn Any + Send>;

local! {
    static REPORTING: Cell<bool> = Cell::new(false);
}

/// Detached first, then reported, then logged.
#[cold]
#[inline(never)]
pub(crate) fn of(handler: &Arc<Handler>, event: &str, panic: Panic) {
    let count = handler.failures.fetch_add(1, Ordering::Relaxed) + 1;
    let removed = if handler.durable { None } else { table::remove_exact(handler) };
    let reason = message(&*panic);
    // A handler that was detached by this failure can't fail again. Another, which fails at a report of a failure, is only logged:
    // it would go on for ever.
    if removed.is_some() || !REPORTING.try_with(Cell::get).unwrap_or(true) {
        let outer = REPORTING.try_with(|reporting| reporting.replace(true));
        crate::execute!(HANDLER_FAILURE, { count: 1u64 }, { handler_id: &handler.id, event_name: event, reason: reason });
        _ = REPORTING.try_with(|reporting| reporting.set(outer.unwrap_or(false)));
    }
    // A durable one may fail at every event: the first time is said, then the second, the fourth, the eighth …
    if count.is_power_of_two() {
        let fate = if handler.durable { "stays attached" } else { "has been detached" };
        say(format_args!("the handler {:?} panicked on {event} and {fate}: {reason}", handler.id));
    }
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(removed))) {
        forget(panic);
    }
    forget(panic);
}

/// Drops what a panic was thrown with, which may panic in turn.
pub(crate) fn forget(panic: Panic) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}
