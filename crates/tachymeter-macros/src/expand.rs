//! Last stage: the function with the span around its body, or as it was with a message.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Ident, ItemFn, Path, ReturnType, Type, parse_quote, parse_quote_spanned};

use crate::args::{Args, Pair};
use crate::valid::{self, Measured};

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

fn expand(Measured { args, mut item }: Measured) -> TokenStream {
    let checks = checks(&args);
    let span = Ident::new("span", Span::mixed_site());
    // What is wrong with it is wrong with `err`.
    let place = args.err.as_ref().map_or_else(Span::mixed_site, |err| Span::mixed_site().located_at(err.span()));
    let result = Ident::new("result", place);
    let start = start(&args, &span);
    let run = if item.sig.asyncness.is_some() { run_async(&item, &span) } else { run(&item, &span) };
    let outcome =
        args.err.as_ref().map(|_| quote_spanned!(place=> ("outcome", ::tachymeter::__private::Outcome::outcome(&#result))));
    item.block = parse_quote!({
        #checks
        #start
        let #result = #run;
        #span.stop(&[], &[#outcome]);
        #result
    });
    item.into_token_stream()
}

/// Compile-time checks, each on the token that is wrong.
fn checks(args: &Args) -> TokenStream {
    let path = &args.span;
    let keys = args.metadata.iter().map(|pair| &pair.key).map(|key| check(path, &key.to_string(), key.span()));
    let outcome = args.err.as_ref().map(|err| check(path, "outcome", err.span()));
    quote!(#(#keys)* #outcome)
}

/// What the start declares the ends declare too, and `error` not: that is for the function to set.
fn check(path: &Path, key: &str, place: Span) -> TokenStream {
    let name = path.to_token_stream().to_string().replace(' ', "");
    let text = format!("`{name}` declares no metadata `{key}`: add it to the span's `[..]` in `tachymeter::events!`");
    quote_spanned!(place=>
        const _: () = ::core::assert!(::tachymeter::__private::contains(#path.start_event().metadata(), #key), #text);
    )
}

/// Metadata is evaluated for somebody only.
fn start(args: &Args, span: &Ident) -> TokenStream {
    let path = &args.span;
    let event = Ident::new("event", Span::mixed_site());
    let named = quote_spanned!(path.span()=> let #event: &'static ::tachymeter::SpanEvent = &#path;);
    if args.metadata.is_empty() {
        return quote!(#named let #span = #event.start(&[]););
    }
    let pairs = args.metadata.iter().map(|Pair { key, value }| {
        let name = key.to_string();
        let place = value.as_ref().map_or(key.span(), Spanned::span);
        let value = value.as_ref().map_or_else(|| key.to_token_stream(), |value| quote_spanned!(place=> (#value)));
        let value = quote_spanned!(place=> ::tachymeter::__private::AsValue::as_value(&#value));
        quote!((#name, #value))
    });
    quote!(#named let #span = if #event.is_attached() { #event.start(&[#(#pairs),*]) } else { #event.start_unheard() };)
}

/// The closure is there for `return` and `?`.
fn run(item: &ItemFn, span: &Ident) -> TokenStream {
    let (output, block) = (named(&item.sig.output), &item.block);
    quote!(#span.in_scope(move || #output #block))
}

/// The same by a block of its own. It has no place for its type, so an unreachable `return` says that.
fn run_async(item: &ItemFn, span: &Ident) -> TokenStream {
    let block = &item.block;
    let output = match named(&item.sig.output) {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, output) => *output,
    };
    quote!(::tachymeter::__private::follow(
        ::core::pin::pin!(async move {
            #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery)]
            if false {
                let unreachable: #output = loop {};
                return unreachable;
            }
            #block
        }),
        #span.context(),
    ).await)
}

/// `impl Trait` may stand in a function's signature, not inside of it: there it is inferred.
fn named(output: &ReturnType) -> ReturnType {
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
