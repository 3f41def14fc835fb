//! The attribute macro of `tachymeter`, which re-exports it as `tachymeter::measured`.
#![deny(missing_docs)]

mod args;
mod expand;
mod leptos;
mod server;
mod target;
mod valid;

use proc_macro::TokenStream;

/// Runs a function as a span: `#[measured(SPAN)]`, where `SPAN` is the path of one that `tachymeter::events!` declares.
///
/// It starts with the call, or when the future is first polled. A return, also by `?`, is its `stop`, a panic its `exception`, a future
/// that is dropped before it is ready its `aborted`. Spans that the function starts have it as their parent. A method under
/// `#[async_trait]`, and a function that ends in `Box::pin(async move { .. })`, is measured like an `async fn`.
///
/// - `metadata(form, id = expression)` records an argument, or an expression of the arguments. Nothing is recorded by default, and
///   nothing evaluated while nobody listens. A key that the span doesn't declare doesn't compile.
/// - `skip(password)` records every argument but these, each under its own name. So an argument that is added later needs a key in the
///   declaration, or a word in `skip`: none is recorded by oversight.
/// - `name = "import"` records the metadata `name`, for functions that share a span.
/// - `err`, for a function that returns a `Result`: the `stop` has the metadata `outcome`, `"ok"` or `"error"`.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Reads."] pub span READ = "doc.read" {} [text, outcome]; }
/// #[tachymeter::measured(READ, metadata(text), err)]
/// fn read(text: &str) -> Result<u32, std::num::ParseIntError> {
///     Ok(text.parse::<u32>()? + 1)
/// }
///
/// # fn main() {
/// let ends = tachymeter::testing::capture(&["doc.read.stop"]);
/// assert!(read("x").is_err());
/// assert_eq!(ends.take()[0].get("outcome"), Some("error"));
/// # }
/// ```
///
/// # On what Leptos has a word for
///
/// There `#[measured]` alone is enough, above or below Leptos' own attribute. It needs the crate `tachymeter-leptos`, which declares
/// the events and does the measuring.
///
/// - A component: its view is the span `leptos.view`, and the interactions inside are called after it, `sign_in` for `SignIn` or what
///   `name = ".."` says. Its hook is in the context: `use_context::<UseMeasured>()`.
/// - A server function: above `#[server]` it makes `#[tachymeter_leptos::server]` of it, which see; below it measures the call and the
///   body as that does, but not how the server reads arguments and writes the answer.
/// - An event handler, that is a function which takes an event of `leptos::ev` or `web_sys`, or returns `impl Fn(Event)` or
///   `impl FnMut(Event)`: the interaction is called `<component>.<function>`, `page.<function>` outside of a measured component, or
///   what `name = ".."` says.
///
/// ```ignore
/// #[measured]
/// #[component]
/// fn Buttons() -> impl IntoView {
///     let count = RwSignal::new(0);
///     view! { <button on:click=add(count)>{count}</button> }
/// }
///
/// #[measured] // the click is called `buttons.add`
/// fn add(count: RwSignal<i32>) -> impl FnMut(MouseEvent) {
///     move |_| spawn_local(async move { count.set(next(count.get_untracked()).await.unwrap_or_default()) })
/// }
///
/// #[measured]
/// #[server]
/// async fn next(number: i32) -> Result<i32, ServerFnError> {
///     Ok(number + 1)
/// }
/// ```
#[proc_macro_attribute]
pub fn measured(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::measured(args.into(), item.into()).into()
}

/// Leptos' `#[server]` for a function that is measured on both sides. `tachymeter-leptos` re-exports it and documents it.
#[proc_macro_attribute]
pub fn server(args: TokenStream, item: TokenStream) -> TokenStream {
    server::server(args.into(), item.into()).into()
}

#[doc(hidden)]
#[proc_macro_attribute]
pub fn __direct(args: TokenStream, item: TokenStream) -> TokenStream {
    server::direct(&args.into(), item.into()).into()
}
