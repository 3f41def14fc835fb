//! What the dashboard's pages have in common.

use crate::error::AppError;
use leptos::prelude::*;
use leptos_router::components::A;

/// The dashboard's pages.
#[component]
pub fn DashboardNav() -> impl IntoView {
    view! {
        <nav class="dashboard-nav" aria-label="Dashboard">
            <A href="/dashboard" exact=true>"Overview"</A>
            <A href="/dashboard/interactions">"Interactions"</A>
        </nav>
    }
}

/// Why there is nothing to see, and what can be done about it.
#[component]
pub fn Refused(
    /// What the server said.
    error: AppError,
    /// Where to come back to after signing in.
    #[prop(into)]
    next: String,
) -> impl IntoView {
    let sign_in = matches!(error, AppError::Unauthorized).then(|| {
        view! { <p><a href=format!("/sign-in?next={next}")>"Sign in"</a>" to see the dashboard; you will come back here."</p> }
    });
    view! {
        <p role="alert">{error.to_string()}</p>
        {sign_in}
    }
}
