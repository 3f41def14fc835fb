//! The server's twin of `tracker.rs`: same functions, nothing to track.

use leptos::prelude::RwSignal;
use tachymeter::{Context, OpenSpan, SpanId, Value};

use super::Interaction;
use super::hook::Tags;

/// Starts measuring in the browser, and sends what is measured to `beacon_url`: call it there once, before `hydrate_body` or
/// `mount_to_body`. If the application has already installed an executor of its own, that one stays, and less is seen:
/// [what](crate::interaction#with-an-executor-of-your-own).
///
/// # Server-Side Rendering
/// Does nothing: nobody clicks there.
pub fn init(_beacon_url: &'static str) {}

pub(crate) fn listen(_hook: &'static str, _closed: RwSignal<Vec<Interaction>>) {}

pub(crate) fn handle(_hook: &'static str, _handler: &'static str, _event: &web_sys::Event, run: impl FnOnce()) {
    run();
}

pub(crate) fn tag(_hook: &'static str, _tags: Tags) {}

pub(crate) fn rendered() {}

pub(crate) fn superseded() {}

pub(crate) fn parent() -> Option<Context> {
    Context::current()
}

pub(crate) fn sent() {}

pub(crate) fn answered(_server_ms: Option<f64>) {}

/// A server function under way.
#[derive(Debug)]
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn begin(_span: SpanId) -> Self {
        Self
    }

    pub(crate) fn ended(&mut self, _succeeded: bool) {}

    pub(crate) fn timings(&self, _span: &OpenSpan) -> Vec<(&'static str, Value<'static>)> {
        Vec::new()
    }
}
