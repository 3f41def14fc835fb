//! Refusing a configuration: every message names the key, the value and what is allowed.

use super::{Access, Config};
use figment::Figment;
use figment::error::Kind;
use std::fmt::Display;

/// Why the server doesn't start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No file, or not allowed to read it.
    #[error(
        "{path} can't be read ({reason}). The server needs it to start: run it where the file is, or set APP_CONFIG to its path"
    )]
    Unreadable {
        /// Where it was looked for.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// One line per setting that is wrong.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
}

/// What each key may be, in words.
const ALLOWED: &[(&str, &str)] = &[
    ("server.address", "an IP address and a port, such as \"127.0.0.1:3000\""),
    ("server.site_root", "a folder's path"),
    ("server.log", "a level (error, warn, info, debug, trace) or a list such as \"info,sqlx=debug\""),
    ("database.url", "\"sqlite://\" and a file's path"),
    ("database.max_connections", "a whole number from 1 to 1000"),
    ("database.busy_timeout_ms", "a whole number from 0 to 60000"),
    ("landing.delay_min_ms", "a whole number from 0 to 60000"),
    ("landing.delay_max_ms", "a whole number from landing.delay_min_ms to 60000"),
    ("buttons.red_ms", "a whole number from 0 to 60000"),
    ("buttons.green_ms", "a whole number from 0 to 60000"),
    ("buttons.blue_ms", "a whole number from 0 to 60000"),
    ("auth.password_min_length", "a whole number from 8 to 64"),
    ("auth.password_max_length", "a whole number from 64 to 1024"),
    ("auth.session_idle_minutes", "a whole number from 1 to 525600"),
    ("auth.session_absolute_hours", "a whole number from 1 to 8760, and no less time than auth.session_idle_minutes"),
    ("auth.secure_cookie", "\"auto\", \"always\" or \"never\""),
    ("auth.limit_window_minutes", "a whole number from 1 to 1440"),
    ("auth.sign_in_per_account", "a whole number from 1 to 100000"),
    ("auth.sign_in_per_address", "a whole number from 1 to 100000"),
    ("auth.sign_up_per_address", "a whole number from 1 to 100000"),
    ("auth.hash_concurrency", "a whole number from 1 to 64 (each takes 19 MiB while it works)"),
    ("auth.breach_list_url", "an http:// or https:// address that ends in a slash"),
    ("auth.breach_list_timeout_ms", "a whole number from 1 to 10000"),
    ("auth.admins", "a list of email addresses"),
    ("dashboard.access", "\"loopback\" (only with a loopback server.address), \"admin\", \"user\" or \"public\""),
    ("dashboard.tick_ms", "a whole number from 100 to 60000"),
    ("dashboard.max_series", "a whole number from 1 to 100000"),
    ("dashboard.retention_hours", "a whole number from 1 to 8760"),
    ("dashboard.max_subscribers", "a whole number from 1 to 100000"),
    ("beacon.max_bytes", "a whole number from 1024 to 1048576"),
    ("beacon.max_events", "a whole number from 1 to 10000"),
    ("beacon.reports_per_minute", "a whole number from 1 to 100000"),
    ("reporters.prometheus", "true or false"),
    ("reporters.log", "\"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\""),
    ("reporters.log_filtered", "a list of words, none of them empty (an empty one is in every key)"),
    ("reporters.statsd.enabled", "true or false"),
    ("reporters.statsd.receiver", "a host and a port, such as \"127.0.0.1:8125\", or \"unix:\" and a path"),
    ("reporters.statsd.dialect", "\"standard\" or \"datadog\""),
    ("reporters.statsd.prefix", "\"\", or letters, digits, _ and - with dots between them"),
    ("reporters.statsd.tags", "a list of \"key:value\""),
    ("reporters.statsd.flush_ms", "a whole number from 10 to 3600000"),
    ("reporters.statsd.mtu", "a whole number from 64 to 65507"),
    ("reporters.otlp.enabled", "true or false"),
    ("reporters.otlp.endpoint", "an http:// or https:// address, such as \"http://127.0.0.1:4318\""),
    ("reporters.otlp.headers", "a list of \"name: value\", as in a request"),
    ("reporters.otlp.service", "a name"),
    ("reporters.otlp.resource", "a list of \"key: value\""),
    ("reporters.otlp.interval_ms", "a whole number from 10 to 3600000"),
    ("reporters.otlp.timeout_ms", "a whole number from 1 to 60000"),
    ("reporters.otlp.trace_ratio", "a number from 0.0 to 1.0"),
    ("reporters.otlp.max_spans", "a whole number from 1 to 1000000"),
    ("poller.period_ms", "a whole number from 100 to 3600000"),
];

fn allowed(key: &str) -> &'static str {
    ALLOWED.iter().find(|(name, _)| *name == key).map_or("see the comments in Leptos.toml", |(_, text)| text)
}

