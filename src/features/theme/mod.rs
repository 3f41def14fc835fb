//! Light, dark, or as the system is: a switch that works with and without scripts.

pub mod api;
pub mod model;
pub mod switch;
