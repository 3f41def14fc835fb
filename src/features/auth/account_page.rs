//! The page at `/account`: who one is, and the way out.

use super::api::LogOut;
use super::model::User;
use super::next::sign_in_for;
use crate::context::Account;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_navigate;

/// For people who have signed in; others are sent to do that, and come back.
#[component]
pub fn AccountPage() -> impl IntoView {
    let Account(account) = expect_context();
    match account.get_untracked() {
        Some(user) => view! { <SignedIn user/> }.into_any(),
        None => view! { <Redirect path=sign_in_for("/account")/> }.into_any(),
    }
}

#[component]
fn SignedIn(user: User) -> impl IntoView {
    let Account(account) = expect_context();
    let action = ServerAction::<LogOut>::new();
    let value = action.value();
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(())) = value.get() {
            account.set(None);
            navigate("/", NavigateOptions::default());
        }
    });
    let refused = move || value.get().and_then(Result::err).map(|error| error.to_string());
    view! {
        <Title text="Account"/>
        <section class="auth">
            <h1>"Your account"</h1>
            <dl class="account-facts">
                <div><dt>"Email"</dt><dd>{user.email}</dd></div>
                <div><dt>"Member since"</dt><dd>{user.member_since}</dd></div>
            </dl>
            <p class="field-error" role="status">{refused}</p>
            <ActionForm action>
                <button class="button" type="submit">"Log out"</button>
            </ActionForm>
        </section>
    }
}
