//! The server: start, serve, stop.

pub mod access;
pub mod config;
pub mod db;
pub mod history;
pub mod limits;
pub mod render;
pub mod reporters;
pub mod router;
pub mod security;
pub mod state;
pub mod telemetry;
pub mod visit;

pub use router::router;
pub use state::AppState;

use axum::serve::{ListenerExt, TapIo};
use config::Config;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Streams and half-sent pages get this long after the signal to stop.
const GRACE: Duration = Duration::from_secs(8);

/// Why the server didn't start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// See [`config`].
    #[error("the configuration is refused:\n{0}")]
    Config(#[from] config::ConfigError),
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] db::OpenError),
    /// Nobody can listen there.
    #[error("can't listen on {address} (server.address): {reason}")]
    Listen {
        /// What was configured.
        address: SocketAddr,
        /// What the system said, and what to do.
        reason: String,
    },
    /// The listener broke.
    #[error("serving stopped: {0}")]
    Serve(std::io::Error),
}

/// Runs the server until it is told to stop; says on stderr why it can't.
pub async fn run() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tachymeter-app: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), StartError> {
    let file = std::env::var_os("APP_CONFIG").map_or_else(|| PathBuf::from(config::FILE), PathBuf::from);
    let config = Arc::new(Config::load(&file)?);
    log_to_stderr(&config.server.log);
    let db = db::open(&config.database).await?;
    let (stop, stopping) = watch::channel(false);
    let state = AppState::new(Arc::clone(&config), db, stopping);
    let listener = listen(config.server.address).await?;
    let address = listener.local_addr().unwrap_or(config.server.address);
    tracing::info!("serving http://{address}");
    let history = state.telemetry.history.clone();
    if let Err(error) = history.restore().await {
        tracing::warn!("the dashboard begins without what was before: {error}");
    }
    tokio::spawn(history.clone().run(stop.subscribe()));
    tokio::spawn(Arc::clone(&state.telemetry.feed).run());
    let _polling = telemetry::poll(&state).expect("the configuration was checked");
    let reporting = Arc::clone(&state.telemetry);
    let app = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let mut stopped = stop.subscribe();
    tokio::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping");
        let _ = stop.send(true);
        // Keeps the channel open, so that streams see a value and not a closed channel.
        std::future::pending::<()>().await;
    });
    let mut deadline = stopped.clone();
    let server = axum::serve(without_delay(listener), app).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let served = tokio::select! {
        result = server.into_future() => result.map_err(StartError::Serve),
        () = async { let _ = deadline.wait_for(|stop| *stop).await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!("some connections were still open and were cut");
            Ok(())
        }
    };
    // What they have left is sent now, wherever else the state is still held.
    let _ = tokio::task::spawn_blocking(move || reporting.reporters.stop()).await;
    let _ = tokio::time::timeout(GRACE, history.finish()).await;
    served
}

/// What is ready is sent: a file's body must not wait until the browser has acknowledged its head, which takes some 40 ms.
pub fn without_delay(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    listener.tap_io(|stream| _ = stream.set_nodelay(true))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "the port is in use. Stop what uses it, or choose another: APP__SERVER__ADDRESS={}:{}",
                    address.ip(),
                    address.port().wrapping_add(1)
                )
            }
            _ => error.to_string(),
        };
        StartError::Listen { address, reason }
    })
}

fn log_to_stderr(filter: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // Somebody may have installed one already, in a test for example; theirs stays.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = interrupt => (), _ = terminate.recv() => () }
        }
        Err(_) => drop(interrupt.await),
    }
}
