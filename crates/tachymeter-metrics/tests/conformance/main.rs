//! One table of definitions and events, and what every reporter must make of them: `table.json`.
//!
//! A case is a metric and the events that it hears. A row is `[measurements, metadata, expected]`; expected is the datapoint's value,
//! or `[value, tags]`, or why there is none. A value that JSON doesn't have is `{"ms": 5}` (`ns`, `us`, `s`) or `{"f": "nan"}`.
//! Functions stand by their name, in `functions.rs`.
//!
//! A reporter is added by a file here with one test: start it with [`Table::metrics`], [`Table::run`], read its real output back into
//! [`Seen`]s, [`Table::check`].

mod exact;
mod extraction;
mod functions;
mod live;
mod log;
mod otlp;
mod page;
mod prometheus;
#[path = "../receivers/otlp.rs"]
mod receiver;
mod scrape;
mod shared;
mod statsd;
mod table;

use table::{Seen, Table};
