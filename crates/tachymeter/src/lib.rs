//! Events, handlers and spans: telemetry whose handlers are attached at run time, to events by name.
//!
//! # Concepts
//!
//! An *event* is a dotted static name (`auth.login`) with *measurements* (numbers) and *metadata* (everything else). A *handler* is a
//! function attached to event names under a unique id. A *span* is a `start`, then exactly one of `stop`, `exception` or `aborted`.
//! The semantics are those of Erlang's `:telemetry`: synchronous, in the caller, a handler that fails is detached and said so.
//!
//! # Emit
//!
//! ```
//! tachymeter::events! {
//!     /// What this program emits.
//!     pub EVENTS;
//!
//!     /// Somebody tried to sign in.
//!     pub event LOGIN = "auth.login" { count } [result];
//! }
//!
//! fn signed_in() {
//!     // Nothing between the braces is evaluated while nobody listens; a key that isn't declared doesn't compile.
//!     tachymeter::execute!(LOGIN, { count: 1u64 }, { result: "ok" });
//! }
//! # fn main() { signed_in() }
//! ```
//!
//! # Handle
//!
//! ```
//! # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "doc.login" { count } [result]; }
//! # fn main() -> Result<(), tachymeter::AttachError> {
//! let attached = tachymeter::attach("print", &["doc.login"], |login| {
//!     assert_eq!(login.get("result"), Some("ok".into()));
//! })?;
//! tachymeter::execute!(LOGIN, { count: 1u64 }, { result: "ok" });
//! drop(attached); // detaches
//! # Ok(())
//! # }
//! ```
//!
//! # Measure a span
//!
//! ```
//! tachymeter::events! {
//!     /// All.
//!     pub EVENTS;
//!     /// A piece of work.
//!     pub span WORK = "work" { items } [form];
//! }
//!
//! # fn main() {
//! let span = tachymeter::start!(WORK, { form: "demo" });
//! let items = span.in_scope(|| 3u64); // children started here have it as their parent
//! tachymeter::stop!(WORK, span, { items: items });
//! # }
//! ```
//!
//! The keys are checked as those of an event are. For a span that is held in a variable there are [`SpanEvent::start`] and
//! [`OpenSpan::stop`]; what they are given is looked at when the program runs, in debug builds.
//!
//! A function that is a span as a whole says so by [`measured`]:
//!
//! ```
//! # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.measured" {} [form]; }
//! #[tachymeter::measured(WORK, metadata(form))]
//! async fn work(form: &str) -> usize {
//!     form.len()
//! }
//! # fn main() {}
//! ```
//!
//! # Test
//!
//! [`testing::capture`] records what the current test emits, unseen by tests that run beside it; [`testing::freeze_clock`] lets a test
//! set the time.
//!
//! ```
//! # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.tested" {} []; }
//! # fn main() {
//! let clock = tachymeter::testing::freeze_clock();
//! let ends = tachymeter::testing::capture(&["doc.tested.stop"]);
//! WORK.run(&[], || clock.advance(std::time::Duration::from_millis(7)));
//! assert_eq!(ends.take()[0].measurement("duration"), Some(std::time::Duration::from_millis(7).into()));
//! # }
//! ```
//!
//! # Write a library with it
//!
//! Declare all events in one public list, and hand numbers to whoever listens: [the rules](guide::library).
//!
//! # Further pages
//!
//! - [Coming from `tracing`, from `metrics`, from `:telemetry`](guide::coming_from), and when to use which
//! - [What is promised, and the test that holds it](guide::conformance)
//! - [The events of this crate](guide::events), a page that [`reference`](crate::reference()) makes from the declarations
//!
//! # Cost
//!
//! With nobody attached an [`execute!`] is one load and a branch, as is a disabled event of `tracing`. With somebody it takes no lock,
//! allocates nothing and writes nothing that another thread reads: each thread keeps the list of handlers that it used last, and renews
//! it when somebody has been attached or detached. The price: what a detached handler has captured is freed only once every thread that
//! ran it has come by a changed list, of whatever event, or has ended. `cargo bench -p tachymeter` has the numbers, beside `tracing`,
//! `metrics` and `opentelemetry`.
//!
//! # Versions
//!
//! Rust 1.94 or newer, which `make check` verifies. No dependency but the macros and, in a browser, `wasm-bindgen`; no `unsafe`.
//!
//! # In the browser
//!
//! The same API; time is `performance.now`. WebAssembly is built with `panic = "abort"`, so there a handler that panics ends the program.
#![deny(missing_docs)]

mod value;

mod declare;
mod event;
mod macros;
mod name;

mod emission;
mod failure;
mod handler;
#[cfg(not(loom))]
mod slot;
#[cfg(loom)]
#[path = "slot_model.rs"]
mod slot;
mod sync;
mod table;
mod warn;

mod context;
mod ids;
mod kept;
mod measured;
mod span;

pub mod clock;
pub mod guide;
pub mod testing;

pub use context::{Context, InContext, ParseError, SpanId, TraceId, WithContext, set_trace_prefix};
pub use declare::{declare, declared, reference, unhandled};
pub use emission::Emission;
pub use event::{Event, SpanEvent};
pub use failure::{EVENTS, HANDLER_FAILURE};
pub use handler::{
    AttachError, Attached, DetachError, HandlerInfo, attach, attach_durable, attach_prefix, detach, execute, execute_for,
    failures, list_handlers,
};
pub use span::OpenSpan;
pub use tachymeter_macros::measured;
pub use value::Value;

#[doc(hidden)]
pub mod __private {
    pub use crate::measured::{AsValue, Outcome, follow};
    pub use crate::name::{contains, disjoint, distinct, is_name};
    pub use crate::slot::Slot;
}
