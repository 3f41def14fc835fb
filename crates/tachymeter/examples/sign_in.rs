//! A program that emits two kinds of events and one that listens: run it with `cargo run -p tachymeter --example sign_in`.

use tachymeter::{attach, declare, declared, execute};

tachymeter::events! {
    /// What this program emits.
    pub EVENTS;

    /// Somebody tried to sign in.
    pub event LOGIN = "auth.login" { count } [result];

    /// A password was hashed.
    pub span HASH = "auth.hash" {} [algorithm];
}

fn main() -> Result<(), tachymeter::AttachError> {
    declare(EVENTS);
    let _attached = attach("print", &["auth.login", "auth.hash.stop"], |event| {
        let line: Vec<_> =
            event.measurements().iter().chain(event.metadata()).map(|(key, value)| format!("{key}={value}")).collect();
        eprintln!("{} {}", event.name(), line.join(" "));
    })?;
    for password in ["right", "wrong"] {
        let hash = HASH.run(&[("algorithm", "length".into())], || password.len());
        let result = if password == "right" && hash == 5 { "ok" } else { "wrong_password" };
        execute!(LOGIN, { count: 1u64 }, { result: result });
    }
    for event in declared().into_iter().filter(|event| !event.is_attached()) {
        eprintln!("nobody listens to {}: {}", event.name(), event.doc());
    }
    Ok(())
}
