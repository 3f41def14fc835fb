//! The page at `/sign-up`.

use super::api::SignUp;
use super::fields::{EmailField, FormAlert, PasswordField, PasswordMeter, SubmitButton};
use super::next::{HOME, safe_next};
use crate::context::{Account, PageContext};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::{use_navigate, use_query_map};

/// Email, a new password, and straight in.
#[component]
pub fn SignUpPage() -> impl IntoView {
    let Account(account) = expect_context();
    let next = safe_next(use_query_map().get_untracked().get("next").as_deref());
    let action = ServerAction::<SignUp>::new();
    let value = action.value();
    let pending = Memo::new(move |_| action.pending().get());
    let refusal = Signal::derive(move || value.get().and_then(Result::err));
    let draft = use_context::<PageContext>().map(|page| page.draft_email).unwrap_or_default();
    let (email, password) = (RwSignal::new(draft), RwSignal::new(String::new()));
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
    let already = account.get_untracked().is_some().then(|| view! { <Redirect path=HOME/> });
    view! {
        <Title text="Sign up"/>
        {already}
        <section class="auth">
            <h1>"Sign up"</h1>
            <ActionForm action attr:class="form" attr:novalidate=true>
                <FormAlert refusal/>
                <input type="hidden" name="next" value=next/>
                <EmailField refusal autocomplete="email" typed=email/>
                <PasswordField refusal autocomplete="new-password" typed=password>
                    <PasswordMeter password email/>
                </PasswordField>
                <SubmitButton pending label="Sign up"/>
            </ActionForm>
            <p class="hint">
                "New passwords are compared with a list of stolen ones; yours doesn't leave this server for it."
            </p>
            <p class="hint">"You have an account? " <a href="/sign-in">"Use it"</a></p>
        </section>
    }
}
