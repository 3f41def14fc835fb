// Metadata that names no argument, or has no key.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

struct Shop;

#[measured(WORK, metadata(fomr))]
fn misspelt(form: u8, (price, _): (u8, u8)) {
    _ = (form, price);
}

#[measured(WORK, metadata(form))]
fn none() {}

impl Shop {
    #[measured(WORK, metadata(self.form))]
    fn no_key(&self) {}
}

#[measured(WORK, metadata(shop.form))]
fn no_key_either(shop: Shop) {
    _ = shop;
}

#[measured(WORK, metadata)]
fn no_list() {}

#[measured(WORK, metadata())]
fn empty_list() {}

fn main() {}
