//! The page at `/sign-in`.

use super::api::SignIn;
use super::fields::{EmailField, FormAlert, PasswordField, SubmitButton};
use super::next::safe_next;
use crate::context::Account;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::{use_navigate, use_query_map};

/// Email, password, and back to where one came from.
#[component]
pub fn SignInPage() -> impl IntoView {
    let Account(account) = expect_context();
    let query = use_query_map().get_untracked();
    let wanted = query.get("next");
    let next = safe_next(wanted.as_deref());
    let reason = wanted.is_some().then(|| reason(&next));
    let action = ServerAction::<SignIn>::new();
    let value = action.value();
    let pending = Memo::new(move |_| action.pending().get());
    let refusal = Signal::derive(move || value.get().and_then(Result::err));
    let arrive = {
        let (navigate, next) = (use_navigate(), next.clone());
        move || navigate(&next, NavigateOptions { replace: true, ..Default::default() })
    };
    Effect::new(move |_| {
        if let Some(Ok(user)) = value.get() {
            account.set(Some(user));
            arrive();
        }
    });
    // Somebody who has signed in already, at the time this page is opened.
    let already = account.get_untracked().is_some().then(|| view! { <Redirect path=next.clone()/> });
    view! {
        <Title text="Sign in"/>
        {already}
        <section class="auth">
            <h1>"Sign in"</h1>
            {reason.map(|reason| view! { <p class="note">{reason}</p> })}
            <ActionForm action attr:class="form" attr:novalidate=true>
                <FormAlert refusal/>
                <input type="hidden" name="next" value=next/>
                <EmailField refusal autocomplete="username"/>
                <PasswordField refusal autocomplete="current-password"/>
                <SubmitButton pending label="Sign in"/>
            </ActionForm>
            <p class="hint">"No account yet? " <a href="/sign-up">"Create one"</a></p>
        </section>
    }
}

/// Why a page sent a person here.
fn reason(next: &str) -> String {
    let place = match next.split(['?', '#']).next().unwrap_or_default() {
        "/account" => "your account",
        "/dashboard" => "the dashboard",
        _ => return "Sign in to go on to the page that you asked for.".into(),
    };
    format!("Sign in to see {place}. You will be taken there afterwards.")
}
