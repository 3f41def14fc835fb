//! The executor: the pool's own, with a stop-watch beside it.

use futures::TryStreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{Database, Describe, Either, Error, Execute, Executor, Pool, SqlStr, Transaction};

use crate::recorder::Recorder;

/// Gives a pool's query a name.
pub trait Label<DB: Database> {
    /// An executor for one query, which will be known by this label: few different ones, for example the name of the function.
    fn label(&self, label: &'static str) -> Labelled<'_, DB>;
}

impl<DB: Database> Label<DB> for Pool<DB> {
    fn label(&self, label: &'static str) -> Labelled<'_, DB> {
        Labelled { pool: self, label }
    }
}

/// A pool whose next query has a name. Made by [`Label::label`].
#[derive(Debug)]
pub struct Labelled<'p, DB: Database> {
    pool: &'p Pool<DB>,
    label: &'static str,
}

impl<DB: Database> Labelled<'_, DB> {
    /// Begins a transaction; measures the wait for a connection and for the database to begin. See [`on`](crate::on) for the queries in it.
    ///
    /// ```
    /// use tachymeter_sqlx::{Label, on};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> sqlx::Result<()> {
    /// # let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
    /// let mut transaction = pool.label("begin_transfer").begin().await?;
    /// sqlx::query("select 1").execute(on(&mut *transaction, "debit")).await?;
    /// transaction.commit().await
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Pool::begin`].
    pub async fn begin(self) -> Result<Transaction<'static, DB>, Error> {
        let mut recorder = Recorder::start(self.label);
        let connection = recorder.acquire(self.pool).await?;
        let begun = Transaction::begin(connection, None).await;
        recorder.answered(false);
        recorder.end(&begun);
        begun
    }
}

impl<'p, DB: Database> Executor<'p> for Labelled<'_, DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        let (pool, mut recorder) = (self.pool.clone(), Recorder::start(self.label));
        Box::pin(async_stream::try_stream! {
            let mut connection = recorder.acquire(&pool).await?;
            let mut answers = recorder.watch((&mut *connection).fetch_many(query));
            while let Some(answer) = answers.try_next().await? {
                yield answer;
            }
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        let (pool, mut recorder) = (self.pool.clone(), Recorder::start(self.label));
        Box::pin(async move {
            let mut connection = recorder.acquire(&pool).await?;
            let row = (&mut *connection).fetch_optional(query).await;
            recorder.answered(matches!(row, Ok(Some(_))));
            recorder.end(&row);
            row
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [DB::TypeInfo]) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let pool = self.pool.clone();
        Box::pin(async move { (&mut *pool.acquire().await?).prepare_with(sql, parameters).await })
    }

    // Part of the trait because sqlx's feature `macros` is on; its macros describe queries while a program is compiled.
    #[doc(hidden)]
    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let pool = self.pool.clone();
        Box::pin(async move { (&mut *pool.acquire().await?).describe(sql).await })
    }
}
