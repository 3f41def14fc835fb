//! `[reporters]` of Leptos.toml: where the numbers go, besides the dashboard.

use serde::{Deserialize, Serialize};
use tachymeter_metrics::reporter::LogOptions;

/// Which reporters start.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reporters {
    pub prometheus: bool,
    pub log: LogLevel,
    pub log_filtered: Vec<String>,
}

/// At which level events are logged, if they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Reporters {
    /// How events are logged; `None` if they aren't.
    pub fn log_options(&self) -> Option<LogOptions> {
        let level = match self.log {
            LogLevel::Off => return None,
            LogLevel::Error => tracing::Level::ERROR,
            LogLevel::Warn => tracing::Level::WARN,
            LogLevel::Info => tracing::Level::INFO,
            LogLevel::Debug => tracing::Level::DEBUG,
            LogLevel::Trace => tracing::Level::TRACE,
        };
        Some(LogOptions { level, filtered: self.log_filtered.clone() })
    }
}
