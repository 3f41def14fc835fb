// On what belongs to Leptos, in a crate that lacks `tachymeter-leptos`.

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

#[measured]
#[leptos::component]
fn button() -> impl leptos::IntoView {}

#[measured]
#[leptos::server]
async fn press() -> Result<(), ()> {
    Ok(())
}

#[measured]
fn pressed(_: leptos::MouseEvent) {}

#[measured(name = "buttons.red")]
fn red() -> impl Fn(leptos::MouseEvent) {
    |_| ()
}

fn main() {}
