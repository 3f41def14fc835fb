//! The log: one line per event through `tracing`, with all that the event carries and what the metrics make of it.

use std::fmt::Write;
use std::time::Duration;

use tachymeter::{AttachError, Attached, Emission, Value};
use tracing::Level;

use crate::{Datapoint, Metric, Skip, Subscription};

/// The target of all lines, for filters: `tachymeter=debug`. What turns lines of `tracing` into events must leave it out.
pub const LOG_TARGET: &str = "tachymeter";

/// In place of a value that must not be written.
const FILTERED: &str = "[filtered]";

/// How the log is written.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The level of all lines. As shipped `DEBUG`.
    pub level: Level,
    /// Values whose key contains one of these words, in whatever case, are not written.
    pub filtered: Vec<String>,
}

impl Default for LogOptions {
    fn default() -> Self {
        let words = ["password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "credential"];
        Self { level: Level::DEBUG, filtered: words.map(str::to_owned).into() }
    }
}

/// Logs every event of a list of metrics until it is dropped.
///
/// A line has the event's name, its measurements, its metadata, then each metric with its datapoint, or with the reason why there is
/// none. It is written by the caller's thread: a subscriber of `tracing` that waits for a slow file makes the caller wait.
///
/// ```
/// use tachymeter_metrics::reporter::{Log, LogOptions};
/// use tachymeter_metrics::{Metric, Unit};
///
/// let query = Metric::summary("db.query.total").tags(&["label"]).unit(Unit::Millisecond).build()?;
/// let log = Log::start(vec![query], LogOptions::default())?;
/// // DEBUG tachymeter: db.query total=1.2ms label="find user" password=[filtered] | db.query.total summary 1.2 ms label="find user"
/// let total = std::time::Duration::from_micros(1_200);
/// tachymeter::execute("db.query", &[("total", total.into())], &[("label", "find user".into()), ("password", "geheim".into())]);
/// drop(log);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Log {
    _attached: Attached,
}

impl Log {
    /// Begins to log.
    ///
    /// # Errors
    /// If there are no metrics.
    pub fn start(metrics: Vec<Metric>, options: LogOptions) -> Result<Self, AttachError> {
        let subscription = Subscription::new(metrics);
        let options = LogOptions { filtered: options.filtered.iter().map(|word| word.to_lowercase()).collect(), ..options };
        let attached = subscription.attach("log", move |subscription, event| {
            // Nothing is written for nobody.
            if is_enabled(options.level) {
                write(options.level, &line(subscription, event, &options.filtered));
            }
        })?;
        Ok(Self { _attached: attached })
    }
}

/// `tracing` wants each level at compile time.
macro_rules! by_level {
    ($level:expr, $do:ident $(, $($more:tt)*)?) => {
        match $level {
            Level::ERROR => tracing::$do!(target: LOG_TARGET, Level::ERROR $(, $($more)*)?),
            Level::WARN => tracing::$do!(target: LOG_TARGET, Level::WARN $(, $($more)*)?),
            Level::INFO => tracing::$do!(target: LOG_TARGET, Level::INFO $(, $($more)*)?),
            Level::DEBUG => tracing::$do!(target: LOG_TARGET, Level::DEBUG $(, $($more)*)?),
            Level::TRACE => tracing::$do!(target: LOG_TARGET, Level::TRACE $(, $($more)*)?),
        }
    };
}

fn is_enabled(level: Level) -> bool {
    by_level!(level, enabled)
}

fn write(level: Level, line: &str) {
    by_level!(level, event, "{line}");
}

fn line(subscription: &Subscription, event: &Emission<'_>, filtered: &[String]) -> String {
    let mut line = event.name().to_owned();
    event.measurements().iter().for_each(|(key, value)| pair(&mut line, key, *value, filtered));
    event.metadata().iter().for_each(|(key, value)| pair(&mut line, key, *value, filtered));
    let metrics = subscription.metrics();
    subscription.for_each_metric(event, |index, found| metric_part(&mut line, &metrics[index as usize], found, filtered));
    line
}

fn metric_part(line: &mut String, metric: &Metric, found: Result<Datapoint<'_>, Skip>, filtered: &[String]) {
    let _ = write!(line, " | {} {} ", metric.name(), metric.kind());
    match found {
        Ok(datapoint) => {
            let _ = write!(line, "{}", datapoint.value);
            if !metric.unit().symbol().is_empty() {
                let _ = write!(line, " {}", metric.unit());
            }
            datapoint.for_each_tag(|key, value| pair(line, key, value, filtered));
        }
        Err(skip) => _ = write!(line, "skipped ({})", skip.as_str()),
    }
}

fn pair(line: &mut String, key: &str, value: Value<'_>, filtered: &[String]) {
    let lower = key.to_lowercase();
    let _ = match value {
        _ if filtered.iter().any(|word| lower.contains(word)) => write!(line, " {key}={FILTERED}"),
        // Quoted, so that no text can look like another line.
        Value::Str(text) => write!(line, " {key}={text:?}"),
        Value::Duration(duration) => write!(line, " {key}={}", humanised(duration)),
        value => write!(line, " {key}={value}"),
    };
}

/// Three figures and a unit, which is what a person reads of it.
fn humanised(duration: Duration) -> String {
    let ns = duration.as_nanos() as f64;
    let (unit, size) = match ns {
        ns if ns < 999.5 => return format!("{ns}ns"),
        ns if ns < 999.5e3 => ("µs", 1e3),
        ns if ns < 999.5e6 => ("ms", 1e6),
        ns if ns < 119.5e9 => ("s", 1e9),
        ns => {
            let seconds = (ns / 1e9).round() as u64;
            let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            return if hours > 0 { format!("{hours}h{minutes:02}m{seconds:02}s") } else { format!("{minutes}m{seconds:02}s") };
        }
    };
    let value = ns / size;
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    let text = format!("{value:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [
            (0, "0ns"),
            (999, "999ns"),
            (1_000, "1µs"),
            (1_234, "1.23µs"),
            (12_345, "12.3µs"),
            (999_499, "999µs"),
            (999_500, "1ms"),
            (1_200_000, "1.2ms"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (100_000_000_000, "100s"),
            (3_601_000_000_000, "1h00m01s"),
            (125_000_000_000, "2m05s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(humanised(Duration::from_nanos(nanos)), text);
        }
    }
}
