//! `[reporters]` of Leptos.toml: where the numbers go, besides the dashboard.

use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::time::Duration;
use tachymeter_metrics::Limits;
use tachymeter_metrics::reporter::LogOptions;
use tachymeter_metrics::reporter::otlp::Options as OtlpOptions;
use tachymeter_metrics::reporter::statsd::{Flavor, Options as StatsdOptions, Receiver};

/// Which reporters start.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reporters {
    pub prometheus: bool,
    pub log: LogLevel,
    pub log_filtered: Vec<String>,
    pub statsd: Statsd,
    pub otlp: Otlp,
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

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Statsd {
    pub enabled: bool,
    pub receiver: String,
    pub dialect: Dialect,
    pub prefix: String,
    pub tags: Vec<String>,
    pub flush_ms: u64,
    pub mtu: usize,
}

/// What a StatsD server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Standard,
    Datadog,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    pub enabled: bool,
    pub endpoint: String,
    pub headers: Vec<String>,
    pub service: String,
    pub resource: Vec<String>,
    pub interval_ms: u64,
    pub timeout_ms: u64,
    pub trace_ratio: f64,
    pub max_spans: usize,
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

    /// Impossible values.
    pub(super) fn check(&self, must: &mut dyn FnMut(bool, &str, &dyn Display)) {
        let hour = 10..=3_600_000;
        let words = &self.log_filtered;
        must(!words.iter().any(String::is_empty), "reporters.log_filtered", &format!("{words:?}"));
        let s = &self.statsd;
        must(s.options(Limits::default()).is_some(), "reporters.statsd.receiver", &format!("{:?}", s.receiver));
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let is_prefix = s.prefix.is_empty() || s.prefix.split('.').all(|part| !part.is_empty() && part.bytes().all(letter));
        must(is_prefix, "reporters.statsd.prefix", &format!("{:?}", s.prefix));
        must(pairs(&s.tags).is_some(), "reporters.statsd.tags", &format!("{:?}", s.tags));
        must(hour.contains(&s.flush_ms), "reporters.statsd.flush_ms", &s.flush_ms);
        must((64..=65_507).contains(&s.mtu), "reporters.statsd.mtu", &s.mtu);
        let o = &self.otlp;
        let host = o.endpoint.strip_prefix("http://").or_else(|| o.endpoint.strip_prefix("https://"));
        let is_endpoint = host.is_some_and(|host| !host.is_empty() && o.endpoint.parse::<axum::http::Uri>().is_ok());
        must(is_endpoint, "reporters.otlp.endpoint", &format!("{:?}", o.endpoint));
        // Their values are secrets.
        must(pairs(&o.headers).is_some_and(|all| all.iter().all(is_header)), "reporters.otlp.headers", &"a list");
        must(!o.service.is_empty(), "reporters.otlp.service", &format!("{:?}", o.service));
        must(pairs(&o.resource).is_some(), "reporters.otlp.resource", &format!("{:?}", o.resource));
        must(hour.contains(&o.interval_ms), "reporters.otlp.interval_ms", &o.interval_ms);
        must((1..=60_000).contains(&o.timeout_ms), "reporters.otlp.timeout_ms", &o.timeout_ms);
        must((0.0..=1.0).contains(&o.trace_ratio), "reporters.otlp.trace_ratio", &o.trace_ratio);
        must((1..=1_000_000).contains(&o.max_spans), "reporters.otlp.max_spans", &o.max_spans);
    }
}

impl Statsd {
    /// How to report; `None` if there can be no such receiver.
    pub fn options(&self, limits: Limits) -> Option<StatsdOptions> {
        let receiver = match self.receiver.strip_prefix("unix:") {
            Some(path) => Receiver::Unix(Some(path).filter(|path| !path.is_empty())?.into()),
            None => {
                let (host, port) = self.receiver.rsplit_once(':')?;
                let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
                Some(Receiver::Udp(self.receiver.clone())).filter(|_| is_port && !host.is_empty())?
            }
        };
        let flavor = match self.dialect {
            Dialect::Standard => Flavor::Standard,
            Dialect::Datadog => Flavor::Datadog,
        };
        Some(StatsdOptions {
            receiver,
            flavor,
            prefix: self.prefix.clone(),
            tags: pairs(&self.tags).unwrap_or_default(),
            flush: Duration::from_millis(self.flush_ms),
            mtu: self.mtu,
            limits,
            ..StatsdOptions::default()
        })
    }
}

impl Otlp {
    /// How to report.
    pub fn options(&self, limits: Limits) -> OtlpOptions {
        let service = [("service.name".to_owned(), self.service.clone())];
        OtlpOptions {
            endpoint: self.endpoint.clone(),
            headers: pairs(&self.headers).unwrap_or_default(),
            resource: service.into_iter().chain(pairs(&self.resource).unwrap_or_default()).collect(),
            interval: Duration::from_millis(self.interval_ms),
            timeout: Duration::from_millis(self.timeout_ms),
            max_spans: self.max_spans,
            trace_ratio: self.trace_ratio,
            limits,
        }
    }
}

/// `"key: value"`, all of them or none.
fn pairs(list: &[String]) -> Option<Vec<(String, String)>> {
    let pair = |text: &String| {
        let (key, value) = text.split_once(':')?;
        Some((key.trim().to_owned(), value.trim().to_owned())).filter(|(key, _)| !key.is_empty())
    };
    list.iter().map(pair).collect()
}

fn is_header((name, value): &(String, String)) -> bool {
    name.parse::<axum::http::HeaderName>().is_ok() && value.parse::<axum::http::HeaderValue>().is_ok()
}
