//! One folder per thing a person can do: its page, server functions, wire types and queries.

pub mod auth;
pub mod buttons;
pub mod dashboard;
pub mod landing;
pub mod theme;
