// An option or a key twice.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, err, err)]
fn err() -> Result<(), ()> {
    Ok(())
}

#[measured(WORK, metadata(form), metadata(outcome))]
fn metadata(form: u8, outcome: u8) {
    _ = (form, outcome);
}

#[measured(WORK, metadata(form, form = 1))]
fn key(form: u8) {
    _ = form;
}

#[measured(WORK, metadata(outcome), err)]
fn outcome(outcome: u8) -> Result<u8, ()> {
    Ok(outcome)
}

fn main() {}
