//! The application: accounts, three colour buttons and a live dashboard, measured from the click to the paint.
//!
//! One crate, built twice: with `ssr` it is the server, with `hydrate` the WebAssembly that takes over in the browser.
//! Everything under [`features`] exists on both sides except its `store` and what else says `ssr` on its `mod` line.
#![recursion_limit = "256"]

pub mod app;
pub mod components;
pub mod context;
pub mod error;
pub mod features;
#[cfg(feature = "hydrate")]
pub mod hydrate;
pub mod lazy;
#[cfg(feature = "ssr")]
pub mod server;
pub mod wire;
