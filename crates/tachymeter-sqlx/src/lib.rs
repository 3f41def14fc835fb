//! A sqlx executor that measures each query: where the time went, how many rows, how it ended.
//!
//! ```
//! use sqlx::sqlite::SqlitePool;
//! use tachymeter_sqlx::Label;
//!
//! # async fn example(pool: SqlitePool) -> sqlx::Result<()> {
//! let name: Option<(String,)> = sqlx::query_as("select name from users where id = $1")
//!     .bind(7)
//!     .fetch_optional(pool.label("find_user")) // instead of `&pool`
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! Each query executes one [`DB_QUERY`] event at its end:
//!
//! | measurement | is |
//! |---|---|
//! | `total` | all of it |
//! | `queue` | waiting for a connection of the pool; absent on a connection of one's own |
//! | `query` | waiting for the database, over all rows |
//! | `decode` | between a row and the request for the next one: decoding, and whatever the caller does. Absent for at most one row |
//! | `idle` | how long the connection had lain in the pool, which is no part of `total`. Absent if it is new, or if [`note_idle`] wasn't used |
//! | `rows` | rows that were returned |
//!
//! `outcome` is `ok`, `error`, or `aborted` when the caller dropped the query before its end; with `error` goes `error`, a word from a short
//! list (`unique_violation`, `pool_timed_out`, ...) and never the message, which may hold data. The event belongs to the span that was
//! current at the call.
//!
//! # Transactions
//!
//! `pool.label("transfer").begin()` gives a [`Transaction`], which is a span: [`DB_TRANSACTION`]. Its queries, `begin`, `commit` and `rollback`
//! among them, belong to it. Its outcome is what was asked for and not refused: PostgreSQL takes the `commit` of a transaction in which a
//! statement has failed, and rolls back; the statement's own event says `error`.
//!
//! # What is not measured
//!
//! The statement's text is no part of the event unless [`tell_statements`] says so: the label is the name by which people know the query, and
//! it is what the caller says. Nor is `prepare` measured, nor what is done on a connection past [`on`]. A wait for a lock of the database is
//! part of `query`. Several statements in one text are one event.
#![deny(missing_docs)]

mod connection;
mod executor;
mod idle;
mod pool;
mod recorder;
mod statement;
mod transaction;

pub use connection::{OnConnection, on};
pub use executor::{Label, Labelled};
pub use idle::{idle_for, note_idle};
pub use pool::look_at_pool;
pub use statement::tell_statements;
pub use transaction::Transaction;

tachymeter::events! {
    /// Everything that `tachymeter-sqlx` emits.
    pub EVENTS;

    /// A query has ended.
    pub event DB_QUERY = "db.query" { total, queue, query, decode, idle, rows } [label, outcome, error, statement];

    /// How many connections a pool has open, in use, and at most; whenever [`look_at_pool`] is called.
    pub event DB_POOL = "db.pool" { size, used, idle, max } [pool];

    /// A transaction, until it was committed or rolled back, which is its `outcome`, or failed: then the `outcome` is `error`.
    pub span DB_TRANSACTION = "db.transaction" {} [label, outcome];
}
