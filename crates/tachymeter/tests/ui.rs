//! What the compiler says to each misuse of `events!` and `execute!`.
#![cfg(not(any(target_arch = "wasm32", miri)))]

#[test]
fn misuse_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
