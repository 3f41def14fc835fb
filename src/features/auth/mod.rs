//! Accounts: sign up, sign in, log out, and the page about oneself.

pub mod account_page;
pub mod api;
#[cfg(feature = "ssr")]
pub mod breach;
pub mod fields;
#[cfg(feature = "ssr")]
pub mod guard;
pub mod model;
pub mod next;
#[cfg(feature = "ssr")]
pub mod password;
pub mod rules;
#[cfg(feature = "ssr")]
pub mod service;
#[cfg(feature = "ssr")]
pub mod session;
pub mod sign_in_page;
pub mod sign_up_page;
#[cfg(feature = "ssr")]
pub mod store;
