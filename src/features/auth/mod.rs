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

tachymeter::events! {
    /// What happens to accounts.
    pub EVENTS;

    /// Somebody tried to sign in.
    pub event LOGIN = "auth.login" { count } [result];

    /// Somebody tried to make an account.
    pub event SIGN_UP = "auth.sign_up" { count } [result];

    /// A request to somebody else's server, to the end of its answer.
    pub span EXTERNAL_REQUEST = "external.request" {} [host, outcome];
}
