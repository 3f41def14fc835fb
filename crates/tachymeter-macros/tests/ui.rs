//! What `#[measured]` takes, and what it says to what it doesn't.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
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
