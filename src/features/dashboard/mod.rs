//! The live dashboard: charts, and what people did.

pub mod api;
pub mod frame;
pub mod interaction_page;
pub mod interactions_page;
pub mod page;
