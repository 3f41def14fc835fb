//! One trace per interaction: what the browser and the server say of it, put together.
//!
//! # Whose trace it is
//!
//! A browser may claim anything, so the server gives each page that it renders a prefix for its traces ([`PagePrefix`]): four random bytes, and
//! four that only this process can make of them. Nothing is stored. [`init`](crate::init) lets all traces of the page begin with it, the page's
//! reports say it, and the beacon takes a span only under the prefix of the page that reports it. A server that was started anew doesn't know
//! the prefixes of the one before: their pages' measurements still count, their spans belong to no trace until they are loaded again.

//!
//! # How it is put together
//!
//! `Traces` hears the server's own spans and, through the beacon, those of the browsers, and keeps them by their trace until the interaction that
//! caused them is reported. The latest interactions of each name and outcome are kept, and of each name the slowest: which, is decided when
//! they have ended. Nothing that comes late, twice, in another order or not at all does more than make a waterfall less complete.
//!
//! On the server `follow_tasks` lets what Leptos spawns belong to the request that it was spawned for.

#[cfg(feature = "ssr")]
mod ended;
#[cfg(feature = "ssr")]
mod executor;
mod model;
mod page;
#[cfg(feature = "ssr")]
mod part;
#[cfg(feature = "ssr")]
pub(crate) mod prefix;
#[cfg(feature = "ssr")]
mod store;
#[cfg(all(test, feature = "ssr"))]
mod tests;
#[cfg(feature = "ssr")]
mod waiting;
#[cfg(feature = "ssr")]
mod waterfall;

#[cfg(feature = "ssr")]
pub use executor::follow_tasks;
pub use model::{EventFigures, Filter, Mark, MarkKind, Overview, Place, Row, Summary, Trace};
pub use page::PagePrefix;
#[cfg(feature = "hydrate")]
pub(crate) use page::{adopt, prefix_of_page};
#[cfg(feature = "ssr")]
pub use store::{LATEST, MAX_NAMES, MAX_PARTS, RECENT, SLOWEST, Traces};
