// The span is missing.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured]
fn nothing() {}

#[measured()]
fn nothing_in_parentheses() {}

#[measured(err)]
fn an_option_in_its_place() -> Result<(), ()> {
    Ok(())
}

#[measured(metadata(form))]
fn metadata_in_its_place(form: u8) {
    _ = form;
}

#[measured(name = "ui.work")]
fn a_name_in_its_place() {}

#[measured("ui.work")]
fn a_text_in_its_place() {}

fn main() {}
