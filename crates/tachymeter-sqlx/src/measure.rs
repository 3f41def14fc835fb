//! The stop-watch of one query. It says what it has measured when it is dropped, however the query ended.

use std::time::Duration;

use tachymeter::Value;
use tachymeter::clock::{self, Timestamp};

use crate::DB_QUERY;

pub(crate) struct Measure {
    label: &'static str,
    started: Timestamp,
    lap: Timestamp,
    queue: Option<Duration>,
    query: Duration,
    decode: Duration,
    rows: u64,
    outcome: &'static str,
}

impl Measure {
    pub(crate) fn start(label: &'static str) -> Self {
        let now = clock::now();
        Self { label, started: now, lap: now, queue: None, query: Duration::ZERO, decode: Duration::ZERO, rows: 0, outcome: "aborted" }
    }

    fn lap(&mut self) -> Duration {
        let now = clock::now();
        let lap = now.since(self.lap);
        self.lap = now;
        lap
    }

    /// A connection of the pool is ours.
    pub(crate) fn acquired(&mut self) {
        self.queue = Some(self.lap());
    }

    /// The database has answered: with a row, with the end, with an error.
    pub(crate) fn answered(&mut self) {
        let lap = self.lap();
        self.query += lap;
    }

    pub(crate) fn row(&mut self) {
        self.rows += 1;
    }

    /// The caller asks for the next row.
    pub(crate) fn asked(&mut self) {
        let lap = self.lap();
        self.decode += lap;
    }

    pub(crate) fn end<T, E>(&mut self, result: &Result<T, E>) {
        self.outcome = if result.is_ok() { "ok" } else { "error" };
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        if !DB_QUERY.is_attached() {
            return;
        }
        let total = clock::now().since(self.started);
        let measured = [
            Some(("total", Value::from(total))),
            // Still waiting when it was given up: that was all queue.
            Some(("queue", self.queue.unwrap_or(total).into())),
            self.queue.map(|_| ("query", self.query.into())),
            (self.rows > 1).then(|| ("decode", self.decode.into())),
            Some(("rows", self.rows.into())),
        ];
        let measurements: Vec<_> = measured.into_iter().flatten().collect();
        DB_QUERY.dispatch(&measurements, &[("label", self.label.into()), ("outcome", self.outcome.into())]);
    }
}
