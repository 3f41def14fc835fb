//! Emissions whose keys are not the declared ones, or there twice.

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// A sign-in.
    pub event LOGIN = "auth.login" { count } [result];
}

fn main() {
    tachymeter::execute!(LOGIN, { cuont: 1 });
    tachymeter::execute!(LOGIN, { count: 1 }, { reslut: "ok" });
    tachymeter::execute!(LOGIN, { count: 1, count: 2 });
}
