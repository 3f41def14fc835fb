//! The live dashboard: charts described on the server, drawn by ECharts, driven by WebAssembly with data only.
//!
//! An application says which charts it wants (`Chart::lines`, `Chart::bars`, feature `ssr`) and hands them to [`Dashboard`], for example
//! through a server function. `charming` turns each into an ECharts option on the server, so that none of it is in the browser's bundle; the
//! browser sets the option once and from then on only sends numbers, one chart per animation frame, none while the page is hidden.

#![allow(unreachable_pub, reason = "the component macro makes every component's properties public")]

mod chart;
#[cfg(feature = "hydrate")]
mod echarts;
mod figure;
mod model;
#[cfg(feature = "ssr")]
mod option;
mod page;

pub use chart::{Chart, Stat};
pub use model::{Columns, Label, Model};
pub use page::Dashboard;
