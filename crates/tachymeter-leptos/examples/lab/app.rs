//! A page with one control for each way in which a click can go on. It knows nothing of Tachymeter.

#![expect(unreachable_pub, reason = "what `component` and `server` make of a private item")]

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{A, FlatRoutes, Route, Router};
use leptos_router::path;

/// Answered by the test's own server, after so many milliseconds.
#[server(protocol = crate::Protocol, prefix = "/lab", endpoint = "wait")]
async fn wait(ms: u32) -> Result<u32, ServerFnError> {
    Ok(ms)
}

#[component]
pub(crate) fn App() -> impl IntoView {
    view! {
        <Router>
            <nav>
                <A href="/lab">"Here"</A>
                <A href="/lab/there">"There"</A>
            </nav>
            <FlatRoutes fallback=|| "Nowhere">
                <Route path=path!("/lab") view=Controls/>
                <Route path=path!("/lab/there") view=|| view! { <h1>"There"</h1> }/>
            </FlatRoutes>
        </Router>
    }
}

/// Keeps the thread busy.
fn block(ms: f64) {
    let until = js_sys::Date::now() + ms;
    while js_sys::Date::now() < until {}
}

/// `done` counts the clicks whose last consequence is on the page.
#[component]
fn Controls() -> impl IntoView {
    let done = RwSignal::new(0_u32);
    let pending = RwSignal::new(0_u32);
    // The page may be another by the time an answer comes.
    let add = move || _ = done.try_update(|done| *done += 1);
    let ask = move |asks: &'static [u32]| {
        *pending.write() += 1;
        spawn_local(async move {
            for ms in asks {
                _ = wait(*ms).await;
            }
            _ = pending.try_update(|pending| *pending -= 1);
            add();
        });
    };
    let in_parallel = move |_| {
        spawn_local(async move {
            _ = futures::future::join(wait(20), wait(30)).await;
            add();
        });
    };
    let broken = RwSignal::new(false);
    Effect::new(move |_| assert!(!broken.get(), "an effect that panics, on purpose"));
    view! {
        <h1>"Here"</h1>
        <p>"done " <b id="done">{done}</b> " pending " <i>{pending}</i></p>
        <button id="sync" on:click=move |_| add()>"Sync"</button>
        <button id="blocking" on:click=move |_| { block(50.0); add() }>"Blocking"</button>
        <button id="call" on:click=move |_| ask(&[20])>"Call"</button>
        <button id="sequence" on:click=move |_| ask(&[20, 30])>"Sequence"</button>
        <button id="parallel" on:click=in_parallel>"Parallel"</button>
        <button id="nothing" on:click=|_| ()>"Nothing"</button>
        <button id="panic-handler" on:click=move |_| { add(); panic!("a handler that panics, on purpose") }>"Panic"</button>
        <button id="panic-effect" on:click=move |_| { broken.set(true); add() }>"Panic later"</button>
        <label>"Note" <input id="note" on:input=move |_| add()/></label>
        <Loading/>
    }
}

/// A resource behind a `Suspense`.
#[component]
fn Loading() -> impl IntoView {
    let source = RwSignal::new(0_u32);
    let loaded = LocalResource::new(move || {
        let number = source.get();
        async move {
            if number > 0 {
                _ = wait(20).await;
            }
            number
        }
    });
    view! {
        <button id="suspense" on:click=move |_| *source.write() += 1>"Suspense"</button>
        <p id="loaded">
            <Suspense fallback=|| "…">{move || Suspend::new(async move { loaded.await })}</Suspense>
        </p>
    }
}
