//! What a pool says of itself.

use sqlx::{Database, Pool};

use crate::DB_POOL;

/// Executes [`DB_POOL`] with what the pool is like now. Costs nothing while nobody listens; call it every few seconds.
///
/// ```
/// # async fn example(pool: sqlx::sqlite::SqlitePool) {
/// tachymeter_sqlx::look_at_pool("main", &pool);
/// # }
/// ```
pub fn look_at_pool<DB: Database>(name: &str, pool: &Pool<DB>) {
    if DB_POOL.is_attached() {
        let (size, idle) = (pool.size(), pool.num_idle() as u64);
        let max = pool.options().get_max_connections();
        // The two are read one after the other.
        let used = u64::from(size).saturating_sub(idle);
        tachymeter::execute!(DB_POOL, { size: size, used: used, idle: idle, max: max }, { pool: name });
    }
}
