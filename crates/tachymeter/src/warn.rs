//! What the crate itself has to say, on stderr or in the browser's console.

use std::collections::HashSet;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::emission::Pair;
use crate::{Event, declared};

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
pub(crate) fn say(text: fmt::Arguments<'_>) {
    // It panics if nobody holds the other end of the pipe.
    _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| eprintln!("tachymeter: {text}")));
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub(crate) fn say(text: fmt::Arguments<'_>) {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = console, js_name = error)]
        fn console_error(text: &str);
    }
    console_error(&format!("tachymeter: {text}"));
}

/// Keys that the event does not declare, where the compiler could not see them: said once each, in debug builds.
pub(crate) fn undeclared(event: &Event, measurements: &[Pair<'_>], metadata: &[Pair<'_>]) {
    if cfg!(debug_assertions) {
        check("measurement", event.name(), event.measurements(), measurements);
        check("metadata", event.name(), event.metadata(), metadata);
    }
}

/// The same for a name, if that was declared.
pub(crate) fn undeclared_by_name(name: &str, measurements: &[Pair<'_>], metadata: &[Pair<'_>]) {
    if cfg!(debug_assertions)
        && let Some(event) = declared().into_iter().find(|event| event.name() == name)
    {
        undeclared(event, measurements, metadata);
    }
}

fn check(what: &str, event: &str, declared: &[&str], given: &[Pair<'_>]) {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    for (key, _) in given.iter().filter(|(key, _)| !declared.contains(key)) {
        let text = format!("{event} declares no {what} {key:?}, only {declared:?}");
        if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
            say(format_args!("{text}"));
        }
    }
}
