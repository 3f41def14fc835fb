// Metadata of a type that is no value.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

struct Shop;

#[measured(WORK, metadata(form))]
fn argument(form: Shop) {
    _ = form;
}

#[measured(WORK, metadata(form = list.first()))]
fn expression(list: Vec<u8>) {
    _ = list;
}

fn main() {}
