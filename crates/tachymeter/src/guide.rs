//! Pages to read: what is promised, how it compares, how to write a library with it.

#[doc = include_str!("../docs/library.md")]
pub mod library {}

#[doc = include_str!("../docs/coming_from.md")]
pub mod coming_from {}

#[doc = include_str!("../docs/conformance.md")]
pub mod conformance {}

#[doc = include_str!("../docs/events.md")]
pub mod events {}
