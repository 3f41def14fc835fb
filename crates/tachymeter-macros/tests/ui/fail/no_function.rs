// On what is no function.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

#[measured(WORK)]
struct Shop;

#[measured(WORK)]
impl Shop {}

#[measured(WORK)]
trait Sell {}

#[measured(WORK)]
mod shops {}

#[measured(WORK)]
enum Kind {}

#[measured(WORK)]
const PRICE: u8 = 1;

trait Bodiless {
    #[measured(WORK)]
    fn sell(&self);
}

fn main() {}
