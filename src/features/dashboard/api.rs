//! What the dashboard asks the server.

use crate::error::AppError;
use leptos::server_fn::Http;
use leptos::server_fn::codec::{GetUrl, Postcard};
use tachymeter_leptos::dashboard::Chart;
use tachymeter_leptos::server;
use tachymeter_leptos::trace::{Filter, Overview, Trace};

/// The charts, for those who may see them (`dashboard.access` in Leptos.toml).
#[server(output = Postcard)]
pub async fn charts() -> Result<Vec<Chart>, AppError> {
    use crate::server::visit::Visit;
    use crate::server::{access, telemetry};
    let visit = Visit::current()?;
    visit.answer(access::dashboard(&visit.state, &visit.parts))?;
    Ok(telemetry::charts())
}

/// What people did lately, and how long it took them, for those who may see the charts. An open page asks every other second, so it
/// isn't measured itself.
#[leptos::server(protocol = Http<GetUrl, Postcard>)]
pub async fn interactions(filter: Filter) -> Result<Overview, AppError> {
    use crate::server::access;
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    visit.answer(access::dashboard(&visit.state, &visit.parts))?;
    Ok(visit.state.telemetry.traces.overview(&filter))
}

/// One interaction whole, by the id of its trace, if it is still kept; for those who may see the charts.
#[leptos::server(protocol = Http<GetUrl, Postcard>)]
pub async fn interaction(id: String) -> Result<Option<Trace>, AppError> {
    use crate::server::access;
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    visit.answer(access::dashboard(&visit.state, &visit.parts))?;
    Ok(visit.state.telemetry.traces.find(&id))
}
