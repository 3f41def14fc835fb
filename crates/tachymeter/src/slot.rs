//! Where a declared event meets the table.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::table::Entry;

/// The program has not come by this event yet: its slot doesn't know its place in the table.
pub(crate) const UNLINKED: u64 = u64::MAX;

/// The version of an event's handler list, 0 while that is empty, and its place in the table.
#[derive(Debug)]
pub struct Slot {
    version: AtomicU64,
    entry: OnceLock<&'static Entry>,
}

impl Slot {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self { version: AtomicU64::new(UNLINKED), entry: OnceLock::new() }
    }

    /// Relaxed is enough. Whoever has to know of a change by now sees its version, for that is what "has to" means; and a version only says
    /// whether a list that a thread keeps is still the newest: the newest is read under a lock.
    #[inline]
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn entry(&self) -> Option<&'static Entry> {
        self.entry.get().copied()
    }

    /// Called by the table, under its lock.
    pub(crate) fn publish(&self, version: u64) {
        self.version.store(version, Ordering::Relaxed);
    }

    /// Called by the table, once, under its lock.
    pub(crate) fn link(&self, entry: &'static Entry) {
        if self.entry.set(entry).is_ok() {
            self.publish(entry.version());
        }
    }
}
