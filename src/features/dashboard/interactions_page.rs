//! `/dashboard/interactions`: what people did, kept up to date.

use super::api::interactions;
use super::frame::{DashboardNav, Refused};
use crate::error::AppError;
use crate::wire::load;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use std::time::Duration;
use tachymeter_leptos::dashboard::{Interactions, Query};
use tachymeter_leptos::trace::{Filter, Overview};

/// Where the page is.
pub const BASE: &str = "/dashboard/interactions";

/// The page asks at every so many seconds.
const EVERY: u32 = 2;

/// What the address says.
pub fn use_query() -> Memo<Query> {
    let parameters = use_query_map();
    Memo::new(move |_| parameters.with(|parameters| Query::read(|key| parameters.get(key))))
}

/// The list, or why it can't be shown.
#[component]
pub fn InteractionsPage() -> impl IntoView {
    let query = use_query();
    let first = load(|| (), move |()| interactions(query.get_untracked().filter));
    view! {
        <Title text="Interactions"/>
        <section class="dashboard">
            <h1>"Interactions"</h1>
            <DashboardNav/>
            <Suspense fallback=Waiting>
                {move || Suspend::new(async move {
                    match first.await {
                        Ok(first) => view! { <Current first query/> }.into_any(),
                        Err(error) => view! { <Refused error next=BASE/> }.into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
}

/// As large as what will be there.
#[component]
fn Waiting() -> impl IntoView {
    view! { <div class="dashboard-waiting" aria-busy="true"><p>"Loading the interactions."</p></div> }
}

/// What is known, how old it is, and whether it goes on.
#[derive(Clone, Copy)]
struct Known {
    overview: RwSignal<Overview>,
    error: RwSignal<Option<AppError>>,
    paused: RwSignal<bool>,
    age: RwSignal<u32>,
    query: Memo<Query>,
}

impl Known {
    fn ask(self) {
        let Some(filter) = self.filter() else { return };
        spawn_local(async move {
            let answer = interactions(filter.clone()).await;
            // An answer to a question that is no longer asked is none; nor is one when the page has gone.
            if self.filter() != Some(filter) {
                return;
            }
            match answer {
                Ok(overview) => {
                    self.overview.try_set(overview);
                    self.error.try_set(None);
                    self.age.try_set(0);
                }
                Err(error) => _ = self.error.try_set(Some(error)),
            }
        });
    }

    fn filter(self) -> Option<Filter> {
        self.query.try_get_untracked().map(|query| query.filter)
    }

    /// Another second.
    fn tick(self) {
        let Some(age) = self.age.try_update(|age| {
            *age += 1;
            *age
        }) else {
            return;
        };
        if age % EVERY == 0 && !document().hidden() && !self.paused.get_untracked() {
            self.ask();
        }
    }
}

#[component]
fn Current(first: Overview, query: Memo<Query>) -> impl IntoView {
    let known = Known {
        overview: RwSignal::new(first),
        error: RwSignal::new(None),
        paused: RwSignal::new(false),
        age: RwSignal::new(0),
        query,
    };
    Effect::new(move |before: Option<Filter>| {
        let now = query.get().filter;
        if before.is_some_and(|before| before != now) {
            known.ask();
        }
        now
    });
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(move || known.tick(), Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <Freshness known/>
        <Interactions overview=known.overview query base=BASE/>
    }
}

/// How fresh it is, in words; and the way to stop it, and to try again.
#[component]
fn Freshness(known: Known) -> impl IntoView {
    let state = move || match (known.error.read().is_some(), known.paused.get()) {
        (true, _) => "lost",
        (false, true) => "paused",
        (false, false) => "live",
    };
    let word = move || match state() {
        "lost" => known.error.get().map(|error| error.to_string()).unwrap_or_default(),
        "paused" => "Paused".to_owned(),
        _ => "Live".to_owned(),
    };
    let age = move || match known.age.get() {
        0..=EVERY => "updated just now".to_owned(),
        seconds => format!("updated {seconds} s ago"),
    };
    let toggle = move |_| {
        known.paused.update(|paused| *paused = !*paused);
        if !known.paused.get_untracked() {
            known.ask();
        }
    };
    view! {
        <div class="tm-bar">
            <div class="tm-connection" data-state=state data-testid="freshness">
                <span class="tm-dot" aria-hidden="true"></span>
                <span role="status">{word}</span>
                <span class="tm-age" aria-hidden="true">{age}</span>
                <button type="button" class="tm-button" hidden=move || known.error.read().is_none() on:click=move |_| known.ask()>"Try again"</button>
            </div>
            <button type="button" class="tm-button" aria-pressed=move || known.paused.get().to_string() on:click=toggle>
                {move || if known.paused.get() { "Resume" } else { "Pause" }}
            </button>
        </div>
    }
}
