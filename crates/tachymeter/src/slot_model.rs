//! Where a declared event meets the table, in a model: each of its runs begins with fresh slots.

use std::marker::PhantomData;

use loom::lazy_static::Lazy;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};

use crate::table::Entry;

/// The program has not come by this event yet.
pub(crate) const UNLINKED: u64 = u64::MAX;

struct Run {
    version: AtomicU64,
    entry: Mutex<Option<&'static Entry>>,
}

fn run() -> Run {
    Run { version: AtomicU64::new(UNLINKED), entry: Mutex::new(None) }
}

/// As in `slot.rs`.
pub struct Slot(Lazy<Run>);

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot")
    }
}

impl Slot {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self(Lazy { init: run, _p: PhantomData })
    }

    pub(crate) fn version(&'static self) -> u64 {
        self.0.get().version.load(Ordering::Relaxed)
    }

    pub(crate) fn entry(&'static self) -> Option<&'static Entry> {
        *self.0.get().entry.lock().expect("nobody panics here")
    }

    pub(crate) fn publish(&'static self, version: u64) {
        self.0.get().version.store(version, Ordering::Relaxed);
    }

    pub(crate) fn link(&'static self, entry: &'static Entry) {
        let before = self.0.get().entry.lock().expect("nobody panics here").replace(entry);
        if before.is_none() {
            self.publish(entry.version());
        }
    }
}
