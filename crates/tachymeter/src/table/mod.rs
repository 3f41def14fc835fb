//! The table of handlers. Whoever changes it goes through one lock; whoever executes an event reads a snapshot.
//!
//! An event's name has one [`Entry`], for ever. Each change of its handlers gives it a new [`Snapshot`] with a version that no other has.
//! A declared event keeps a copy of that version in its slot, so that one without handlers costs one load; a thread keeps the
//! snapshots that it used last, so that one with handlers takes no lock and writes to no memory that another thread reads.

mod dispatch;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError};

use crate::Emission;
use crate::sync::{AtomicU64, Ordering, RwLock, global};

pub(crate) use dispatch::{dispatch, dispatch_by_name, is_heard};
pub(crate) use write::{add_capture, get, handlers, insert, link, remove, remove_capture, remove_exact};

/// The version of an event that nobody listens to.
pub(crate) const QUIET: u64 = 0;

/// A function that is attached under an id.
pub(crate) struct Handler {
    pub(crate) id: String,
    pub(crate) run: Box<dyn Fn(&Emission<'_>) + Send + Sync>,
    pub(crate) durable: bool,
    pub(crate) failures: AtomicU64,
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Who is called, as of one version.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    version: u64,
    handlers: Vec<Arc<Handler>>,
    /// How many tests capture the event, in whatever thread.
    captures: usize,
    /// How they do. Only a program that has captured brings the code for it, which prints every kind of value.
    record: Option<Record>,
}

/// Keeps an emission for the tests that capture it.
pub(crate) type Record = fn(&'static Entry, &Emission<'_>);

/// One event name and who listens to it. There are as many as names that were declared or attached to, and they stay.
#[derive(Debug)]
pub(crate) struct Entry {
    name: String,
    number: usize,
    version: AtomicU64,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl Entry {
    pub(crate) fn handler_ids(&self) -> Vec<String> {
        self.snapshot().handlers.iter().map(|handler| handler.id.clone()).collect()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives back the old snapshot, to be dropped when no lock is held.
    fn publish(&self, snapshot: Snapshot) -> Arc<Snapshot> {
        let quiet = snapshot.handlers.is_empty() && snapshot.captures == 0;
        let version = if quiet { QUIET } else { snapshot.version };
        let old = std::mem::replace(&mut *self.snapshot.write().unwrap_or_else(PoisonError::into_inner), Arc::new(snapshot));
        self.version.store(version, Ordering::Release);
        old
    }
}

global! {
    static ENTRIES: RwLock<HashMap<&'static str, &'static Entry>> = RwLock::default();
}

fn known(name: &str) -> Option<&'static Entry> {
    ENTRIES.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

fn entry(name: &str) -> &'static Entry {
    if let Some(entry) = known(name) {
        return entry;
    }
    let mut entries = ENTRIES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = entries.get(name) {
        return entry;
    }
    let (version, snapshot) = (AtomicU64::new(QUIET), RwLock::default());
    let entry: &'static Entry = Box::leak(Box::new(Entry { name: name.to_owned(), number: entries.len(), version, snapshot }));
    entries.insert(&entry.name, entry);
    entry
}
