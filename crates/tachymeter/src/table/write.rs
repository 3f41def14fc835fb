//! Changes of the table, one at a time. No foreign code runs under the lock: neither a handler nor what a closure does when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::{Entry, Handler, Record, Snapshot, entry};
use crate::slot::Slot;
use crate::sync::{Mutex, MutexGuard, global};

/// What the writers know beyond the snapshots.
#[derive(Default)]
struct Writers {
    /// The last version that was given out.
    version: u64,
    /// Every id and where it is attached.
    ids: HashMap<String, Registration>,
    /// The slots that have a copy of an entry's version, by the entry's number.
    slots: HashMap<usize, Vec<&'static Slot>>,
}

struct Registration {
    handler: Arc<Handler>,
    entries: Vec<&'static Entry>,
}

/// What a change took out of the table. It is dropped by the caller, when the lock is free again.
#[must_use = "closures are dropped with it, which may do anything: only when no lock is held"]
pub(crate) struct Removed {
    _handler: Option<Arc<Handler>>,
    _snapshots: Vec<Arc<Snapshot>>,
}

fn lock() -> MutexGuard<'static, Writers> {
    global! {
        static WRITERS: Mutex<Writers> = Mutex::default();
    }
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writers {
    fn change(&mut self, entry: &'static Entry, change: impl FnOnce(&mut Snapshot)) -> Arc<Snapshot> {
        self.version += 1;
        let now = entry.snapshot();
        let mut next =
            Snapshot { version: self.version, handlers: now.handlers.clone(), captures: now.captures, record: now.record };
        change(&mut next);
        let old = entry.publish(next);
        for slot in self.slots.get(&entry.number).into_iter().flatten() {
            slot.publish(entry.version());
        }
        old
    }

    fn take_out(&mut self, id: &str) -> Option<Removed> {
        let Registration { handler, entries } = self.ids.remove(id)?;
        let without = |snapshot: &mut Snapshot| snapshot.handlers.retain(|other| !Arc::ptr_eq(other, &handler));
        let snapshots = entries.iter().map(|entry| self.change(entry, without)).collect();
        Some(Removed { _handler: Some(handler), _snapshots: snapshots })
    }
}

/// Attaches to these names, or to none if the id is in use.
pub(crate) fn insert(handler: &Arc<Handler>, names: &[&str]) -> Option<Removed> {
    let mut writers = lock();
    if writers.ids.contains_key(&handler.id) {
        return None;
    }
    let mut entries: Vec<&'static Entry> = Vec::with_capacity(names.len());
    for entry in names.iter().map(|name| entry(name)) {
        if !entries.iter().any(|known| known.number == entry.number) {
            entries.push(entry);
        }
    }
    let with = |snapshot: &mut Snapshot| snapshot.handlers.push(Arc::clone(handler));
    let snapshots = entries.iter().map(|entry| writers.change(entry, with)).collect();
    writers.ids.insert(handler.id.clone(), Registration { handler: Arc::clone(handler), entries });
    Some(Removed { _handler: None, _snapshots: snapshots })
}

/// Detaches whoever has this id.
pub(crate) fn remove(id: &str) -> Option<Removed> {
    lock().take_out(id)
}

/// Detaches this very handler: another may have taken its id since.
pub(crate) fn remove_exact(handler: &Arc<Handler>) -> Option<Removed> {
    let mut writers = lock();
    let same = writers.ids.get(&handler.id).is_some_and(|registration| Arc::ptr_eq(&registration.handler, handler));
    if same { writers.take_out(&handler.id) } else { None }
}

/// The handler that has this id.
pub(crate) fn get(id: &str) -> Option<Arc<Handler>> {
    lock().ids.get(id).map(|registration| Arc::clone(&registration.handler))
}

/// Every handler with each of its events.
pub(crate) fn handlers() -> Vec<(Arc<Handler>, &'static str)> {
    let writers = lock();
    let pairs = |registration: &Registration| {
        let name = |entry: &&'static Entry| (Arc::clone(&registration.handler), entry.name.as_str());
        registration.entries.iter().map(name).collect::<Vec<_>>()
    };
    writers.ids.values().flat_map(pairs).collect()
}

/// Tells a declared event its place in the table.
pub(crate) fn link(name: &str, slot: &'static Slot) -> &'static Entry {
    let mut writers = lock();
    let entry = entry(name);
    let slots = writers.slots.entry(entry.number).or_default();
    if !slots.iter().any(|known| std::ptr::eq(*known, slot)) {
        slots.push(slot);
        slot.link(entry);
    }
    entry
}

/// From now on a test captures this event.
pub(crate) fn add_capture(name: &str, record: Record) -> &'static Entry {
    let mut writers = lock();
    let entry = entry(name);
    let old = writers.change(entry, |snapshot| {
        snapshot.captures += 1;
        snapshot.record = Some(record);
    });
    drop(writers);
    drop(old);
    entry
}

/// One capture less.
pub(crate) fn remove_capture(entry: &'static Entry) {
    let mut writers = lock();
    let old = writers.change(entry, |snapshot| snapshot.captures -= 1);
    drop(writers);
    drop(old);
}
