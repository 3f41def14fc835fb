//! Bridges: what other crates say by `tracing` and `metrics` becomes events here, so that every reporter shows it.

#[cfg(feature = "metrics-bridge")]
pub mod metrics;
#[cfg(feature = "tracing-bridge")]
pub mod tracing;
