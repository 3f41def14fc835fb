//! Queries on a connection that one has already, as in a transaction.

use std::fmt;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{Database, Describe, Either, Execute, Executor, SqlStr};

use tachymeter::Context;

use crate::recorder::Recorder;
use crate::statement::Told;

/// An executor on this connection whose queries carry this label. Within a transaction, [`Transaction::label`](crate::Transaction::label)
/// makes one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sqlx::Result<()> {
/// use sqlx::Connection;
/// use tachymeter_sqlx::on;
///
/// let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await?;
/// sqlx::query("select 1").execute(on(&mut connection, "ping")).await?;
/// # Ok(())
/// # }
/// ```
pub fn on<'c, C>(connection: &'c mut C, label: &'static str) -> OnConnection<'c, C> {
    OnConnection { connection, label, context: Context::current() }
}

/// The same, for queries of this span.
pub(crate) fn under<'c, C>(context: Context, connection: &'c mut C, label: &'static str) -> OnConnection<'c, C> {
    OnConnection { connection, label, context: Some(context) }
}

/// A connection that runs queries under a label: see [`on`].
pub struct OnConnection<'c, C> {
    connection: &'c mut C,
    label: &'static str,
    context: Option<Context>,
}

impl<C> fmt::Debug for OnConnection<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnConnection").field("label", &self.label).finish_non_exhaustive()
    }
}

impl<'c, C, DB> Executor<'c> for OnConnection<'c, C>
where
    C: Send,
    DB: Database,
    &'c mut C: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<DB::QueryResult, DB::Row>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let recorder = Recorder::start(self.label, self.context);
        let query = Told { query, text: recorder.text() };
        recorder.watch(self.connection.fetch_many(query))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<DB::Row>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let mut recorder = Recorder::start(self.label, self.context);
        let row = self.connection.fetch_optional(Told { query, text: recorder.text() });
        Box::pin(async move {
            let row = row.await;
            recorder.answered(matches!(row, Ok(Some(_))));
            recorder.end(&row);
            row
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [DB::TypeInfo]) -> BoxFuture<'e, sqlx::Result<DB::Statement>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    #[doc(hidden)]
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<DB>>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}
