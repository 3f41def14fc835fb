//! The slim bar at the top of every page.

use crate::context::Account;
use crate::features::theme::switch::ThemeSwitch;
use leptos::prelude::*;
use leptos_router::components::A;

/// Mark and name, the pages, the account, the theme.
#[component]
pub fn TopBar() -> impl IntoView {
    let Account(account) = expect_context();
    let signed_in = move || account.read().is_some();
    view! {
        <header class="top-bar">
            <div class="top-bar-inner">
                <a class="mark" href="/">
                    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
                        <circle cx="12" cy="13" r="8.5"/>
                        <path d="M12 13l4.5-4.5M12 2v2.5M9.5 2h5"/>
                    </svg>
                    "Tachymeter"
                </a>
                <nav class="top-bar-nav" aria-label="Pages">
                    <A href="/" exact=true>"Landing"</A>
                    <A href="/buttons">"Buttons"</A>
                    <A href="/dashboard">"Dashboard"</A>
                </nav>
                <nav class="top-bar-account" aria-label="Your account">
                    <Show when=signed_in fallback=|| view! { <A href="/sign-in">"Sign in"</A> <A href="/sign-up">"Sign up"</A> }>
                        <A href="/account">"Account"</A>
                    </Show>
                </nav>
                <ThemeSwitch/>
            </div>
        </header>
    }
}
