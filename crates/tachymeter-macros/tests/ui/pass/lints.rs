// Lints have nothing to say about what is generated.
#![deny(warnings, unused_qualifications, unused_lifetimes)]
#![forbid(unsafe_code)]

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK, metadata(form = form.len()), err)]
pub fn sync(form: &str) -> Result<(), std::num::ParseIntError> {
    if form.is_empty() {
        return Ok(());
    }
    _ = form.parse::<u8>()?;
    Ok(())
}

#[measured(WORK)]
pub async fn unit() {}

#[measured(WORK)]
pub async fn shadows(span: u8, result: u8) -> u8 {
    let unreachable = span;
    unreachable + result
}

fn main() {
    sync("1").unwrap();
    _ = unit();
    _ = shadows(1, 2);
}
