//! Declared events: a name, the keys it has, and one line of documentation.

use crate::emission::{Emission, Origin};
use crate::slot::{Slot, UNLINKED};
use crate::table::{self, Entry, QUIET};
use crate::{Value, warn};

/// A declared event. [`events!`](crate::events) makes them.
#[derive(Debug)]
pub struct Event {
    name: &'static str,
    doc: &'static str,
    module: &'static str,
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
        module: &'static str,
        measurements: &'static [&'static str],
        metadata: &'static [&'static str],
        slot: &'static Slot,
    ) -> Self {
        Self { name, doc, module, measurements, metadata, slot }
    }

    /// Its dotted name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it means, as documented where it is declared.
    pub const fn doc(&self) -> &'static str {
        self.doc.trim_ascii()
    }

    /// The module that declares it; its first segment is the crate.
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// The keys of its measurements.
    pub const fn measurements(&self) -> &'static [&'static str] {
        self.measurements
    }

    /// The keys of its metadata.
    pub const fn metadata(&self) -> &'static [&'static str] {
        self.metadata
    }

    /// Whether anybody listens: one relaxed load and a branch while nobody does. A test that
    /// [captures](crate::testing::capture) the event, in whatever thread, is somebody.
    #[inline]
    pub fn is_attached(&self) -> bool {
        self.heard().is_some()
    }

    /// The version of the list of those who listen, if anybody does.
    #[doc(hidden)]
    #[inline]
    pub fn heard(&self) -> Option<u64> {
        match self.slot.version() {
            QUIET => None,
            UNLINKED => self.link_and_look(),
            version => Some(version),
        }
    }

    /// The ids of its handlers, in the order in which they are called.
    pub fn handlers(&self) -> Vec<String> {
        self.entry().handler_ids()
    }

    /// Executes it, if anybody listens. The arguments are built in any case; [`execute!`](crate::execute!) builds them for
    /// somebody only, and checks the keys while it compiles. Here an undeclared key is said on stderr, once, in debug builds.
    ///
    /// ```
    /// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "doc.held" { count } [result]; }
    /// for event in EVENTS {
    ///     event.execute(&[("count", 1u64.into())], &[("result", "ok".into())]);
    /// }
    /// ```
    pub fn execute(&self, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)]) {
        if let Some(version) = self.heard() {
            warn::undeclared(self, measurements, metadata);
            self.dispatch(version, measurements, metadata);
        }
    }

    #[doc(hidden)]
    #[inline]
    pub fn dispatch(&self, version: u64, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)]) {
        self.emit(version, measurements, metadata, Origin::Ambient);
    }

    #[inline]
    pub(crate) fn emit(&self, version: u64, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)], origin: Origin) {
        if let Some(entry) = self.slot.entry() {
            table::dispatch(entry, version, &Emission::new(self.name, measurements, metadata, origin));
        }
    }

    fn entry(&self) -> &'static Entry {
        self.slot.entry().unwrap_or_else(|| table::link(self.name, self.slot))
    }

    #[cold]
    #[inline(never)]
    fn link_and_look(&self) -> Option<u64> {
        Some(table::link(self.name, self.slot).version()).filter(|version| *version != QUIET)
    }
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

    /// Whether anybody listens to any of the four.
    pub fn is_attached(&self) -> bool {
        self.stop.is_attached() || self.start.is_attached() || self.exception.is_attached() || self.aborted.is_attached()
    }
}
