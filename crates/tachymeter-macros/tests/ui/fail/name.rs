// A name that is none.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, name = "Work")]
fn capital() {}

#[measured(WORK, name = "work.")]
fn segment() {}

#[measured(WORK, name = WORK)]
fn path() {}

#[measured(WORK, name)]
fn nothing() {}

#[measured(WORK, name = "work")]
fn undeclared() {}

fn main() {}
