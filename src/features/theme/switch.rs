//! The switch in the top bar.

use super::api::{SetTheme, set_theme};
use super::model::Theme;
use crate::context::CurrentTheme;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

/// Three small buttons, one of them pressed. Without scripts they are a form.
///
/// Not an `ActionForm`: what that needs to read a form back would be a twentieth of the first load of every page.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let CurrentTheme(theme) = expect_context();
    // The click has set the theme by now. If saving fails, the page still has it, and the next one asks again.
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        spawn_local(async move { _ = set_theme(theme.get_untracked()).await });
    };
    Effect::new(move |before: Option<Theme>| {
        let now = theme.get();
        if before.is_some_and(|before| before != now)
            && let Some(root) = document().document_element()
        {
            let _ = root.set_attribute("data-theme", now.name());
        }
        now
    });
    let buttons = Theme::ALL.map(|choice| {
        view! {
            <button
                class="theme-choice"
                type="submit"
                name="theme"
                value=choice.name()
                title=choice.label()
                aria-label=choice.label()
                aria-pressed=move || if theme.get() == choice { "true" } else { "false" }
                on:click=move |_| theme.set(choice)
            >
                <Icon of=choice/>
            </button>
        }
    });
    view! {
        <form class="theme-switch" method="post" action=SetTheme::url() on:submit=save>
            <div role="group" aria-label="Theme">{buttons.collect_view()}</div>
        </form>
    }
}

#[component]
fn Icon(of: Theme) -> impl IntoView {
    let path = match of {
        Theme::System => "M2 3h12v8H2zM6 14h4M8 11v3",
        Theme::Light => {
            "M8 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.5 1.5M11.5 11.5L13 13M3 13l1.5-1.5M11.5 4.5L13 3"
        }
        Theme::Dark => "M13.5 9.5A6 6 0 1 1 6.5 2.5a5 5 0 0 0 7 7z",
    };
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d=path/>
        </svg>
    }
}
