//! The stop-watch of one query. Dropped before its end, it says that the query was aborted.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, Stream};
use sqlx::error::ErrorKind;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Either, Error, Pool};
use tachymeter::clock::{self, Timestamp};
use tachymeter::{Context, Value};

use crate::statement::{self, Text};
use crate::{DB_QUERY, idle};

/// Does nothing, and reads no clock, if nobody listened when the query began.
#[derive(Debug)]
pub(crate) struct Recorder(Option<Running>);

#[derive(Debug)]
struct Running {
    label: &'static str,
    /// The span that it belongs to. It may end elsewhere, when its stream is dropped.
    context: Option<Context>,
    started: Timestamp,
    lap: Timestamp,
    /// Waiting for a connection just now.
    queueing: bool,
    queue: Option<Duration>,
    query: Option<Duration>,
    decode: Duration,
    idle: Option<Duration>,
    rows: u64,
    text: Text,
}

impl Recorder {
    /// Starts the watch of a query of this span.
    pub(crate) fn start(label: &'static str, context: Option<Context>) -> Self {
        Self(DB_QUERY.is_attached().then(|| {
            let now = clock::now();
            Running {
                label,
                context,
                started: now,
                lap: now,
                queueing: false,
                queue: None,
                query: None,
                decode: Duration::ZERO,
                idle: None,
                rows: 0,
                text: statement::place(),
            }
        }))
    }

    /// Where the query shall leave its text.
    pub(crate) fn text(&self) -> Text {
        self.0.as_ref().and_then(|running| running.text.clone())
    }

    /// Takes a connection out of the pool; that is the queue.
    pub(crate) async fn acquire<DB: Database>(&mut self, pool: &Pool<DB>) -> Result<PoolConnection<DB>, Error> {
        let Some(running) = &mut self.0 else {
            return pool.acquire().await;
        };
        running.queueing = true;
        let (connection, idle) = idle::acquire(pool).await;
        running.queueing = false;
        running.queue = Some(running.lap());
        running.idle = idle;
        if connection.is_err() {
            self.end(&connection);
        }
        connection
    }

    /// Passes the answers on and ends with them.
    pub(crate) fn watch<'e, A: Send + 'e, R: Send + 'e>(
        mut self,
        mut answers: impl Stream<Item = Result<Either<A, R>, Error>> + Send + Unpin + 'e,
    ) -> BoxStream<'e, Result<Either<A, R>, Error>> {
        Box::pin(async_stream::stream! {
            while let Some(answer) = answers.next().await {
                let row = matches!(answer, Ok(Either::Right(_)));
                self.answered(row);
                if answer.is_err() {
                    self.end(&answer);
                }
                yield answer;
                self.asked();
            }
            self.answered(false);
            self.end(&Ok(()));
        })
    }

    /// The database has answered: with a row, with the end, with an error.
    pub(crate) fn answered(&mut self, row: bool) {
        if let Some(running) = &mut self.0 {
            let lap = running.lap();
            *running.query.get_or_insert_default() += lap;
            running.rows += u64::from(row);
        }
    }

    /// The caller asks for more.
    fn asked(&mut self) {
        if let Some(running) = &mut self.0 {
            let lap = running.lap();
            running.decode += lap;
        }
    }

    /// Says what was measured; once.
    pub(crate) fn end<T>(&mut self, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.emit("ok", None),
            Err(error) => self.emit("error", Some(word(error))),
        }
    }

    fn emit(&mut self, outcome: &str, error: Option<&str>) {
        let Some(running) = self.0.take() else { return };
        match running.context {
            Some(context) => context.in_scope(|| running.emit(outcome, error)),
            None => running.emit(outcome, error),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.emit("aborted", None);
    }
}

impl Running {
    fn lap(&mut self) -> Duration {
        let now = clock::now();
        now.since(std::mem::replace(&mut self.lap, now))
    }

    fn emit(&self, outcome: &str, error: Option<&str>) {
        let total = clock::now().since(self.started);
        let mut measured = [("", Value::Bool(false)); 6];
        let measured = gather(
            &mut measured,
            [
                Some(("total", Value::from(total))),
                // Still waiting when it was given up: that was all queue.
                self.queue.or(self.queueing.then_some(total)).map(|queue| ("queue", queue.into())),
                self.query.map(|query| ("query", query.into())),
                (self.rows > 1).then(|| ("decode", self.decode.into())),
                self.idle.map(|idle| ("idle", idle.into())),
                Some(("rows", self.rows.into())),
            ],
        );
        let statement = self.text.as_ref().and_then(|text| Some(("statement", text.get()?.as_str().into())));
        let mut told = [("", Value::Bool(false)); 4];
        let told = gather(
            &mut told,
            [
                Some(("label", self.label.into())),
                Some(("outcome", outcome.into())),
                error.map(|error| ("error", error.into())),
                statement,
            ],
        );
        DB_QUERY.execute(measured, told);
    }
}

/// Those that are there, in place: a query is no reason to allocate.
fn gather<T, const N: usize>(room: &mut [T; N], some: [Option<T>; N]) -> &[T] {
    let mut used = 0;
    for one in some.into_iter().flatten() {
        room[used] = one;
        used += 1;
    }
    &room[..used]
}

/// What went wrong, in a word that is safe to show and to count by. The message may hold data.
pub(crate) fn word(error: &Error) -> &'static str {
    match error {
        Error::Database(error) => match error.kind() {
            ErrorKind::UniqueViolation => "unique_violation",
            ErrorKind::ForeignKeyViolation => "foreign_key_violation",
            ErrorKind::NotNullViolation => "not_null_violation",
            ErrorKind::CheckViolation => "check_violation",
            _ => "database",
        },
        Error::PoolTimedOut => "pool_timed_out",
        Error::PoolClosed => "pool_closed",
        Error::Io(_) => "io",
        Error::Tls(_) => "tls",
        Error::Protocol(_) => "protocol",
        Error::Configuration(_) => "configuration",
        Error::Encode(_) => "encode",
        Error::Decode(_) | Error::ColumnDecode { .. } => "decode",
        Error::WorkerCrashed => "worker_crashed",
        _ => "other",
    }
}
