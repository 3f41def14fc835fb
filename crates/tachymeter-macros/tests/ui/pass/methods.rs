// Methods, and those of traits.

use tachymeter::measured;

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// Some work.
    pub span WORK = "ui.work" {} [form, outcome];
}

use std::fmt::Debug;

#[derive(Debug)]
struct Shop<T> {
    form: T,
}

trait Sell {
    fn sell(&mut self) -> &mut Self;
    fn later(&self) -> impl Future<Output = Result<u8, String>> + Send;

    #[measured(WORK)]
    fn by_default(&self) -> u8 {
        1
    }
}

impl<T: Debug + Sync> Shop<T> {
    #[measured(WORK, metadata(form = format!("{:?}", self.form)))]
    fn form(&self) -> &T {
        &self.form
    }
}

impl<T: Debug + Sync> Sell for Shop<T> {
    #[measured(WORK)]
    fn sell(&mut self) -> &mut Self {
        self
    }

    #[measured(WORK, err)]
    async fn later(&self) -> Result<u8, String> {
        Err("closed")?
    }
}

fn main() {
    let mut shop = Shop { form: 1u8 };
    assert_eq!(shop.sell().form(), &1);
    assert_eq!(shop.by_default(), 1);
    _ = shop.later();
}
