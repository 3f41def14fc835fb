// Options that there are not, each with what to write instead.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, metdata(form))]
fn misspelt(form: u8) {
    _ = form;
}

#[measured(WORK, fields(form))]
fn fields(form: u8) {
    _ = form;
}

#[measured(WORK, ret)]
fn ret() -> u8 {
    1
}

#[measured(WORK, level = "debug")]
fn level() {}

#[measured(WORK, "debug")]
fn text() {}

#[measured(WORK err)]
fn no_comma() -> Result<(), ()> {
    Ok(())
}

fn main() {}
