//! Second stage: what the attribute stands on. A macro that stands above it has been at work already, so its traces count too.

use proc_macro2::TokenStream;
use syn::{Expr, ExprAsync, FnArg, ItemFn, Path, PathArguments, ReturnType, Stmt, Type, TypeParamBound};

/// What a function is to Leptos, or to nobody.
pub(crate) enum Target {
    /// A function like any other.
    Function,
    /// A method that `#[async_trait]` has worked on, or one written like that: it returns a boxed `async` block.
    Boxed,
    /// A component, also when `#[component]` has worked on it.
    Component,
    /// A server function whose `#[server]` stands below.
    Server,
    /// What `#[server]` makes of one: the call in the browser ...
    ServerCall,
    /// ... the body on the server ...
    ServerBody,
    /// ... and what calls that body while a page is rendered: nothing of its own to measure.
    ServerShim,
    /// What `tachymeter-leptos`' own `#[server]` makes of one, which is measured.
    ServerMeasured,
    /// A function that takes an event of the browser, as its argument of this place.
    Handler(usize),
    /// A function that returns one that takes such an event.
    Handlers(Box<Type>),
}

/// `measures_itself` says that the attribute names a span: then an event among the arguments is an argument like any other.
pub(crate) fn find(item: &ItemFn, measures_itself: bool) -> Target {
    let (name, has) = (item.sig.ident.to_string(), |macros: &[&str]| attribute(item, macros).is_some());
    if has(&["component", "island"]) || name.starts_with(|c: char| c.is_ascii_uppercase()) {
        Target::Component
    } else if has(&["server"]) {
        Target::Server
    } else if name.starts_with("__server_") {
        Target::ServerBody
    } else if calls_client(item) {
        Target::ServerCall
    } else if calls(item, "direct") {
        Target::ServerMeasured
    } else if calls(item, &format!("__server_{name}")) {
        Target::ServerShim
    } else if boxed(item).is_some() {
        Target::Boxed
    } else if measures_itself {
        Target::Function
    } else if let Some(place) = item.sig.inputs.iter().position(|input| matches!(input, FnArg::Typed(it) if is_event(&it.ty))) {
        Target::Handler(place)
    } else if let Some(event) = returned_event(&item.sig.output) {
        Target::Handlers(Box::new(event.clone()))
    } else {
        Target::Function
    }
}

/// The path of an attribute below whose last segment is one of these.
pub(crate) fn attribute<'a>(item: &'a ItemFn, names: &[&str]) -> Option<&'a Path> {
    item.attrs.iter().map(|attribute| attribute.path()).find(|path| names.iter().any(|name| is_last(path, name)))
}

/// `Box::pin(async move { .. })` at the end of a function.
pub(crate) fn boxed(item: &ItemFn) -> Option<&ExprAsync> {
    let Some(Stmt::Expr(Expr::Call(call), None)) = item.block.stmts.last() else { return None };
    let Expr::Path(function) = &*call.func else { return None };
    let mut names = function.path.segments.iter().rev().map(|name| &name.ident);
    match call.args.first() {
        Some(Expr::Async(block)) if names.next()? == "pin" && names.next()? == "Box" && block.capture.is_some() => Some(block),
        _ => None,
    }
}

/// Whether it ends in `data.run_on_client().await`.
fn calls_client(item: &ItemFn) -> bool {
    let Some(Stmt::Expr(Expr::Await(future), None)) = item.block.stmts.last() else { return false };
    matches!(&*future.base, Expr::MethodCall(call) if call.method == "run_on_client")
}

/// Whether it does nothing but await a call of that, with two underscores in its path: no person writes so.
fn calls(item: &ItemFn, name: &str) -> bool {
    let [Stmt::Expr(Expr::Await(future), None)] = &item.block.stmts[..] else { return false };
    let Expr::Call(call) = &*future.base else { return false };
    let private = |path: &Path| path.segments.iter().any(|name| name.ident.to_string().starts_with("__"));
    matches!(&*call.func, Expr::Path(function) if is_last(&function.path, name) && private(&function.path))
}

/// A type of `web_sys`, or of `leptos::ev`, is known by its name.
fn is_event(kind: &Type) -> bool {
    match kind {
        Type::Path(kind) => kind.path.segments.last().is_some_and(|name| name.ident.to_string().ends_with("Event")),
        Type::Reference(kind) => is_event(&kind.elem),
        _ => false,
    }
}

/// The event of `impl Fn(Event)` and `impl FnMut(Event)`.
fn returned_event(output: &ReturnType) -> Option<&Type> {
    let ReturnType::Type(_, output) = output else { return None };
    let Type::ImplTrait(output) = &**output else { return None };
    output.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let name = bound.path.segments.last()?;
        match &name.arguments {
            PathArguments::Parenthesized(list) if name.ident == "Fn" || name.ident == "FnMut" => {
                list.inputs.first().filter(|event| list.inputs.len() == 1 && is_event(event))
            }
            _ => None,
        }
    })
}

/// Whether a component returns what can be wrapped: `impl IntoView`.
pub(crate) fn returns_view(output: &ReturnType) -> bool {
    let ReturnType::Type(_, output) = output else { return false };
    let Type::ImplTrait(output) = &**output else { return false };
    let is_view = |bound: &TypeParamBound| matches!(bound, TypeParamBound::Trait(bound) if is_last(&bound.path, "IntoView"));
    output.bounds.iter().any(is_view)
}

/// Whether a path ends in this name.
pub(crate) fn is_last(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

/// Whether these tokens mention a name.
pub(crate) fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => ident == name,
        proc_macro2::TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}
