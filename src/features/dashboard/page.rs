//! `/dashboard`

use super::api::charts;
use super::frame::{DashboardNav, Refused};
use crate::wire::load;
use leptos::prelude::*;
use leptos_meta::Title;
use tachymeter_leptos::dashboard::Dashboard;

/// Where the live stream is.
const STREAM: &str = "/telemetry/stream";

/// The dashboard, or why it can't be shown.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let charts = load(|| (), |()| charts());
    view! {
        <Title text="Dashboard"/>
        <section class="dashboard">
            <h1>"Dashboard"</h1>
            <DashboardNav/>
            <Suspense fallback=|| view! { <p class="dashboard-waiting">"Loading the charts."</p> }>
                {move || Suspend::new(async move {
                    match charts.await {
                        Ok(charts) => view! { <Dashboard stream=STREAM charts/> }.into_any(),
                        Err(error) => view! { <Refused error next="/dashboard"/> }.into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
}
