// On an event handler.

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

#[measured(name = "red", err)]
fn err(_: leptos::MouseEvent) -> Result<(), ()> {
    Ok(())
}

#[measured(metadata(form))]
fn metadata(form: u8) -> impl FnMut(leptos::MouseEvent) {
    move |_| _ = form
}

#[measured]
async fn later(_: leptos::MouseEvent) {}

fn main() {}
