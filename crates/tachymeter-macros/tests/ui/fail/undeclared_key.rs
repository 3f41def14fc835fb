// Keys that the span does not declare.

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
    /// Without an outcome.
    pub span BARE = "ui.bare" {} [];
}

#[measured(WORK, metadata(price))]
fn metadata(price: u8) {
    _ = price;
}

#[measured(crate::BARE, err)]
fn outcome() -> Result<(), ()> {
    Ok(())
}

#[measured(WORK, metadata(error = 1))]
async fn reserved<T>(_: T) {}

fn main() {}
