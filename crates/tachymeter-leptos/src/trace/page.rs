//! How a page gets the prefix of its traces: the server writes it into the document, the browser reads it there.

#![allow(unreachable_pub, reason = "the component macro makes every component's properties public")]

use leptos::prelude::*;

/// The name of the element that carries it.
const NAME: &str = "tachymeter-page";

/// Tells the page how its traces begin. Put it into the document's `<head>`, once.
///
/// # Server-Side Rendering
/// Renders a `<meta>` element with a prefix that no other page has; in the browser it renders nothing new, for the head isn't hydrated.
///
/// ```
/// use leptos::prelude::*;
/// use tachymeter_leptos::trace::PagePrefix;
///
/// fn shell() -> impl IntoView {
///     view! { <head><meta charset="utf-8"/><PagePrefix/></head> }
/// }
/// # let _ = shell;
/// ```
#[component]
pub fn PagePrefix() -> impl IntoView {
    view! { <meta name=NAME content=issue()/> }
}

#[cfg(feature = "ssr")]
fn issue() -> String {
    super::prefix::issue()
}

#[cfg(not(feature = "ssr"))]
fn issue() -> String {
    String::new()
}

/// Lets all traces of this page begin as its server said. Without a word of the server they begin at random, and it will not join them.
#[cfg(feature = "hydrate")]
pub(crate) fn adopt() {
    if let Ok(prefix) = u64::from_str_radix(&prefix_of_page(), 16) {
        tachymeter::set_trace_prefix(prefix.to_be_bytes());
    }
}

/// The prefix as the server wrote it into the page; empty if it didn't.
#[cfg(feature = "hydrate")]
pub(crate) fn prefix_of_page() -> String {
    let element = document().query_selector(&format!("meta[name={NAME}]")).ok().flatten();
    element.and_then(|element| element.get_attribute("content")).unwrap_or_default()
}
