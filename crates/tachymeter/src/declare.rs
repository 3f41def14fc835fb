//! Which events the program's crates declare, who handles them, and a reference of them.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use crate::Event;
use crate::name::is_under;

static DECLARED: Mutex<Vec<&'static Event>> = Mutex::new(Vec::new());

/// Makes a crate's events discoverable; declaring twice changes nothing.
pub fn declare(events: &[&'static Event]) {
    let mut declared = DECLARED.lock().unwrap_or_else(PoisonError::into_inner);
    for event in events {
        let same = |known: &&Event| known.name() == event.name() && known.module() == event.module();
        if !declared.iter().any(same) {
            declared.push(event);
        }
    }
}

/// Every event that was [`declare`]d, in that order.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "doc.declared" { count } [result]; }
/// tachymeter::declare(EVENTS);
/// let login = tachymeter::declared().into_iter().find(|event| event.name() == "doc.declared").unwrap();
/// assert_eq!((login.doc(), login.measurements()), ("A sign-in.", &["count"][..]));
/// assert!(login.handlers().is_empty());
/// ```
pub fn declared() -> Vec<&'static Event> {
    DECLARED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The declared events that nobody handles.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A."] pub event A = "doc.unhandled.a"; #[doc = "B."] pub event B = "doc.unhandled.b"; }
/// tachymeter::declare(EVENTS);
/// let _attached = tachymeter::attach("a", &["doc.unhandled.a"], |_| {})?;
/// let unhandled: Vec<_> = tachymeter::unhandled().iter().map(|event| event.name()).collect();
/// assert!(unhandled.contains(&"doc.unhandled.b") && !unhandled.contains(&"doc.unhandled.a"));
/// # Ok::<(), tachymeter::AttachError>(())
/// ```
pub fn unhandled() -> Vec<&'static Event> {
    declared().into_iter().filter(|event| event.handlers().is_empty()).collect()
}

/// A reference of events in Markdown, by name, for documentation that can't go out of date: let a test compare it with the page.
///
/// ```
/// tachymeter::events! {
///     /// All.
///     pub EVENTS;
///     /// Somebody tried to sign in.
///     pub event LOGIN = "auth.login" { count } [result];
/// }
/// assert_eq!(tachymeter::reference(EVENTS, ""), "\
/// | event | measurements | metadata | meaning |
/// |---|---|---|---|
/// | `auth.login` | `count` | `result` | Somebody tried to sign in. |
/// ");
/// ```
pub fn reference(events: &[&'static Event], prefix: &str) -> String {
    let mut events: Vec<_> = events.iter().filter(|event| is_under(event.name(), prefix)).collect();
    events.sort_by_key(|event| event.name());
    let mut page = String::from("| event | measurements | metadata | meaning |\n|---|---|---|---|\n");
    for event in events {
        let (measurements, metadata) = (code(event.measurements()), code(event.metadata()));
        let doc = event.doc().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        _ = writeln!(page, "| `{}` | {measurements} | {metadata} | {doc} |", event.name());
    }
    page
}

fn code(keys: &[&str]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() { "–".to_owned() } else { keys.join(" ") }
}
