//! The page at `/`.

use super::api::landing_facts;
use super::model::{Facts, humanise};
use crate::error::AppError;
use crate::wire::load;
use leptos::prelude::*;
use leptos_meta::Title;

/// What Tachymeter is, where to go, and the server's facts as they come.
#[component]
pub fn LandingPage() -> impl IntoView {
    let facts = load(|| (), |()| landing_facts());
    view! {
        <Title text="Telemetry from the click to the paint"/>
        <section class="landing">
            <h1>"Somebody clicked. When did they see the result?"</h1>
            <p class="lead">
                "Tachymeter measures a Leptos application from the click to the paint, and says where the time went: "
                "input, network, server, query, re-render. Everything that you do on these pages is on its live charts a second later."
            </p>
            <div class="landing-links">
                <a class="button button-primary" href="/buttons">"Click a colour"</a>
                <a class="button" href="/dashboard">"Watch the charts"</a>
            </div>
        </section>
        <section class="facts" aria-labelledby="facts-title">
            <h2 id="facts-title">"This server"</h2>
            <Suspense fallback=FactsSkeleton>
                {move || Suspend::new(async move {
                    match facts.await {
                        Ok(facts) => view! { <FactsList facts/> }.into_any(),
                        Err(error) => view! { <FactsFailed error retry=move || facts.refetch()/> }.into_any(),
                    }
                })}
            </Suspense>
            <p class="hint">"Slow on purpose: this takes a random time, so that there is something to measure."</p>
        </section>
    }
}

#[component]
fn FactsList(facts: Facts) -> impl IntoView {
    view! {
        <dl class="facts-list" data-testid="landing-facts" aria-busy="false">
            <div class="fact"><dt>"Running for"</dt><dd>{humanise(facts.uptime_seconds)}</dd></div>
            <div class="fact"><dt>"Accounts"</dt><dd>{facts.users}</dd></div>
            <div class="fact"><dt>"Version"</dt><dd>{facts.version}</dd></div>
        </dl>
    }
}

/// The same boxes in the same size, so that nothing moves when the numbers come.
#[component]
fn FactsSkeleton() -> impl IntoView {
    let fact = |name: &'static str| {
        view! { <div class="fact"><dt>{name}</dt><dd><span class="skeleton"></span></dd></div> }
    };
    view! {
        <dl class="facts-list" data-testid="landing-facts" aria-busy="true">{fact("Running for")}{fact("Accounts")}{fact("Version")}</dl>
    }
}

#[component]
fn FactsFailed(error: AppError, retry: impl Fn() + 'static) -> impl IntoView {
    view! {
        <div class="facts-failed" role="alert">
            <p>{error.to_string()}</p>
            <button class="button" type="button" on:click=move |_| retry()>"Try again"</button>
        </div>
    }
}
