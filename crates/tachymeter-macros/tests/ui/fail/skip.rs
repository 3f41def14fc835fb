// Skipped where there is nothing to skip.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, skip(from))]
fn misspelt(form: u8) {
    _ = form;
}

#[measured(WORK, skip)]
fn nothing(form: u8) {
    _ = form;
}

#[measured(WORK, skip())]
fn empty(form: u8) {
    _ = form;
}

#[measured(WORK, skip(form))]
fn all(form: u8) {
    _ = form;
}

#[measured(WORK, skip(form), metadata(form = 1u8))]
fn both(form: u8, outcome: u8) {
    _ = (form, outcome);
}

#[measured(WORK, skip(form))]
fn undeclared(form: u8, id: u8) {
    _ = (form, id);
}

#[measured(WORK, skip_all)]
fn skip_all(form: u8) {
    _ = form;
}

fn main() {}
