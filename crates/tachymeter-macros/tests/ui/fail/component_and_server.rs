// On a component and on a server function.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

mod leptos {
    pub(crate) use core::prelude::v1::{test as component, test as server};
}

#[measured(WORK)]
#[leptos::component]
fn button() {}

#[measured(WORK)]
#[leptos::server]
fn press() {}

fn main() {}
