//! Three colour buttons: the smallest application in which clicks overlap.

pub mod api;
pub mod model;
pub mod page;
