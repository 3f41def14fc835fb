//! The live dashboard: charts described on the server, drawn by ECharts, driven by WebAssembly with data only.
//!
//! [`Interactions`] lists what people did and how long it took them, [`Waterfall`] shows one of these whole.
//!
//! An application says which charts it wants (`Chart::lines`, `Chart::bars`, feature `ssr`) and hands them to [`Dashboard`], for example
//! through a server function. `charming` turns each into an ECharts option on the server, so that none of it is in the browser's bundle; the
//! browser sets the option once and from then on only sends numbers, one chart per animation frame, none while the page is hidden.

#![allow(unreachable_pub, reason = "the component macro makes every component's properties public")]

mod chart;
#[cfg(feature = "hydrate")]
mod echarts;
mod figure;
mod interactions;
mod model;
#[cfg(feature = "ssr")]
mod option;
mod page;
mod query;
mod waterfall;

pub use chart::{Chart, Stat};
pub use interactions::Interactions;
pub use model::{Columns, Label, Model};
pub use page::Dashboard;
pub use query::{Query, Sort};
pub use waterfall::Waterfall;
