//! The database: opened once, brought to the newest schema, then shared.

use super::config::Database;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::str::FromStr;
use std::time::Duration;
use tachymeter_sqlx::note_idle;

/// Two pools on one file: SQLite has one writer at a time, so writers queue here and readers never wait for them.
#[derive(Clone, Debug)]
pub struct Db {
    /// For what only reads.
    pub read: SqlitePool,
    /// For what changes something. One connection.
    pub write: SqlitePool,
}

/// Why the database can't be used.
#[derive(Debug, thiserror::Error)]
#[error("can't open the database {url} (database.url): {reason}")]
pub struct OpenError {
    url: String,
    reason: String,
}

/// Opens the file, creating it and its folder, and applies the migrations that it doesn't have yet.
pub async fn open(config: &Database) -> Result<Db, OpenError> {
    let fail = |reason: String| OpenError { url: config.url.clone(), reason };
    let options = SqliteConnectOptions::from_str(&config.url)
        .map_err(|error| fail(error.to_string()))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_millis(config.busy_timeout_ms));
    if let Some(folder) = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| fail(format!("its folder {} can't be made: {error}", folder.display())))?;
    }
    let pool = |size: u32| note_idle(SqlitePoolOptions::new().max_connections(size).acquire_timeout(Duration::from_secs(10)));
    let write = pool(1).connect_with(options.clone()).await.map_err(|error| fail(error.to_string()))?;
    let migrated = sqlx::migrate!("migrations/sqlite").run(&write).await;
    migrated.map_err(|error| fail(format!("its schema can't be brought up to date: {error}")))?;
    let read = pool(config.max_connections).connect_lazy_with(options);
    Ok(Db { read, write })
}
