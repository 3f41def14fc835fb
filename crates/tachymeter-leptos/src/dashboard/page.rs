//! The dashboard: a stream, its state in words, and the charts.

use leptos::prelude::*;

use super::figure::{Figure, Shared};
use super::{Chart, Model};
use crate::stream::{Message, Status, subscribe};

/// The ranges that a person can choose, in seconds.
const RANGES: [(u64, &str); 3] = [(60, "1 m"), (300, "5 m"), (600, "10 m")];

/// Shows the charts and keeps them up to date from the stream at `stream`.
///
/// # Server-Side Rendering
/// Renders the page with empty charts of their final size; the browser connects after hydration.
#[component]
pub fn Dashboard(
    /// The path of the stream, for example `/telemetry/stream`.
    stream: &'static str,
    /// The charts, in their order.
    charts: Vec<Chart>,
) -> impl IntoView {
    let shared = Shared {
        model: StoredValue::new(Model::default()),
        version: RwSignal::new(0),
        range: RwSignal::new(RANGES[0].0),
        theme: RwSignal::new(0),
    };
    let paused = RwSignal::new(false);
    let behind = RwSignal::new(0u32);
    let age = RwSignal::new(None::<u64>);
    let subscription = subscribe(stream, move |message| {
        let heartbeat = matches!(message, Message::Heartbeat(_));
        age.set(Some(0));
        shared.model.update_value(|model| model.apply(message));
        if !paused.get_untracked() {
            *shared.version.write() += 1;
        } else if !heartbeat {
            *behind.write() += 1;
        }
    });
    #[cfg(feature = "hydrate")]
    watch_page(shared, age);
    let toggle = move |_| {
        paused.update(|paused| *paused = !*paused);
        if !paused.get_untracked() {
            behind.set(0);
            *shared.version.write() += 1;
        }
    };
    view! {
        <section class="tm-dashboard">
            <div class="tm-bar">
                <Connection status=subscription.status age on_retry=move || subscription.retry()/>
                <div class="tm-controls">
                    <Ranges range=shared.range/>
                    <button type="button" class="tm-button" aria-pressed=move || paused.get().to_string() on:click=toggle>
                        {move || if paused.get() { "Resume" } else { "Pause" }}
                    </button>
                    <span class="tm-behind" hidden=move || behind.get() == 0>{move || format!("{} updates behind", behind.get())}</span>
                </div>
            </div>
            <div class="tm-grid">
                {charts.into_iter().map(|chart| view! { <Figure chart shared/> }).collect_view()}
            </div>
            <p class="tm-note" hidden=move || dropped(shared) == 0>
                {move || format!("{} datapoints went to an “other” series: there are more series than the server keeps.", dropped(shared))}
            </p>
            <Skipped shared/>
        </section>
    }
}

/// What the events said that no metric could use: a filter's work, or a mistake that nobody would see otherwise.
#[component]
fn Skipped(shared: Shared) -> impl IntoView {
    let lines = Memo::new(move |_| {
        shared.version.track();
        shared
            .model
            .with_value(|model| model.skipped().map(|(name, reason, n)| format!("{name}: {n} {reason}")).collect::<Vec<_>>())
    });
    view! {
        <details class="tm-note" hidden=move || lines.read().is_empty()>
            <summary>"Events that gave a metric no datapoint"</summary>
            <ul>{move || lines.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
        </details>
    }
}

fn dropped(shared: Shared) -> u64 {
    shared.version.track();
    shared.model.with_value(|model| model.dropped)
}

/// A dot and a word; changes are announced, the passing seconds are not.
#[component]
fn Connection(status: Signal<Status>, age: RwSignal<Option<u64>>, on_retry: impl Fn() + Copy + Send + 'static) -> impl IntoView {
    let word = move || match status.get() {
        Status::Connecting => "Connecting".to_owned(),
        Status::Live => "Live".to_owned(),
        Status::Reconnecting(seconds) => format!("Reconnecting in {seconds} s"),
        Status::Lost => "Lost".to_owned(),
    };
    // The countdown would be read out every second: only its start is announced.
    let announced = Memo::new(move |_| match status.get() {
        Status::Connecting => "",
        Status::Live => "Live",
        Status::Reconnecting(_) => "Reconnecting",
        Status::Lost => "Connection lost",
    });
    let state = move || match status.get() {
        Status::Connecting => "connecting",
        Status::Live => "live",
        Status::Reconnecting(_) => "reconnecting",
        Status::Lost => "lost",
    };
    let updated = move || match (status.get(), age.get()) {
        (_, None) => String::new(),
        (Status::Live, Some(0..=2)) => "updated just now".to_owned(),
        (_, Some(seconds)) => format!("updated {seconds} s ago"),
    };
    view! {
        <div class="tm-connection" data-state=state data-testid="connection">
            <span class="tm-dot" aria-hidden="true"></span>
            <span aria-hidden="true">{word}</span>
            <span class="tm-age" aria-hidden="true">{updated}</span>
            <span class="tm-hidden" role="status">{announced}</span>
            <button type="button" class="tm-button" hidden=move || status.get() != Status::Lost on:click=move |_| on_retry()>"Retry"</button>
        </div>
    }
}

#[component]
fn Ranges(range: RwSignal<u64>) -> impl IntoView {
    let choice = move |(seconds, text): (u64, &'static str)| {
        view! {
            <button type="button" class="tm-button" aria-pressed=move || (range.get() == seconds).to_string() on:click=move |_| range.set(seconds)>
                {text}
            </button>
        }
    };
    view! { <div class="tm-ranges" role="group" aria-label="Range">{RANGES.map(choice).collect_view()}</div> }
}

/// Counts the seconds since the last message, and notices when the page's colours change.
#[cfg(feature = "hydrate")]
fn watch_page(shared: Shared, age: RwSignal<Option<u64>>) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;

    let timer = set_interval_with_handle(
        move || {
            _ = age.try_update(|age| {
                if let Some(age) = age {
                    *age += 1;
                }
            });
        },
        std::time::Duration::from_secs(1),
    );
    let themed = Closure::<dyn FnMut()>::new(move || {
        _ = shared.theme.try_update(|theme| *theme += 1);
    });
    let callback: &js_sys::Function = themed.as_ref().unchecked_ref();
    let observer = web_sys::MutationObserver::new(callback).ok();
    let options = web_sys::MutationObserverInit::new();
    options.set_attributes(true);
    options.set_attribute_filter(&js_sys::Array::of1(&"data-theme".into()));
    if let (Some(observer), Some(root)) = (&observer, document().document_element()) {
        _ = observer.observe_with_options(&root, &options);
    }
    let system = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    if let Some(system) = &system {
        system.set_onchange(Some(callback));
    }
    let kept = StoredValue::new_local((themed, observer, system));
    on_cleanup(move || {
        if let Ok(timer) = timer {
            timer.clear();
        }
        kept.with_value(|(_, observer, system)| {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            if let Some(system) = system {
                system.set_onchange(None);
            }
        });
    });
}
