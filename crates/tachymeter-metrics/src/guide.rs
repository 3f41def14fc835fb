//! Pages to read: which kind to choose, how many series there may be, how to write a reporter.

#[doc = include_str!("../docs/kinds.md")]
pub mod kinds {}

#[cfg(feature = "aggregate")]
#[doc = include_str!("../docs/cardinality.md")]
pub mod cardinality {}

#[cfg(feature = "aggregate")]
#[doc = include_str!("../docs/writing_a_reporter.md")]
pub mod writing_a_reporter {}
