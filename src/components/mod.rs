//! Views with props only: they load nothing.

pub mod hydration;
pub mod not_found;
pub mod time;
pub mod top_bar;
