//! The executor: the pool's own, with a stop-watch beside it.

use futures::TryStreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{Database, Describe, Either, Error, Execute, Executor, Pool, SqlStr};

use crate::measure::Measure;

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
        let (pool, label) = (self.pool.clone(), self.label);
        Box::pin(async_stream::stream! {
            let mut measure = Measure::start(label);
            let acquired = pool.acquire().await;
            let mut connection = match acquired {
                Ok(connection) => connection,
                Err(error) => {
                    measure.end(&Err::<(), _>(&error));
                    yield Err(error);
                    return;
                }
            };
            measure.acquired();
            let mut answers = (&mut *connection).fetch_many(query);
            loop {
                let answer = answers.try_next().await;
                measure.answered();
                match answer {
                    Ok(Some(item)) => {
                        if item.is_right() {
                            measure.row();
                        }
                        yield Ok(item);
                        measure.asked();
                    }
                    Ok(None) => {
                        measure.end(&Ok::<(), Error>(()));
                        return;
                    }
                    Err(error) => {
                        measure.end(&Err::<(), _>(&error));
                        yield Err(error);
                        return;
                    }
                }
            }
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Self::Database>,
    {
        let (pool, label) = (self.pool.clone(), self.label);
        Box::pin(async move {
            let mut measure = Measure::start(label);
            let result = match pool.acquire().await {
                Ok(mut connection) => {
                    measure.acquired();
                    let answer = (&mut *connection).fetch_optional(query).await;
                    measure.answered();
                    answer
                }
                Err(error) => Err(error),
            };
            if let Ok(Some(_)) = &result {
                measure.row();
            }
            measure.end(&result);
            result
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
