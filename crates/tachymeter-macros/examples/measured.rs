//! Functions that are spans: run it with `cargo run -p tachymeter-macros --example measured`.

use std::num::ParseIntError;

use tachymeter::{attach, measured};

tachymeter::events! {
    /// What this program emits.
    pub EVENTS;

    /// A list of numbers is added up.
    pub span SUM = "sum" {} [outcome];

    /// One of them is read.
    pub span READ = "sum.read" {} [text, length];
}

#[measured(SUM, err)]
fn sum(list: &str) -> Result<u32, ParseIntError> {
    let mut sum = 0;
    for text in list.split('+') {
        sum += read(text.trim())?;
    }
    Ok(sum)
}

#[measured(READ, metadata(text, length = text.len()))]
fn read(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

fn main() -> Result<(), tachymeter::AttachError> {
    let _attached = attach("print", &["sum.stop", "sum.read.stop"], |event| {
        let line: Vec<_> = event.metadata().iter().map(|(key, value)| format!("{key}={value}")).collect();
        let parent = event.parent_id().map_or_else(|| "nobody".to_owned(), |parent| parent.to_string());
        eprintln!("{} {} under {parent}", event.name(), line.join(" "));
    })?;
    eprintln!("{:?}", sum("1 + 20 + 300"));
    eprintln!("{:?}", sum("1 + two"));
    Ok(())
}
