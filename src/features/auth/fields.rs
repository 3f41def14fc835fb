//! The parts that both forms are made of.

use super::model::PasswordRules;
use super::rules;
use crate::context::PageContext;
use crate::error::AppError;
use leptos::html;
use leptos::prelude::*;

/// What a form's last answer was, if it was refused.
pub type Refusal = Signal<Option<AppError>>;

/// Says at the top of the form what is wrong, and takes the focus there.
#[component]
pub fn FormAlert(
    /// The form's refusal.
    refusal: Refusal,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if refusal.get().is_some()
            && let Some(place) = place.get()
        {
            let _ = place.focus();
        }
    });
    view! {
        <Show when=move || refusal.get().is_some()>
            <div class="alert" role="alert" tabindex="-1" autofocus=true node_ref=place>
                {move || refusal.get().map(|error| error.to_string())}
            </div>
        </Show>
    }
}

#[component]
fn FieldMessage(name: &'static str, refusal: Refusal) -> impl IntoView {
    let message = move || refusal.get().and_then(|error| error.for_field(name).map(str::to_owned));
    view! { <p class="field-error" id=format!("{name}-error")>{message}</p> }
}

fn is_invalid(name: &'static str, refusal: Refusal) -> &'static str {
    let wrong = refusal.with(|refusal| refusal.as_ref().is_some_and(|error| error.for_field(name).is_some()));
    if wrong { "true" } else { "false" }
}

/// The email field. A form that comes back without scripts still has what was typed.
#[component]
pub fn EmailField(
    /// The form's refusal.
    refusal: Refusal,
    /// `email` or `username`.
    autocomplete: &'static str,
    /// Follows what is typed.
    #[prop(optional)]
    typed: Option<RwSignal<String>>,
) -> impl IntoView {
    let draft = use_context::<PageContext>().map(|page| page.draft_email).unwrap_or_default();
    view! {
        <div class="field">
            <label for="email">"Email"</label>
            <input
                id="email"
                name="email"
                type="email"
                required
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                value=draft
                aria-describedby="email-error"
                aria-invalid=move || is_invalid("email", refusal)
                on:input=move |event| if let Some(typed) = typed { typed.set(event_target_value(&event)) }
            />
            <FieldMessage name="email" refusal/>
        </div>
    }
}

/// The password field, which can be shown.
#[component]
pub fn PasswordField(
    /// The form's refusal.
    refusal: Refusal,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// Follows what is typed.
    #[prop(optional)]
    typed: Option<RwSignal<String>>,
    /// Help below the field, with the id `password-help`.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let help = children.map(|children| children());
    let described = if help.is_some() { "password-help password-error" } else { "password-error" };
    view! {
        <div class="field">
            <label for="password">"Password"</label>
            <div class="password-input">
                <input
                    id="password"
                    name="password"
                    type=move || if shown.get() { "text" } else { "password" }
                    required
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=described
                    aria-invalid=move || is_invalid("password", refusal)
                    on:input=move |event| if let Some(typed) = typed { typed.set(event_target_value(&event)) }
                />
                <button
                    class="password-toggle needs-script"
                    type="button"
                    aria-controls="password"
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || if shown.get() { "Hide" } else { "Show" }}
                    <span class="visually-hidden">" password"</span>
                </button>
            </div>
            {help}
            <FieldMessage name="password" refusal/>
        </div>
    }
}

/// Four steps and a sentence that says why it isn't one more.
#[component]
pub fn PasswordMeter(
    /// What is typed as password.
    password: RwSignal<String>,
    /// What is typed as email.
    email: RwSignal<String>,
) -> impl IntoView {
    let rules: PasswordRules = use_context::<PageContext>().map(|page| page.password).unwrap_or_default();
    let progress = Memo::new(move |_| rules::progress(&password.read(), &email.read(), rules));
    view! {
        <div class="password-meter" data-level=move || progress.read().level.to_string()>
            <div class="password-steps" aria-hidden="true"><i></i><i></i><i></i><i></i></div>
            <p class="hint" id="password-help">{move || progress.get().advice}</p>
        </div>
    }
}

/// Sends the form; disabled while the answer is awaited, in the same width.
#[component]
pub fn SubmitButton(
    /// Whether the answer is awaited.
    pending: Memo<bool>,
    /// What it does, as a verb.
    label: &'static str,
) -> impl IntoView {
    view! {
        <button
            class="button button-primary button-wide"
            type="submit"
            disabled=move || pending.get()
            aria-busy=move || if pending.get() { "true" } else { "false" }
        >
            {label}
        </button>
    }
}
