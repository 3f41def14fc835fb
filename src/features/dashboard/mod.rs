//! The live dashboard.

pub mod api;
pub mod page;
