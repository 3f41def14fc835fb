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
//! | `queue` | waiting for a connection of the pool |
//! | `query` | waiting for the database, over all rows |
//! | `decode` | between a row and the request for the next one: decoding, and whatever the caller does. Absent for at most one row |
//! | `rows` | rows that were returned |
//!
//! `outcome` is `ok`, `error`, or `aborted` when the caller dropped the query before its end. The statement's text is never part of the event:
//! the label is the name by which people know the query, and it is what the caller says. Queries inside a transaction run on its
//! connection and not on the pool; they are not seen here.
#![deny(missing_docs)]

mod executor;
mod measure;

pub use executor::{Label, Labelled};

tachymeter::events! {
    /// Everything that `tachymeter-sqlx` emits.
    pub EVENTS;

    /// A query has ended.
    pub event DB_QUERY = "db.query" { total, queue, query, decode, rows } [label, outcome];
}
