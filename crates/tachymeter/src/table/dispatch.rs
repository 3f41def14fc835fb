//! Calling those who listen.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use super::{Entry, QUIET, Snapshot, known};
use crate::sync::local;
use crate::{Emission, failure};

/// A snapshot that this thread holds: sharing it within the thread writes to no memory that another thread reads.
type Local = Rc<Arc<Snapshot>>;

local! {
    /// The snapshots that this thread used last, by the number of their entry.
    static LOCAL: RefCell<Vec<Option<(&'static Entry, Local)>>> = RefCell::new(Vec::new());
}

/// Calls the handlers that the event had when its version was read.
pub(crate) fn dispatch(entry: &'static Entry, version: u64, emission: &Emission<'_>) {
    let local = LOCAL.try_with(|local| match local.borrow().get(entry.number) {
        Some(Some((_, local))) if local.version == version => Some(Rc::clone(local)),
        _ => None,
    });
    // Nothing is held if the list has changed, or if the thread is ending and its snapshots are gone.
    let local = local.ok().flatten().unwrap_or_else(|| renew(entry));
    call(entry, &local, emission);
}

/// The same for a name. One that nobody declared or attached to has no entry.
pub(crate) fn dispatch_by_name(emission: &Emission<'_>) {
    if let Some(entry) = known(emission.name()) {
        dispatch(entry, entry.version(), emission);
    }
}

/// Whether anybody listens to a name.
pub(crate) fn is_heard(name: &str) -> bool {
    known(name).is_some_and(|entry| entry.version() != QUIET)
}

#[inline]
fn call(entry: &'static Entry, snapshot: &Snapshot, emission: &Emission<'_>) {
    let next = Cell::new(0);
    let rest = || {
        while let Some(handler) = snapshot.handlers.get(next.get()) {
            next.set(next.get() + 1);
            (handler.run)(emission);
        }
    };
    // One guard for all of them; behind a handler that panicked the rest still run.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(rest)) {
        failure::of(&snapshot.handlers[next.get() - 1], emission.name(), panic);
    }
    if snapshot.captures > 0
        && let Some(record) = snapshot.record
    {
        record(entry, emission);
    }
}

/// Takes the newest snapshot, and drops all that are out of date: what detached handlers hold is not kept for ever.
#[cold]
#[inline(never)]
fn renew(entry: &'static Entry) -> Local {
    let fresh = Rc::new(entry.snapshot());
    let stale = LOCAL.try_with(|local| {
        let mut local = local.borrow_mut();
        let old = |known: &mut Option<(&'static Entry, Local)>| known.take_if(|(entry, local)| entry.version() != local.version);
        let stale: Vec<_> = local.iter_mut().filter_map(old).collect();
        if local.len() <= entry.number {
            local.resize_with(entry.number + 1, || None);
        }
        local[entry.number] = Some((entry, Rc::clone(&fresh)));
        stale
    });
    // Their last handler may be freed with them, whose drop may do anything: not while the borrow lasts, and not to the caller's harm.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(stale))) {
        failure::forget(panic);
    }
    fresh
}
