//! One test per behaviour of `:telemetry` that users rely on, and per hole of it that is closed here. `docs/conformance.md` has the table.

mod discovery;
mod handlers;
mod kit;
mod spans;
mod threads;
mod traceparent;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A handler that counts its calls.
fn counter() -> (Arc<AtomicUsize>, impl Fn(&tachymeter::Emission<'_>) + Send + Sync + 'static) {
    let calls = Arc::new(AtomicUsize::new(0));
    let inner = calls.clone();
    (calls, move |_: &tachymeter::Emission<'_>| {
        inner.fetch_add(1, Ordering::Relaxed);
    })
}
