//! The buttons page: press, see the colour, see where the time went.

use super::api::press;
use super::model::Colour;
use crate::components::time::milliseconds;
use crate::context::PageContext;
use leptos::prelude::*;
use leptos_meta::Title;
use tachymeter_leptos::{Interaction, Outcome, UseMeasured, use_measured};

/// What is shown: the colour of the newest press that was answered, and that press's number.
#[derive(Clone, Copy, Default, PartialEq)]
struct Shown {
    press: u32,
    colour: Option<Colour>,
}

#[derive(Clone, Copy)]
struct Presses {
    measured: UseMeasured,
    last: StoredValue<u32>,
    shown: RwSignal<Shown>,
    pending: RwSignal<[u32; 3]>,
    error: RwSignal<Option<String>>,
}

impl Presses {
    fn press(self, colour: Colour) {
        let number = self.last.get_value() + 1;
        self.last.set_value(number);
        self.error.set(None);
        self.pending.update(|pending| pending[colour as usize] += 1);
        leptos::task::spawn_local(async move {
            let answer = press(colour).await;
            self.pending.update(|pending| pending[colour as usize] -= 1);
            match answer {
                // An older answer never overwrites a newer one.
                Ok(_) if number < self.shown.get_untracked().press => self.measured.superseded(),
                Ok(colour) => self.shown.set(Shown { press: number, colour: Some(colour) }),
                Err(error) => self.error.set(Some(error.to_string())),
            }
        });
    }
}

/// `/buttons`
#[component]
pub fn ButtonsPage() -> impl IntoView {
    let measured = use_measured("buttons");
    let presses = Presses {
        measured,
        last: StoredValue::new(0),
        shown: RwSignal::default(),
        pending: RwSignal::default(),
        error: RwSignal::default(),
    };
    view! {
        <Title text="Buttons"/>
        <section class="buttons">
            <h1>"Buttons"</h1>
            <p class="lead">
                "Each button asks the server, which takes its time. Press several at once: each is measured on its own, from your click to the screen."
            </p>
            <div class="buttons-stage">
                <Controls presses/>
                <Swatch presses/>
            </div>
            <p class="error" role="alert">{presses.error}</p>
            <Latest closed=measured.closed()/>
            <History closed=measured.closed()/>
            <p><a href="/dashboard">"See everyone's on the dashboard"</a></p>
        </section>
    }
}

#[component]
fn Controls(presses: Presses) -> impl IntoView {
    let delays = expect_context::<PageContext>().delays;
    let control = move |colour: Colour| {
        let pending = move || presses.pending.with(|pending| pending[colour as usize]);
        view! {
            <button
                type="button"
                class=format!("press press-{}", colour.key())
                aria-busy=move || (pending() > 0).to_string()
                on:click=presses.measured.on(colour.key(), move |_| presses.press(colour))
            >
                <span class="press-name">{colour.name()}</span>
                <span class="press-delay" aria-hidden="true">{format!("{} ms", delays.of(colour))}</span>
                <span class="press-pending" aria-hidden="true">{move || if pending() > 0 { "waiting" } else { "" }}</span>
            </button>
        }
    };
    view! { <div class="buttons-controls" role="group" aria-label="Colours">{Colour::ALL.map(control).collect_view()}</div> }
}

#[component]
fn Swatch(presses: Presses) -> impl IntoView {
    let colour = move || presses.shown.get().colour;
    let class = move || format!("swatch swatch-{}", colour().map_or("none", Colour::key));
    let name = move || {
        colour().map_or("No colour yet. Press a button.".to_owned(), |colour| format!("{} is on the screen.", colour.name()))
    };
    view! {
        <div class="buttons-result">
            <div class=class data-testid="swatch"></div>
            <p role="status">{name}</p>
        </div>
    }
}

/// The colour that an interaction asked for, as a label.
fn title(interaction: &Interaction) -> &'static str {
    let key = interaction.name.rsplit('.').next().unwrap_or_default();
    Colour::ALL.into_iter().find(|colour| colour.key() == key).map_or("Unknown", Colour::name)
}

fn sentence_of(it: &Interaction) -> String {
    let (title, total) = (title(it), milliseconds(it.total));
    match it.outcome {
        Outcome::Superseded => format!("{title}, {total}, and not shown: a newer press was answered first."),
        Outcome::Failed => format!("{title}, {total}, and it failed."),
        _ => format!("{title}, {total} from your click to the screen."),
    }
}

/// The last interaction: one sentence, one bar, and the numbers in words.
#[component]
fn Latest(closed: Signal<Vec<Interaction>>) -> impl IntoView {
    let sentence = move || {
        closed.with(|closed| match closed.first() {
            Some(it) => sentence_of(it),
            None => "What you press is measured here.".to_owned(),
        })
    };
    let parts = move || closed.with(|closed| closed.first().map(|it| (it.parts(), it.total.max(f64::EPSILON))));
    let segment = |(name, ms): (&'static str, f64), total: f64| {
        view! { <span class=format!("part part-{name}") style:flex-grow=format!("{:.4}", ms / total)></span> }
    };
    view! {
        <div class="latest" data-testid="latest">
            <p class="latest-sentence">{sentence}</p>
            <div class="parts" aria-hidden="true">
                {move || parts().map(|(parts, total)| parts.map(|part| segment(part, total)).collect_view())}
            </div>
            <dl class="parts-list">
                {move || {
                    let parts = parts().map(|(parts, _)| parts.map(|(name, ms)| (name, milliseconds(ms))));
                    parts
                        .unwrap_or(["input", "handler", "network", "server", "render", "paint"].map(|name| (name, "—".to_owned())))
                        .map(|(name, ms)| view! { <div class=format!("parts-item part-{name}")><dt>{name}</dt><dd>{ms}</dd></div> })
                        .collect_view()
                }}
            </dl>
        </div>
    }
}

/// The last ten, newest first.
#[component]
fn History(closed: Signal<Vec<Interaction>>) -> impl IntoView {
    let row = |it: Interaction| {
        view! {
            <li class="history-row">
                <span class=format!("history-mark press-{}", title(&it).to_ascii_lowercase()) aria-hidden="true"></span>
                <span>{title(&it)}</span>
                <span class="number">{milliseconds(it.total)}</span>
                <span class=format!("outcome outcome-{}", it.outcome)>{it.outcome.as_str()}</span>
            </li>
        }
    };
    view! {
        <h2>"Last ten"</h2>
        <ol class="history" data-testid="history">
            <For each=move || closed.get() key=|it| it.id children=row/>
        </ol>
        <p class="muted" hidden=move || closed.with(|closed| !closed.is_empty())>"Nothing pressed yet."</p>
    }
}
