// A function that returns before its future runs.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

use std::pin::Pin;

#[measured(WORK)]
fn opaque() -> impl Future<Output = u8> {
    async { 1 }
}

#[measured(WORK)]
fn boxed() -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async { 1 })
}

fn main() {}
