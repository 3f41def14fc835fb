//! What the dashboard asks the server.

use crate::error::AppError;
use leptos::prelude::*;
use leptos::server_fn::Http;
use leptos::server_fn::codec::{GetUrl, Json};
use tachymeter_leptos::dashboard::Chart;

/// The charts, for those who may see them (`dashboard.access` in Leptos.toml).
#[server(protocol = Http<GetUrl, Json>)]
pub async fn charts() -> Result<Vec<Chart>, AppError> {
    use crate::server::visit::Visit;
    use crate::server::{access, telemetry};
    let visit = Visit::current()?;
    visit.answer(access::dashboard(&visit.state, &visit.parts))?;
    Ok(telemetry::charts())
}
