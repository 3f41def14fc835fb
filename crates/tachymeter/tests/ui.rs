//! What the compiler says to each misuse of `events!`, `execute!`, `start!` and `stop!`.
#![cfg(not(any(target_arch = "wasm32", miri)))]

#[test]
fn misuse_says_what_to_write_instead() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    if speaks_the_same() {
        cases.compile_fail("tests/ui/quoted/*.rs");
    }
}

/// Whether this compiler words its own part of a message as it did when the `.stderr` under `quoted` were kept.
fn speaks_the_same() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    ["rustc 1.95.", "rustc 1.96."].iter().any(|known| version.starts_with(known.as_bytes()))
}
