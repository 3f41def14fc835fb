//! Say once what to measure: metric definitions over [`tachymeter`]'s events, and what becomes of them.
//!
//! 1. A [`Metric`] says which event, which measurement, which tags and which [`Kind`]. It is checked when it is built.
//! 2. [`datapoint`] is the one way from an event to a number, whoever asks.
//! 3. [Reporters](reporter) bring the numbers somewhere. One of them is the live store, which makes [`Snapshot`]s and [`Frame`]s for a
//!    dashboard: plain serde types that are there without any feature, for the browser.
//!
//! ```
//! use tachymeter_metrics::{Kind, Metric, Unit};
//!
//! let metric = Metric::summary("db.query.total").tags(&["label"]).unit(Unit::Millisecond).build()?;
//! assert_eq!((metric.event(), metric.kind()), ("db.query", Kind::Summary));
//! # Ok::<(), tachymeter_metrics::DefinitionError>(())
//! ```
//!
//! # Further pages
//!
//! - [Which kind of metric](guide::kinds): counter, sum, last value, summary, distribution; units and buckets
//! - `guide::cardinality`: how many series there may be, and what happens beyond
//! - `guide::writing_a_reporter`: what one must do and should do, and one in thirty lines
//!
//! # Features
//!
//! None is on by itself, and each works alone.
//!
//! | feature | what it adds |
//! |---|---|
//! | `live` | `Live`: the dashboard's store |
//! | `log` | `reporter::Log`: a line per event, through `tracing` |
//! | `prometheus` | `reporter::Prometheus`: Prometheus and OpenMetrics text |
//! | `statsd` | `reporter::statsd`: StatsD and DogStatsD, by UDP and Unix sockets |
//! | `otlp` | `reporter::otlp`: metrics and traces to an OpenTelemetry collector, by HTTP |
//! | `poller` | `poller`: process, host, tokio runtime, and measurements of one's own, at fixed times |
//! | `tracing-bridge` | `bridge::tracing`: spans and events of crates that use `tracing`, as events here |
//! | `metrics-bridge` | `bridge::metrics`: what crates record with `metrics`, as events here |
//! | `aggregate` | `Aggregate`: what the reporters that add up are made of, for one's own |
#![deny(missing_docs)]

#[cfg(feature = "aggregate")]
mod aggregate;
pub mod bridge;
mod buckets;
mod builder;
mod definition;
mod error;
mod extract;
pub mod guide;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "poller")]
pub mod poller;
pub mod reporter;
mod sketch;
mod subscription;
mod unit;
mod wire;

#[cfg(feature = "aggregate")]
pub use aggregate::{Accumulator, Aggregate, Detail, Exemplar, Limits, Reservoir, Sum, Total, Totals};

pub use buckets::Buckets;
pub use builder::MetricBuilder;
pub use definition::{Metric, TagPairs};
pub use error::DefinitionError;
pub use extract::{Datapoint, Skip, datapoint, extract};
#[cfg(feature = "live")]
pub use live::{Live, Minute};
pub use sketch::Sketch;
pub use subscription::Subscription;
pub use unit::Unit;
pub use wire::{Definition, Frame, Kind, Point, Series, Skipped, Snapshot, UnknownKind};
