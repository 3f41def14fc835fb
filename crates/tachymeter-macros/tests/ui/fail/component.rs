// On a component.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

mod leptos {
    #[allow(unused_imports)]
    pub(crate) use core::prelude::v1::{test as component, test as server};
    pub(crate) trait IntoView {}
    impl IntoView for () {}
    pub(crate) struct MouseEvent;
}

#[measured(WORK)]
#[leptos::component]
fn span() -> impl leptos::IntoView {}

#[measured(metadata(form))]
#[leptos::component]
fn metadata(form: u8) -> impl leptos::IntoView {
    _ = form;
}

#[measured(skip(form))]
#[leptos::component]
fn skip(form: u8) -> impl leptos::IntoView {
    _ = form;
}

#[measured(err)]
#[leptos::component]
fn err() -> impl leptos::IntoView {}

#[measured]
#[leptos::component]
fn no_view() {}

#[measured]
#[leptos::component]
fn another_view() -> Box<dyn leptos::IntoView> {
    Box::new(())
}

#[measured(WORK)]
#[allow(non_snake_case)]
fn WorkedOnAlready() -> impl leptos::IntoView {}

fn main() {}
