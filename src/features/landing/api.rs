//! The slow data of the landing page.

use super::model::Facts;
use crate::error::AppError;
use tachymeter_leptos::server;

/// Three facts, after a random time between the limits in Leptos.toml. For everybody.
#[server(endpoint = "landing_facts", output = Postcard)]
pub async fn landing_facts() -> Result<Facts, AppError> {
    use super::{LOAD, store};
    use crate::server::visit::{Visit, internal};
    let visit = Visit::current()?;
    let asked = std::time::Instant::now();
    let landing = &visit.state.config.landing;
    tokio::time::sleep(store::random_delay(landing.delay_min_ms, landing.delay_max_ms)).await;
    let users = store::count_users(&visit.state.db).await.map_err(|error| internal("counting users failed", &error))?;
    let uptime_seconds = visit.state.started.elapsed().as_secs();
    tachymeter::execute!(LOAD, { duration: asked.elapsed() }, { side: "server" });
    Ok(Facts { uptime_seconds, users, version: env!("CARGO_PKG_VERSION").to_owned() })
}
