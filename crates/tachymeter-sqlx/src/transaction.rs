//! Transactions: a span with its queries in it.

use std::fmt;
use std::ops::{Deref, DerefMut};

use sqlx::{Database, Error, Executor};
use tachymeter::OpenSpan;

use crate::connection::{OnConnection, under};
use crate::recorder::{Recorder, word};

/// A transaction that is a span, from its beginning to its commit or rollback. Made by [`Labelled::begin`](crate::Labelled::begin).
///
/// Dropped before either, it is `aborted`; the database rolls it back.
pub struct Transaction<DB: Database> {
    inner: sqlx::Transaction<'static, DB>,
    span: OpenSpan,
}

impl<DB: Database> Transaction<DB> {
    pub(crate) fn new(inner: sqlx::Transaction<'static, DB>, span: OpenSpan) -> Self {
        Self { inner, span }
    }

    /// An executor for one query in it, which will be known by this label.
    ///
    /// ```
    /// use tachymeter_sqlx::Label;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> sqlx::Result<()> {
    /// # let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
    /// let mut transfer = pool.label("transfer").begin().await?;
    /// sqlx::query("select 1").execute(transfer.label("debit")).await?;
    /// sqlx::query("select 2").execute(transfer.label("credit")).await?;
    /// transfer.commit().await
    /// # }
    /// ```
    pub fn label(&mut self, label: &'static str) -> OnConnection<'_, DB::Connection>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        under(self.span.context(), &mut self.inner, label)
    }

    /// Makes what it did permanent.
    ///
    /// # Errors
    /// As [`sqlx::Transaction::commit`].
    pub async fn commit(self) -> Result<(), Error> {
        let Self { inner, span } = self;
        end(span, "commit", inner.commit()).await
    }

    /// Undoes what it did.
    ///
    /// # Errors
    /// As [`sqlx::Transaction::rollback`].
    pub async fn rollback(self) -> Result<(), Error> {
        let Self { inner, span } = self;
        end(span, "rollback", inner.rollback()).await
    }
}

async fn end(span: OpenSpan, label: &'static str, ending: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let mut recorder = Recorder::start(label, Some(span.context()));
    let ended = ending.await;
    recorder.answered(false);
    recorder.end(&ended);
    match &ended {
        Ok(()) => span.stop(&[], &[("outcome", label.into())]),
        Err(error) => span.stop(&[], &[("outcome", "error".into()), ("error", word(error).into())]),
    }
    ended
}

impl<DB: Database> Deref for Transaction<DB> {
    type Target = sqlx::Transaction<'static, DB>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

/// For what sqlx offers beyond queries, a savepoint for example; what is done through it isn't measured.
impl<DB: Database> DerefMut for Transaction<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

impl<DB: Database> fmt::Debug for Transaction<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("span", &self.span).finish_non_exhaustive()
    }
}
