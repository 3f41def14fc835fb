//! One trace per interaction: what the browser and the server say of it, put together.
//!
//! # Whose trace it is
//!
//! A browser may claim anything, so the server gives each page that it renders a prefix for its traces ([`PagePrefix`]): four random bytes, and
//! four that only this process can make of them. Nothing is stored. [`init`](crate::init) lets all traces of the page begin with it, the page's
//! reports say it, and the beacon takes a span only under the prefix of the page that reports it. A server that was started anew doesn't know
//! the prefixes of the one before: their pages' measurements still count, their spans belong to no trace until they are loaded again.

#[cfg(feature = "ssr")]
mod executor;
mod page;
#[cfg(feature = "ssr")]
pub(crate) mod prefix;

#[cfg(feature = "ssr")]
pub use executor::follow_tasks;
pub use page::PagePrefix;
#[cfg(feature = "hydrate")]
pub(crate) use page::{adopt, prefix_of_page};
