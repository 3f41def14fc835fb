// A function that may run while the program is compiled.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK)]
const fn constant() -> u8 {
    1
}

const _: u8 = constant();

fn main() {}
