//! What stands where there is no page.

use leptos::prelude::*;
use leptos_meta::Title;

/// Says so, and where to go. The server answers with status 404.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Page not found"/>
        <section class="not-found">
            <p class="not-found-code">"404"</p>
            <h1>"Page not found"</h1>
            <p>"There is nothing at this address. It may have moved, or the link may be wrong."</p>
            <p><a class="button" href="/">"Back to the start"</a></p>
        </section>
    }
}
