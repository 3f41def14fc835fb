//! What `#[measured]` takes, and what it says to what it doesn't.

mod compiler;

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
    if compiler::speaks_the_same() {
        cases.compile_fail("tests/ui/quoted/*.rs");
    }
}
