//! Which compiler it is, for tests of what it says.

/// Whether this compiler words its own part of a message as it did when the `.stderr` under `quoted` were kept.
pub(crate) fn speaks_the_same() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    ["rustc 1.95.", "rustc 1.96."].iter().any(|known| version.starts_with(known.as_bytes()))
}
