//! Interactions: one input event of a person and all that it caused, also when several are under way at once.
//!
//! # How a re-render finds its cause
//!
//! In the browser [`init`](crate::interaction) installs an executor of its own before Leptos installs one. Every task (an effect, a
//! render effect, an action, a resource) goes through it, wrapped. A task that is woken while interaction A is current
//! gets A as a cause; while the task is polled its causes are current. A wake from outside (a promise that resolved) keeps the
//! causes of the task's last poll, which is right after an `.await`; those of interactions that have closed lapse.
//!
//! # When it ends
//!
//! An interaction has settled when none of its polls is queued and none of its server functions is in flight. It closes at the
//! paint after that: the first task after the next animation frame. If something else of it was queued meanwhile, it stays open
//! until the next time it settles.
//!
//! On the server everything here does nothing: nobody clicks there.

mod hook;
mod report;

#[cfg(feature = "hydrate")]
mod executor;
#[cfg(feature = "hydrate")]
mod paint;
#[cfg(feature = "hydrate")]
pub(crate) mod tracker;
#[cfg(not(feature = "hydrate"))]
#[path = "inert.rs"]
pub(crate) mod tracker;

#[cfg(feature = "hydrate")]
mod start;

pub use hook::{UseMeasured, use_measured};
pub use report::{Interaction, Outcome};
#[cfg(feature = "hydrate")]
pub use start::init;
