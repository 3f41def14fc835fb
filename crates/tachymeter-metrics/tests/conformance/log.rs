//! The table against the lines of the log.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tachymeter_metrics::Metric;
use tachymeter_metrics::reporter::{LOG_TARGET, Log, LogOptions};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::Table;
use crate::table::Row;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn Debug) {
                self.0 = format!("{value:?}");
            }
        }
        if event.metadata().target() == LOG_TARGET {
            let mut message = Message(String::new());
            event.record(&mut message);
            self.0.lock().unwrap().push(message.0);
        }
    }
}

/// How the line of a row must end. Tags that are no text are not quoted, so each stands as it is or quoted.
fn is_right(line: &str, metric: &Metric, row: &Row) -> bool {
    let Some((event, found)) = line.split_once(" | ") else { return false };
    let Some(rest) = found.strip_prefix(&format!("{} {} ", metric.name(), metric.kind())) else { return false };
    let (value, tags) = match &row.expected {
        Ok(datapoint) => datapoint,
        Err(skip) => return rest == format!("skipped ({})", skip.as_str()),
    };
    let unit = if metric.unit().symbol().is_empty() { String::new() } else { format!(" {}", metric.unit()) };
    let Some(mut rest) = rest.strip_prefix(&format!("{value}{unit}")) else { return false };
    for (key, value) in tags {
        let either = [format!(" {key}={value:?}"), format!(" {key}={value}")];
        let Some(after) = either.iter().find_map(|pair| rest.strip_prefix(pair.as_str())) else { return false };
        rest = after;
    }
    rest.is_empty() && event.split(' ').next() == Some(metric.event())
}

#[test]
fn the_log_shows_the_table() {
    let table = Table::load();
    let _log = Log::start(table.metrics(), LogOptions::default()).unwrap();
    let lines = Lines::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines.clone()), || table.run());
    let lines = std::mem::take(&mut *lines.0.lock().unwrap());
    let mut left = lines.iter();
    for case in &table.cases {
        for row in &case.rows {
            let line = left.next().expect("one line per event");
            assert!(is_right(line, &case.metric, row), "{}: {line:?} for {:?}", case.what, row.expected);
            assert!(!line.contains(['\n', '\r']), "{line:?}");
        }
    }
    assert_eq!(left.next(), None);
}
