//! The application on a database of its own, for the tests of what it answers.

use std::sync::Arc;
use tachymeter_app::server::config::Config;
use tachymeter_app::server::{AppState, db};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, watch};

/// One application at a time: all of a process hear the same events; and where several runtimes render pages at once, each on a thread of its
/// own, one of them may wait for ever. (A server has one runtime, with any number of threads.)
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// As the shipped Leptos.toml has it but for the change; with what stops it.
pub(crate) async fn state(folder: &TempDir, change: impl FnOnce(&mut Config)) -> (AppState, watch::Sender<bool>) {
    let mut config = Config::from_toml(include_str!("../../Leptos.toml")).expect("the shipped file");
    config.database.url = format!("sqlite://{}/test.db", folder.path().display());
    change(&mut config);
    let db = db::open(&config.database).await.expect("a database");
    let (stop, stopping) = watch::channel(false);
    (AppState::new(Arc::new(config), db, stopping), stop)
}
