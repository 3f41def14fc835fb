//! Declared events: a name, the keys it has, and one line of documentation.

use std::sync::{Mutex, PoisonError};

use crate::table::{self, Slot};

/// A declared event. [`events!`](crate::events) makes them.
#[derive(Debug)]
pub struct Event {
    name: &'static str,
    doc: &'static str,
    measurements: &'static [&'static str],
    metadata: &'static [&'static str],
    // Behind a reference, so that the rest can be read while the program is compiled.
    slot: &'static Slot,
}

impl Event {
    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        doc: &'static str,
        measurements: &'static [&'static str],
        metadata: &'static [&'static str],
        slot: &'static Slot,
    ) -> Self {
        assert!(is_name(name.as_bytes()), "an event's name is dotted segments of a-z, 0-9 and _, for example \"http.request.stop\"");
        Self { name, doc, measurements, metadata, slot }
    }

    /// Its dotted name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it means, as documented where it is declared.
    pub fn doc(&self) -> &'static str {
        self.doc.trim()
    }

    /// The keys of its measurements.
    pub const fn measurements(&self) -> &'static [&'static str] {
        self.measurements
    }

    /// The keys of its metadata.
    pub const fn metadata(&self) -> &'static [&'static str] {
        self.metadata
    }

    /// Whether anybody listens.
    pub fn is_attached(&self) -> bool {
        self.slot.entry(self.name).is_attached()
    }

    pub(crate) fn entry(&self) -> &'static table::Entry {
        self.slot.entry(self.name)
    }

    #[doc(hidden)]
    pub const fn declares(&self, measurements: &[&str], metadata: &[&str]) -> bool {
        all_in(measurements, self.measurements) && all_in(metadata, self.metadata)
    }
}

const fn all_in(keys: &[&str], declared: &[&str]) -> bool {
    let mut i = 0;
    while i < keys.len() {
        let mut found = false;
        let mut j = 0;
        while j < declared.len() {
            found |= same(keys[i].as_bytes(), declared[j].as_bytes());
            j += 1;
        }
        if !found {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    a.len() == b.len()
}

/// Dotted segments, none empty, of lower-case letters, digits and underscores.
pub(crate) const fn is_name(name: &[u8]) -> bool {
    let mut segment = 0;
    let mut i = 0;
    while i < name.len() {
        match name[i] {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => segment += 1,
            b'.' if segment > 0 => segment = 0,
            _ => return false,
        }
        i += 1;
    }
    segment > 0
}

/// A declared span: the four events that it may emit.
#[derive(Debug)]
pub struct SpanEvent {
    name: &'static str,
    start: Event,
    stop: Event,
    exception: Event,
    aborted: Event,
}

impl SpanEvent {
    #[doc(hidden)]
    pub const fn new(name: &'static str, start: Event, stop: Event, exception: Event, aborted: Event) -> Self {
        Self { name, start, stop, exception, aborted }
    }

    /// The name that its events begin with.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// `<name>.start`
    pub const fn start_event(&self) -> &Event {
        &self.start
    }

    /// `<name>.stop`
    pub const fn stop(&self) -> &Event {
        &self.stop
    }

    /// `<name>.exception`
    pub const fn exception(&self) -> &Event {
        &self.exception
    }

    /// `<name>.aborted`
    pub const fn aborted(&self) -> &Event {
        &self.aborted
    }
}

static DECLARED: Mutex<Vec<&'static Event>> = Mutex::new(Vec::new());

/// Makes a crate's events discoverable; declaring twice changes nothing.
pub fn declare(events: &[&'static Event]) {
    let mut declared = DECLARED.lock().unwrap_or_else(PoisonError::into_inner);
    for event in events {
        if !declared.iter().any(|known| known.name == event.name) {
            declared.push(event);
        }
    }
}

/// Every event that was [`declare`]d, in that order.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "doc.declared" { count } [result]; }
/// tachymeter::declare(EVENTS);
/// let login = tachymeter::declared().into_iter().find(|event| event.name() == "doc.declared").unwrap();
/// assert_eq!((login.doc(), login.measurements()), ("A sign-in.", &["count"][..]));
/// assert!(!login.is_attached());
/// ```
pub fn declared() -> Vec<&'static Event> {
    DECLARED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
