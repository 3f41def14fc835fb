//! `/dashboard/interactions/<trace id>`: one interaction whole.

use super::api::interaction;
use super::frame::{DashboardNav, Refused};
use super::interactions_page::{BASE, use_query};
use crate::wire::load;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use tachymeter_leptos::dashboard::Waterfall;

/// Its waterfall, or why there is none.
#[component]
pub fn InteractionPage() -> impl IntoView {
    let parameters = use_params_map();
    let id = Memo::new(move |_| parameters.with(|parameters| parameters.get("id")).unwrap_or_default());
    let found = load(move || id.get(), interaction);
    let query = use_query();
    view! {
        <Title text="Interaction"/>
        <section class="dashboard">
            <h1>"Interaction"</h1>
            <DashboardNav/>
            <p><a href=move || query.with(|query| query.href(BASE))>"All interactions"</a></p>
            <Suspense fallback=Waiting>
                {move || Suspend::new(async move {
                    match found.await {
                        Ok(Some(trace)) => view! { <Waterfall trace/> }.into_any(),
                        Ok(None) => view! { <Gone/> }.into_any(),
                        Err(error) => view! { <Refused error next=format!("{BASE}/{}", id.get_untracked())/> }.into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
}

/// As large as what will be there.
#[component]
fn Waiting() -> impl IntoView {
    view! { <div class="dashboard-waiting" aria-busy="true"><p>"Loading the interaction."</p></div> }
}

#[component]
fn Gone() -> impl IntoView {
    view! {
        <div class="tm-nothing" data-testid="gone">
            <p><b>"This interaction isn't kept any more."</b></p>
            <p>"The server keeps the latest and the slowest of each event, in memory. Newer ones have taken its place, or the server was started anew."</p>
        </div>
    }
}
