// The function stays as it was: its callers get no message of their own.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, retries = 3)]
fn work(form: &str) -> usize {
    form.len()
}

fn main() {
    let length: usize = work("demo");
    assert_eq!(length, 4);
}
