//! A value that is none.

tachymeter::events! {
    /// All.
    pub EVENTS;
    /// A sign-in.
    pub event LOGIN = "auth.login" { count } [result];
}

fn main() {
    tachymeter::execute!(LOGIN, { count: 1 }, { result: vec![1] });
}
