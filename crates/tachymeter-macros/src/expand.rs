//! Last stage: the function with the span around its body, or as it was with a message.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Ident, ItemFn, Path, ReturnType, Stmt, Type, parse_quote, parse_quote_spanned};

use crate::args::{Args, Pair, written};
use crate::leptos;
use crate::target::Target;
use crate::valid::{self, Measured, future_output};

/// All stages.
pub(crate) fn measured(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(args).and_then(|args| valid::check(args, item.clone())) {
        Ok(measured) => expand(measured),
        // The function stays, so that its callers have no messages of their own.
        Err(error) => {
            let message = error.into_compile_error();
            quote!(#item #message)
        }
    }
}

fn expand(measured: Measured) -> TokenStream {
    let Measured { args, mut item, target } = measured;
    match (&target, &args.span) {
        (Target::Function, Some(path)) => {
            let run = if item.sig.asyncness.is_some() { run_async(&item.block, &item.sig.output) } else { run(&item) };
            item.block = around(&args, path, &run);
            item.into_token_stream()
        }
        (Target::Boxed, Some(path)) => {
            boxed(&args, path, &mut item);
            item.into_token_stream()
        }
        _ => leptos::expand(&args, item, &target),
    }
}

/// A span around what gives its result.
fn around(args: &Args, path: &Path, run: &TokenStream) -> Box<Block> {
    let (checks, start, span) = (checks(args, path), start(args, path), span());
    // What is wrong with it is wrong with `err`.
    let place = args.err.as_ref().map_or_else(Span::mixed_site, |err| Span::mixed_site().located_at(err.span()));
    let result = Ident::new("result", place);
    let outcome =
        args.err.as_ref().map(|_| quote_spanned!(place=> ("outcome", ::tachymeter::__private::Outcome::outcome(&#result))));
    parse_quote!({
        #checks
        #start
        let #result = #run;
        #span.stop(&[], &[#outcome]);
        #result
    })
}

fn span() -> Ident {
    Ident::new("span", Span::mixed_site())
}

/// Compile-time checks, each on the token that is wrong.
fn checks(args: &Args, path: &Path) -> TokenStream {
    let keys = args.metadata.iter().map(|pair| check(path, &pair.key.to_string(), pair.key.span()));
    let name = args.written("name").map(|option| check(path, "name", option.span()));
    let outcome = args.err.as_ref().map(|err| check(path, "outcome", err.span()));
    quote!(#(#keys)* #name #outcome)
}

/// What the start declares the ends declare too, and `error` not: that is for the function to set.
fn check(path: &Path, key: &str, place: Span) -> TokenStream {
    let text = format!("`{}` declares no metadata `{key}`: add it to the span's `[..]` in `tachymeter::events!`", written(path));
    quote_spanned!(place=>
        const _: () = ::core::assert!(::tachymeter::__private::contains(#path.start_event().metadata(), #key), #text);
    )
}

/// Metadata is evaluated for somebody only.
fn start(args: &Args, path: &Path) -> TokenStream {
    let (event, span) = (Ident::new("event", Span::mixed_site()), span());
    let named = quote_spanned!(path.span()=> let #event: &'static ::tachymeter::SpanEvent = &#path;);
    let name = args.name.as_ref().map(|name| quote!(("name", ::tachymeter::Value::Str(#name))));
    let pairs = args.metadata.iter().map(|Pair { key, value }| {
        let name = key.to_string();
        let place = value.as_ref().map_or(key.span(), Spanned::span);
        let value = value.as_ref().map_or_else(|| key.to_token_stream(), |value| quote_spanned!(place=> (#value)));
        let value = quote_spanned!(place=> ::tachymeter::__private::AsValue::as_value(&#value));
        quote!((#name, #value))
    });
    let pairs: Vec<_> = name.into_iter().chain(pairs).collect();
    if pairs.is_empty() {
        return quote!(#named let #span = #event.start(&[]););
    }
    quote!(#named let #span = if #event.is_attached() { #event.start(&[#(#pairs),*]) } else { #event.start_unheard() };)
}

/// The closure is there for `return` and `?`.
fn run(item: &ItemFn) -> TokenStream {
    let (output, block, span) = (inferred(&item.sig.output), &item.block, span());
    quote!(#span.in_scope(move || #output #block))
}

/// The same by a block of its own. It has no place for its type, so an unreachable `return` says that.
fn run_async(block: &Block, output: &ReturnType) -> TokenStream {
    let (future, span) = (future(block, output), span());
    quote!(::tachymeter::__private::follow(::core::pin::pin!(#future), #span.context()).await)
}

/// A block as a future of its own.
pub(crate) fn future(block: &Block, output: &ReturnType) -> TokenStream {
    let statements = &block.stmts;
    let output = match inferred(output) {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, output) => *output,
    };
    quote!(async move {
        #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery)]
        if false {
            let unreachable: #output = loop {};
            return unreachable;
        }
        #(#statements)*
    })
}

/// The span goes into the future that the function returns.
fn boxed(args: &Args, path: &Path, item: &mut ItemFn) {
    let output = future_output(&item.sig.output);
    if let Some(Stmt::Expr(Expr::Call(call), None)) = item.block.stmts.last_mut()
        && let Some(Expr::Async(future)) = call.args.first_mut()
    {
        future.block = *around(args, path, &run_async(&future.block, &output));
    }
}

/// `impl Trait` may stand in a function's signature, not inside of it: there it is inferred.
pub(crate) fn inferred(output: &ReturnType) -> ReturnType {
    struct Infer;
    impl VisitMut for Infer {
        fn visit_type_mut(&mut self, kind: &mut Type) {
            match kind {
                Type::ImplTrait(_) => *kind = parse_quote_spanned!(kind.span()=> _),
                _ => visit_mut::visit_type_mut(self, kind),
            }
        }
    }
    let mut output = output.clone();
    Infer.visit_return_type_mut(&mut output);
    output
}
