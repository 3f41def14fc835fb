//! The document, the routes and what surrounds every page.

use crate::components::hydration::Hydration;
use crate::components::not_found::NotFound;
use crate::components::top_bar::TopBar;
use crate::context::{PageContext, provide_page_context};
use crate::features::landing::page::LandingPage;
use crate::lazy;
use leptos::config::LeptosOptions;
use leptos::html;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::{Lazy, path};
use tachymeter_leptos::trace::PagePrefix;

/// The document around the application. Only the server renders it.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<PageContext>().unwrap_or_default().theme;
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.name()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta
                    name="description"
                    content="Telemetry for Leptos, from the click to the paint."
                />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" id="leptos" href=options.css_path()/>
                <PagePrefix/>
                <Hydration options=options.clone()/>
                <AutoReload options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The application, the same on both sides.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_page_context();
    let main = NodeRef::<html::Main>::new();
    view! {
        <Title formatter=|title| format!("{title} · Tachymeter")/>
        <Router>
            <a class="skip-link" href="#main">"Skip to the content"</a>
            <TopBar/>
            <FocusAfterNavigation main/>
            <main id="main" tabindex="-1" node_ref=main>
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=LandingPage/>
                    <Route path=path!("/buttons") view={Lazy::<lazy::Buttons>::new()}/>
                    <Route path=path!("/dashboard") view={Lazy::<lazy::Dashboard>::new()}/>
                    <Route path=path!("/dashboard/interactions") view={Lazy::<lazy::Interactions>::new()}/>
                    <Route path=path!("/dashboard/interactions/:id") view={Lazy::<lazy::Interaction>::new()}/>
                    <Route path=path!("/sign-up") view={Lazy::<lazy::SignUp>::new()}/>
                    <Route path=path!("/sign-in") view={Lazy::<lazy::SignIn>::new()}/>
                    <Route path=path!("/account") view={Lazy::<lazy::Account>::new()}/>
                </FlatRoutes>
            </main>
        </Router>
    }
}

/// After a navigation without a page load, the focus starts at the new content, as it would after one with.
#[component]
fn FocusAfterNavigation(main: NodeRef<html::Main>) -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now)
            && let Some(main) = main.get_untracked()
        {
            let _ = main.focus();
        }
        now
    });
}
