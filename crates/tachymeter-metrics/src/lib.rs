//! Say once what to measure: metric definitions over [`tachymeter`]'s events, and what becomes of them.
//!
//! 1. A [`Metric`] says which event, which measurement, which tags and which [`Kind`]. It is checked when it is built.
//! 2. [`datapoint`] is the one way from an event to a number, whoever asks.
//! 3. With the feature `live`, [`Live`] aggregates them in memory and makes [`Snapshot`]s and [`Frame`]s, which are
//!    plain serde types and are there without the feature too, for the browser.
//!
//! ```
//! use tachymeter_metrics::{Kind, Metric, Unit};
//!
//! let metric = Metric::summary("db.query.total").tags(&["label"]).unit(Unit::Millisecond).build()?;
//! assert_eq!((metric.event(), metric.kind()), ("db.query", Kind::Summary));
//! # Ok::<(), tachymeter_metrics::DefinitionError>(())
//! ```
//!
//! # Which kind
//!
//! | the question | the kind |
//! |---|---|
//! | how often | [`Metric::counter`] |
//! | how much in all | [`Metric::sum`] |
//! | how much now | [`Metric::last_value`] |
//! | how long, mostly and at worst | [`Metric::summary`] |
//! | the same, over several machines | [`Metric::distribution`] |
//!
//! # Cardinality
//!
//! Each set of tag values is a series and takes memory for good. Tag by what has few values: a route's pattern and not
//! its path, a status and not a message. Past its limits the live store puts datapoints into an `other` series, and
//! counts them.
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
pub use wire::{Definition, Frame, Kind, Point, Series, Snapshot, UnknownKind};
