//! The attribute macro of `tachymeter`, which re-exports it as `tachymeter::measured`.
#![deny(missing_docs)]

mod args;
mod expand;
mod server;
mod valid;

use proc_macro::TokenStream;

/// Runs a function as a span: `#[measured(SPAN)]`, where `SPAN` is the path of one that `tachymeter::events!` declares.
///
/// It starts with the call, or when the future is first polled. A return, also by `?`, is its `stop`, a panic its `exception`, a future
/// that is dropped before it is ready its `aborted`. Spans that the function starts have it as their parent.
///
/// - `metadata(form, id = expression)` records an argument, or an expression of the arguments. Nothing is recorded by default, and
///   nothing evaluated while nobody listens. A key that the span doesn't declare doesn't compile.
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
