//! What the compiler says to each misuse of `events!`, `execute!`, `start!` and `stop!`.
#![cfg(not(any(target_arch = "wasm32", miri)))]

#[path = "../../tachymeter-macros/tests/compiler/mod.rs"]
mod compiler;

#[test]
fn misuse_says_what_to_write_instead() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    if compiler::speaks_the_same() {
        cases.compile_fail("tests/ui/quoted/*.rs");
    }
}
