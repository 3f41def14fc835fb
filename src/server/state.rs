//! What every request shares.

use super::config::Config;
use super::db::Db;
use super::telemetry::Telemetry;
use crate::features::auth::guard::Guard;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Cheap to clone; Leptos provides it as context to server functions and views.
#[derive(Clone, Debug)]
pub struct AppState {
    /// Leptos.toml as it was read at start.
    pub config: Arc<Config>,
    /// Where the front end is and what it is called.
    pub options: LeptosOptions,
    /// Accounts and sessions.
    pub db: Db,
    /// Limits, hashing and the breach list: what sign-in and sign-up share between requests.
    pub guard: Arc<Guard>,
    /// The live store, its stream and the beacon.
    pub telemetry: Arc<Telemetry>,
    /// Becomes true when the server stops. Streams that don't watch it would keep it from stopping.
    pub shutdown: watch::Receiver<bool>,
    /// When this process began to serve.
    pub started: Instant,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(config: Arc<Config>, db: Db, shutdown: watch::Receiver<bool>) -> Self {
        let options = leptos_options(&config);
        let guard = Arc::new(Guard::new(&config.auth));
        let telemetry = Arc::new(Telemetry::start(&config, db.clone(), shutdown.clone()));
        Self { config, options, db, guard, telemetry, shutdown, started: Instant::now() }
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

/// Leptos' own options: where to listen is ours, where the build put things is told by `cargo leptos` when it runs us.
fn leptos_options(config: &Config) -> LeptosOptions {
    let env = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    LeptosOptions::builder()
        .output_name(env("LEPTOS_OUTPUT_NAME", "tachymeter"))
        .site_root(env("LEPTOS_SITE_ROOT", &config.server.site_root))
        .site_pkg_dir(env("LEPTOS_SITE_PKG_DIR", "pkg"))
        .site_addr(config.server.address)
        .reload_port(env("LEPTOS_RELOAD_PORT", "3001").parse().unwrap_or(3001))
        .build()
}
