//! Spans that are started and stopped with keys that are not the declared ones, or there twice.

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "work" { items } [form];
}

fn main() {
    let span = tachymeter::start!(WORK, { from: "demo" });
    tachymeter::stop!(WORK, span, { itmes: 3u8 });
    let span = tachymeter::start!(WORK, { form: "demo", form: "other" });
    tachymeter::stop!(WORK, span, {}, { result: "ok" });
    let span = tachymeter::start!(WORK, { items: 3u8 });
    tachymeter::stop!(WORK, span, { duration: 3u8, duration: 4u8 });
}
