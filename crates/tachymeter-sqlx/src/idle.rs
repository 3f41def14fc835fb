//! How long a connection lay in the pool before it was taken out. Only the pool knows, and only tells its own hook.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use futures::future::poll_fn;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Database, Pool};

thread_local! {
    /// Set by the hook, taken by the poll that ran it: the hook runs inside `acquire`'s future.
    static IDLE: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Lets the queries of the pool to be made know how long their connection lay idle. It takes the place of
/// [`PoolOptions::before_acquire`]; who has a hook of their own there calls [`idle_for`] in it.
///
/// ```
/// use sqlx::sqlite::SqlitePoolOptions;
///
/// let options = tachymeter_sqlx::note_idle(SqlitePoolOptions::new().max_connections(5));
/// assert_eq!(options.get_max_connections(), 5);
/// ```
#[must_use]
pub fn note_idle<DB: Database>(options: PoolOptions<DB>) -> PoolOptions<DB> {
    options.before_acquire(|_, metadata| {
        Box::pin(async move {
            idle_for(metadata.idle_for);
            Ok(true)
        })
    })
}

/// Notes, within a hook [`before_acquire`](PoolOptions::before_acquire), how long the connection lay idle.
///
/// ```
/// use sqlx::sqlite::SqlitePoolOptions;
///
/// let options = SqlitePoolOptions::new().before_acquire(|_, metadata| {
///     Box::pin(async move {
///         tachymeter_sqlx::idle_for(metadata.idle_for);
///         Ok(metadata.age.as_secs() < 3_600)
///     })
/// });
/// # let _ = options;
/// ```
pub fn idle_for(time: Duration) {
    // A thread that is ending has nowhere to note it.
    let _ = IDLE.try_with(|idle| idle.set(Some(time)));
}

/// Takes a connection out of the pool; with it, how long it lay there.
pub(crate) async fn acquire<DB: Database>(pool: &Pool<DB>) -> (sqlx::Result<PoolConnection<DB>>, Option<Duration>) {
    let mut idle = None;
    let mut acquired = pin!(pool.acquire());
    let connection = poll_fn(|cx| {
        IDLE.set(None);
        let polled = acquired.as_mut().poll(cx);
        idle = IDLE.take().or(idle);
        polled
    })
    .await;
    (connection, idle)
}
