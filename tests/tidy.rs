//! What the project promises about itself: ARCHITECTURE.md names every part, the layers hold, files say what they are.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of ours").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).expect("a file of ours")
}

#[test]
fn the_architecture_names_every_crate_and_every_top_module() {
    let page = text("ARCHITECTURE.md");
    let mut parts: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("crates")
        .flatten()
        .map(|entry| format!("`crates/{}`", entry.file_name().to_string_lossy()))
        .collect();
    for entry in fs::read_dir(root().join("src")).expect("src").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "lib.rs" && name != "main.rs" {
            parts.push(format!("`src/{name}`"));
        }
    }
    let missing: Vec<_> = parts.iter().filter(|part| !page.contains(*part)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
    for named in page.split('`').filter(|word| word.starts_with("crates/") || word.starts_with("src/")) {
        assert!(root().join(named).exists(), "ARCHITECTURE.md names {named}, which does not exist");
    }
}

#[test]
fn the_first_line_of_every_file_says_what_it_is() {
    for path in sources("src").into_iter().chain(sources("crates")).chain(sources("tests")) {
        if path.components().any(|part| part.as_os_str() == "ui" || part.as_os_str() == "target") {
            continue;
        }
        let file = fs::read_to_string(&path).expect("readable");
        assert!(file.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}

#[test]
fn only_stores_and_the_server_name_sqlx() {
    for path in sources("src") {
        let allowed = path.ends_with("store.rs") || path.starts_with(root().join("src/server"));
        let file = fs::read_to_string(&path).expect("readable");
        assert!(allowed || !file.contains("sqlx::"), "{} names sqlx", path.display());
    }
}

#[test]
fn the_core_depends_on_nothing_but_its_macros() {
    let manifest = text("crates/tachymeter/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("a section");
    let names: Vec<_> =
        dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["tachymeter-macros"]);
}

#[test]
fn no_style_or_script_stands_inline_in_a_view() {
    for path in sources("src") {
        let file = fs::read_to_string(&path).expect("readable");
        assert!(!file.contains(" style=\""), "{} has an inline style, which the content security policy forbids", path.display());
    }
}
