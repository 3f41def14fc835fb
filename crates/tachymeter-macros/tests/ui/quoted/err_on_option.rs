// An option has no error either.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, err)]
fn option() -> Option<u8> {
    None
}

fn main() {}
