// Functions of every kind.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK)]
fn sync() {}

#[measured(crate::WORK, metadata(form))]
async fn asynchronous(form: &str) -> usize {
    form.len()
}

#[measured(WORK, metadata(form), err,)]
fn question_mark<T: AsRef<str>>(form: u8, text: T) -> Result<u8, Box<dyn std::error::Error>> {
    let number: u8 = text.as_ref().parse()?;
    Ok(number + form)
}

#[measured(WORK)]
fn opaque(list: impl Iterator<Item = u8>) -> impl Iterator<Item = u8> {
    list.map(|number| number + 1)
}

#[measured(WORK)]
/// The documentation stays, and the other attributes.
#[must_use]
unsafe fn careful(byte: *const u8) -> u8 {
    unsafe { *byte }
}

#[measured(WORK)]
extern "C" fn foreign() {}

#[measured(WORK)]
fn never() -> ! {
    std::process::exit(0)
}

fn main() {
    sync();
    foreign();
    _ = asynchronous("demo");
    assert_eq!(question_mark(1, "2").unwrap(), 3);
    assert_eq!(opaque([1].into_iter()).next(), Some(2));
    assert_eq!(unsafe { careful(&7) }, 7);
    never();
}
