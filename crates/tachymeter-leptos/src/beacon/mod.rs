//! The browser's report: what it measured, in batches, and how the server checks it.
//!
//! In the browser a handler collects the events of [`REPORTED`] and posts them when an interaction has been painted, but no sooner than
//! two fifths of a second after the report before, at most [`MAX_BYTES`] at a time; what is left when the page goes away is sent by `sendBeacon`. The server treats a report as hostile: it may
//! come from anybody.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "ssr")]
mod limits;
#[cfg(feature = "ssr")]
mod place;
#[cfg(feature = "ssr")]
mod server;
mod wire;

#[cfg(feature = "hydrate")]
pub(crate) use browser::{interactions_ended, start};
#[cfg(feature = "ssr")]
pub use limits::Limits;
#[cfg(feature = "ssr")]
pub use server::{Accepted, Beacon, Refused, Rejection};
pub use wire::{Batch, MAX_BYTES, Measurement, REPORTED, WireEvent};
