// On a server function.

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
#[leptos::server]
async fn span() -> Result<(), ()> {
    Ok(())
}

#[measured(name = "other")]
#[leptos::server]
async fn name() -> Result<(), ()> {
    Ok(())
}

#[measured(err)]
#[leptos::server]
async fn err() -> Result<(), ()> {
    Ok(())
}

#[measured(metadata(form))]
#[leptos::server]
async fn metadata(form: u8) -> Result<(), ()> {
    _ = form;
    Ok(())
}

fn main() {}
