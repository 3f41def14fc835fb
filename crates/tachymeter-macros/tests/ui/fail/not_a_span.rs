// A path to what is no declared span.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

tachymeter::events! {
    /// Others.
    pub OTHERS;
    /// An event.
    pub event LOGIN = "ui.login" { count } [];
}

#[measured(LOGIN)]
fn event() {}

#[measured(crate::WROK)]
fn misspelt() {}

fn main() {}