/// Impossible values, all of them at once.
pub(super) fn check(c: &Config) -> Result<(), ConfigError> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, key: &str, value: &dyn Display| {
        if !holds {
            wrong.push(refusal(key, &value.to_string()));
        }
    };
    let minute = 0..=60_000;
    must(c.database.url.strip_prefix("sqlite://").is_some_and(|path| !path.is_empty()), "database.url", &c.database.url);
    must((1..=1000).contains(&c.database.max_connections), "database.max_connections", &c.database.max_connections);
    must(minute.contains(&c.database.busy_timeout_ms), "database.busy_timeout_ms", &c.database.busy_timeout_ms);
    must(minute.contains(&c.landing.delay_min_ms), "landing.delay_min_ms", &c.landing.delay_min_ms);
    let max = c.landing.delay_max_ms;
    must(minute.contains(&max) && max >= c.landing.delay_min_ms, "landing.delay_max_ms", &max);
    must(minute.contains(&c.buttons.red_ms), "buttons.red_ms", &c.buttons.red_ms);
    must(minute.contains(&c.buttons.green_ms), "buttons.green_ms", &c.buttons.green_ms);
    must(minute.contains(&c.buttons.blue_ms), "buttons.blue_ms", &c.buttons.blue_ms);
    check_auth(c, &mut must);
    let remote_loopback = c.dashboard.access == Access::Loopback && !c.is_loopback();
    let reason = format!("\"loopback\" while server.address is {}", c.server.address);
    must(!remote_loopback, "dashboard.access", &reason);
    must((100..=60_000).contains(&c.dashboard.tick_ms), "dashboard.tick_ms", &c.dashboard.tick_ms);
    must((1..=100_000).contains(&c.dashboard.max_series), "dashboard.max_series", &c.dashboard.max_series);
    let hours = c.dashboard.retention_hours;
    must((1..=8760).contains(&hours), "dashboard.retention_hours", &hours);
    must((1..=100_000).contains(&c.dashboard.max_subscribers), "dashboard.max_subscribers", &c.dashboard.max_subscribers);
    must((1024..=1_048_576).contains(&c.beacon.max_bytes), "beacon.max_bytes", &c.beacon.max_bytes);
    must((1..=10_000).contains(&c.beacon.max_events), "beacon.max_events", &c.beacon.max_events);
    let per_minute = c.beacon.reports_per_minute;
    must((1..=100_000).contains(&per_minute), "beacon.reports_per_minute", &per_minute);
    c.reporters.check(&mut must);
    must((100..=3_600_000).contains(&c.poller.period_ms), "poller.period_ms", &c.poller.period_ms);
    if wrong.is_empty() { Ok(()) } else { Err(ConfigError::Refused(wrong)) }
}

fn check_auth(c: &Config, must: &mut dyn FnMut(bool, &str, &dyn Display)) {
    let a = &c.auth;
    let count = 1..=100_000;
    must((8..=64).contains(&a.password_min_length), "auth.password_min_length", &a.password_min_length);
    must((64..=1024).contains(&a.password_max_length), "auth.password_max_length", &a.password_max_length);
    must((1..=525_600).contains(&a.session_idle_minutes), "auth.session_idle_minutes", &a.session_idle_minutes);
    let hours = a.session_absolute_hours;
    must((1..=8760).contains(&hours) && hours * 60 >= a.session_idle_minutes, "auth.session_absolute_hours", &hours);
    must((1..=1440).contains(&a.limit_window_minutes), "auth.limit_window_minutes", &a.limit_window_minutes);
    must(count.contains(&a.sign_in_per_account), "auth.sign_in_per_account", &a.sign_in_per_account);
    must(count.contains(&a.sign_in_per_address), "auth.sign_in_per_address", &a.sign_in_per_address);
    must(count.contains(&a.sign_up_per_address), "auth.sign_up_per_address", &a.sign_up_per_address);
    must((1..=64).contains(&a.hash_concurrency), "auth.hash_concurrency", &a.hash_concurrency);
    let url = &a.breach_list_url;
    let is_url = (url.starts_with("http://") || url.starts_with("https://")) && url.ends_with('/');
    must(is_url, "auth.breach_list_url", url);
    must((1..=10_000).contains(&a.breach_list_timeout_ms), "auth.breach_list_timeout_ms", &a.breach_list_timeout_ms);
}

fn refusal(key: &str, value: &str) -> String {
    format!("{key} = {value} is not allowed. Allowed: {}", allowed(key))
}

/// Unknown keys, missing keys and wrong types, as figment and serde found them.
pub(super) fn refusals(figment: &Figment, error: figment::Error) -> ConfigError {
    ConfigError::Refused(error.into_iter().map(|error| describe(figment, &error)).collect())
}

fn describe(figment: &Figment, error: &figment::Error) -> String {
    let key = error.path.join(".");
    match &error.kind {
        Kind::UnknownField(name, known) => {
            let section = error.path.split_last().map_or(String::new(), |(_, section)| section.join("."));
            let inside = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
            format!("{key} is not a setting (unknown key {name}{inside}). Allowed: {}", known.join(", "))
        }
        Kind::MissingField(name) => {
            let key = if key.is_empty() { name.to_string() } else { format!("{key}.{name}") };
            format!("{key} is missing. Allowed: {}", allowed(&key))
        }
        _ if key.is_empty() => format!("the file is not TOML that we can read: {error}"),
        _ => match figment.find_value(&key) {
            Ok(value) => refusal(&key, &show(&value)),
            Err(_) => format!("{key} is not allowed ({}). Allowed: {}", error.kind, allowed(&key)),
        },
    }
}

fn show(value: &figment::value::Value) -> String {
    use figment::value::Value;
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|n| n.to_string())
            .or_else(|| number.to_u128().map(|n| n.to_string()))
            .or_else(|| number.to_f64().map(|n| n.to_string()))
            .unwrap_or_default(),
        Value::Array(..) => "a list".into(),
        _ => "a table".into(),
    }
}
