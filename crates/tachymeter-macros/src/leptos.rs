//! What stands on something of Leptos: it calls `tachymeter-leptos`, which this crate knows by name only.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, Expr, FnArg, Ident, ItemFn, Meta, Pat, Stmt, parse_quote};

use crate::args::Args;
use crate::expand::{future, inferred};
use crate::target::{Target, attribute, is_last};

pub(crate) fn expand(args: &Args, mut item: ItemFn, target: &Target) -> TokenStream {
    let missing = if matches!(target, Target::ServerShim) { None } else { missing(&item) };
    match target {
        _ if missing.is_some() => {}
        Target::Component => component(args, &mut item),
        Target::Server => server(&mut item),
        Target::ServerCall => server_call(&mut item),
        Target::ServerBody => server_body(&mut item),
        Target::Handler(place) => handler(args, &mut item, *place),
        Target::Handlers(event) => handlers(args, &mut item, event),
        Target::ServerShim | Target::ServerMeasured | Target::Function | Target::Boxed => {}
    }
    let missing = missing.map(Error::into_compile_error);
    quote!(#item #missing)
}

/// Whether the crate that is compiled lacks `tachymeter-leptos`. Its Cargo.toml knows; where there is none to read the compiler will say.
fn missing(item: &ItemFn) -> Option<Error> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let manifest = std::fs::read_to_string(std::path::Path::new(&folder).join("Cargo.toml")).ok()?;
    if manifest.contains("tachymeter-leptos") || manifest.contains("tachymeter_leptos") {
        return None;
    }
    let names = attribute(item, &["component", "island", "server"]).and_then(|path| path.segments.last());
    let place = names.map_or(item.sig.ident.span(), |name| name.ident.span());
    let text = "`#[measured]` needs the crate `tachymeter-leptos` here: add `tachymeter-leptos = \"0.1\"` to `[dependencies]` in Cargo.toml";
    Some(Error::new(place, text))
}

/// The name that was given, or else that of the function: `SignIn` and `sign_in` are `sign_in`.
fn name(args: &Args, item: &ItemFn) -> String {
    if let Some(name) = &args.name {
        return name.value();
    }
    let mut snake = String::new();
    for c in item.sig.ident.to_string().trim_start_matches("r#").chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The closure is there for `return`.
fn component(args: &Args, item: &mut ItemFn) {
    let (name, output, block) = (name(args, item), inferred(&item.sig.output), &item.block);
    item.block = parse_quote!({ ::tachymeter_leptos::__private::view(#name, move || #output #block) });
}

/// `tachymeter-leptos` has an attribute like that of Leptos, which measures.
fn server(item: &mut ItemFn) {
    let path = parse_quote!(::tachymeter_leptos::server);
    match item.attrs.iter_mut().map(|attribute| &mut attribute.meta).find(|meta| is_last(meta.path(), "server")) {
        Some(Meta::Path(known)) => *known = path,
        Some(Meta::List(list)) => list.path = path,
        _ => {}
    }
}

/// The call goes through the measured protocol, whatever protocol it has.
fn server_call(item: &mut ItemFn) {
    if let Some(Stmt::Expr(Expr::Await(future), None)) = item.block.stmts.last_mut()
        && let Expr::MethodCall(call) = &*future.base
    {
        let data = &call.receiver;
        future.base = parse_quote!(::tachymeter_leptos::__private::run_on_client(#data));
    }
}

fn server_body(item: &mut ItemFn) {
    let name = item.sig.ident.to_string().replacen("__server_", "", 1);
    let future = future(&item.block, &item.sig.output);
    item.block = parse_quote!({ ::tachymeter_leptos::__private::direct(#name, #future).await });
}

fn handler(args: &Args, item: &mut ItemFn, place: usize) {
    let (name, output, block) = (name(args, item), inferred(&item.sig.output), item.block.clone());
    let Some(FnArg::Typed(argument)) = item.sig.inputs.iter_mut().nth(place) else { return };
    let event = match &*argument.pat {
        Pat::Ident(known) => known.ident.clone(),
        // `_` and patterns: it has a name here all the same.
        _ => Ident::new("event", Span::mixed_site()),
    };
    let pattern = std::mem::replace(&mut *argument.pat, parse_quote!(#event));
    let bind = match &pattern {
        Pat::Ident(known) if known.mutability.is_none() => None,
        _ => Some(quote!(let #pattern = #event;)),
    };
    let input = Ident::new("input", Span::mixed_site());
    item.block = parse_quote!({
        let #input = ::tachymeter_leptos::__private::input(&#event);
        #bind
        ::tachymeter_leptos::__private::handle(#name, &#input, move || #output #block)
    });
}

/// The function runs when the view is made; what it returns is called for each event.
fn handlers(args: &Args, item: &mut ItemFn, event: &syn::Type) {
    let (name, block) = (name(args, item), &item.block);
    let (of, mutable) = if mutable(item) { (quote!(handler_mut), quote!(mut)) } else { (quote!(handler), quote!()) };
    let handler = Ident::new("handler", Span::mixed_site());
    item.block = parse_quote!({
        let #mutable #handler = ::tachymeter_leptos::__private::#of::<#event, _>(#block);
        move |event: #event| {
            let input = ::tachymeter_leptos::__private::input(&event);
            ::tachymeter_leptos::__private::handle(#name, &input, || #handler(event))
        }
    });
}

/// `impl FnMut(..)`, not `impl Fn(..)`.
fn mutable(item: &ItemFn) -> bool {
    crate::target::mentions(item.sig.output.to_token_stream(), "FnMut")
}
