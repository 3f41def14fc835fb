//! The first page: what this is, and three facts that take their time.

pub mod api;
pub mod model;
pub mod page;
#[cfg(feature = "ssr")]
pub mod store;

tachymeter::events! {
    /// What happens on the landing page.
    pub EVENTS;

    /// The landing page's data was there, so long after it was asked for.
    pub event LOAD = "landing.load" { duration } [side];
}
