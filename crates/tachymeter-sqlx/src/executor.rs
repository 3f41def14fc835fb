//! The executor: the pool's own, with a stop-watch beside it.

use futures::TryStreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{Database, Describe, Either, Error, Execute, Executor, Pool, SqlStr};
use tachymeter::Context;

use crate::recorder::{Recorder, word};
use crate::statement::Told;
use crate::{DB_TRANSACTION, Transaction};

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
    /// Begins a transaction, which is a span of this label: see [`Transaction`].
    ///
    /// # Errors
    /// As [`Pool::begin`].
    pub async fn begin(self) -> Result<Transaction<DB>, Error> {
        let span = DB_TRANSACTION.start(&[("label", self.label.into())]);
        let mut recorder = Recorder::start("begin", Some(span.context()));
        let begun = match recorder.acquire(self.pool).await {
            Ok(connection) => {
                let begun = sqlx::Transaction::begin(connection, None).await;
                recorder.answered(false);
                recorder.end(&begun);
                begun
            }
            Err(error) => Err(error),
        };
        match begun {
            Ok(inner) => Ok(Transaction::new(inner, span)),
            Err(error) => {
                span.stop(&[], &[("outcome", "error".into()), ("error", word(&error).into())]);
                Err(error)
            }
        }
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
        let (pool, mut recorder) = (self.pool.clone(), Recorder::start(self.label, Context::current()));
        let query = Told { query, text: recorder.text() };
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
        let (pool, mut recorder) = (self.pool.clone(), Recorder::start(self.label, Context::current()));
        let query = Told { query, text: recorder.text() };
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
