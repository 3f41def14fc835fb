//! Second stage: whether the arguments and what they stand on belong together.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Error, GenericArgument, Ident, Item, ItemFn, Pat, PathArguments, Result, ReturnType, TraitItemFn, Type, TypeParamBound,
};

use crate::args::Args;

/// A function with a body that may be measured as its arguments say.
pub(crate) struct Measured {
    pub(crate) args: Args,
    pub(crate) item: ItemFn,
}

pub(crate) fn check(args: Args, item: TokenStream) -> Result<Measured> {
    let item = function(item)?;
    attributes(&item)?;
    signature(&args, &item)?;
    metadata(&args, &item)?;
    Ok(Measured { args, item })
}

fn function(item: TokenStream) -> Result<ItemFn> {
    let error = match syn::parse2(item.clone()) {
        Ok(item) => return Ok(item),
        Err(error) => error,
    };
    if let Ok(method) = syn::parse2::<TraitItemFn>(item.clone())
        && method.default.is_none()
    {
        let text = "there is no body to measure: write `#[measured(..)]` on this method where the trait is implemented";
        return Err(Error::new(method.sig.ident.span(), text));
    }
    let (token, instead): (Span, _) = match syn::parse2(item) {
        Ok(Item::Impl(item)) => (item.impl_token.span, "write it on the functions inside, each with its span"),
        Ok(Item::Trait(item)) => (item.trait_token.span, "write it on the methods where the trait is implemented"),
        Ok(Item::Mod(item)) => (item.mod_token.span, "write it on the functions inside, each with its span"),
        Ok(Item::Struct(item)) => (item.struct_token.span, "write it on a function that works with this type"),
        Ok(Item::Enum(item)) => (item.enum_token.span, "write it on a function that works with this type"),
        Ok(item) => (first(&item), "write it on a function"),
        Err(_) => return Err(error),
    };
    Err(Error::new(token, format!("`#[measured]` measures a function: {instead}")))
}

fn first(item: &Item) -> Span {
    item.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}

/// Attributes that make something else of the function have a better place for their measurement.
fn attributes(item: &ItemFn) -> Result<()> {
    for attribute in &item.attrs {
        let Some(name) = attribute.path().segments.last() else { continue };
        let instead = match name.ident.to_string().as_str() {
            "component" | "island" => {
                "a component runs once, its interactions come later: leave `#[measured]` out, and name them by \
                 `let measured = use_measured(\"name\")` and `on:click=measured.on(\"action\", ..)` inside"
            }
            "server" => {
                "a server function is measured by its protocol, in the browser as well: leave `#[measured]` out, and write \
                 `#[server(protocol = Measured<..>)]`"
            }
            _ => continue,
        };
        return Err(Error::new(name.ident.span(), instead));
    }
    Ok(())
}

fn signature(args: &Args, item: &ItemFn) -> Result<()> {
    if let Some(token) = &item.sig.constness {
        let text = "a `const fn` may run while the program is compiled, where there is no clock: leave `const` out, or measure its caller";
        return Err(Error::new_spanned(token, text));
    }
    match &item.sig.output {
        ReturnType::Default => args.err.as_ref().map_or(Ok(()), |err| {
            Err(Error::new(err.span(), "this function returns no `Result`: leave `err` out, or write `-> Result<..>`"))
        }),
        ReturnType::Type(_, output) if item.sig.asyncness.is_none() && is_future(output) => {
            let text = "the span would end before this future runs: write `async fn`, or start the span inside of the future";
            Err(Error::new(output.span(), text))
        }
        ReturnType::Type(..) => Ok(()),
    }
}

/// `impl Future<..>`, `Pin<Box<dyn Future<..>>>` and the like.
fn is_future(output: &Type) -> bool {
    let any = |bounds: &Punctuated<TypeParamBound, _>| {
        bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|name| name.ident == "Future"),
            _ => false,
        })
    };
    match output {
        Type::ImplTrait(output) => any(&output.bounds),
        Type::TraitObject(output) => any(&output.bounds),
        Type::Path(output) => output.path.segments.last().is_some_and(|last| match &last.arguments {
            PathArguments::AngleBracketed(list) if last.ident == "Pin" || last.ident == "Box" => {
                list.args.iter().any(|arg| matches!(arg, GenericArgument::Type(inner) if is_future(inner)))
            }
            _ => false,
        }),
        _ => false,
    }
}

fn metadata(args: &Args, item: &ItemFn) -> Result<()> {
    let mut names = Names::default();
    item.sig.inputs.iter().for_each(|input| names.visit_fn_arg(input));
    for (place, pair) in args.metadata.iter().enumerate() {
        let key = &pair.key;
        if args.metadata[..place].iter().any(|earlier| earlier.key == *key) {
            return Err(Error::new(key.span(), format!("`{key}` is here twice: give each value a key of its own")));
        }
        if args.err.is_some() && key == "outcome" {
            return Err(Error::new(key.span(), "`err` records `outcome` itself: leave it out here"));
        }
        if pair.value.is_none() && !names.0.contains(key) {
            let function = &item.sig.ident;
            let text = format!("`{function}` has no argument `{key}`{}: write `{key} = expression`", names.list());
            return Err(Error::new(key.span(), text));
        }
    }
    Ok(())
}

/// What the arguments' patterns bind.
#[derive(Default)]
struct Names(Vec<Ident>);

impl<'ast> Visit<'ast> for Names {
    fn visit_pat(&mut self, pattern: &'ast Pat) {
        if let Pat::Ident(name) = pattern {
            self.0.push(name.ident.clone());
        }
        visit::visit_pat(self, pattern);
    }

    fn visit_type(&mut self, _: &'ast Type) {}
}

impl Names {
    fn list(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { String::new() } else { format!(", only {}", names.join(", ")) }
    }
}
