//! Third stage: whether the arguments and what they stand on belong together.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    AssocType, Error, GenericArgument, Ident, Item, ItemFn, Meta, Pat, PathArguments, Result, ReturnType, TraitItemFn, Type,
    TypeParamBound, parse_quote,
};

use crate::args::{Args, NO_SPAN, Pair, written};
use crate::target::{self, Target};

/// A function with a body that may be measured as its arguments say.
pub(crate) struct Measured {
    pub(crate) args: Args,
    pub(crate) item: ItemFn,
    pub(crate) target: Target,
}

pub(crate) fn check(mut args: Args, item: TokenStream) -> Result<Measured> {
    let item = function(item)?;
    let target = target::find(&item, args.span.is_some());
    match &target {
        Target::Function | Target::Boxed => {
            if args.span.is_none() {
                return Err(Error::new(args.options.first().map_or_else(Span::call_site, Ident::span), NO_SPAN));
            }
            signature(&args, &item, &target)?;
            skip(&mut args, &item)?;
            metadata(&args, &item)?;
        }
        Target::ServerShim => {}
        _ => leptos(&args, &item, &target)?,
    }
    Ok(Measured { args, item, target })
}

/// What Leptos makes something of has its span and its metadata already.
fn leptos(args: &Args, item: &ItemFn, target: &Target) -> Result<()> {
    let (what, span, named) = match target {
        Target::Component => ("a component", "leptos.view", true),
        Target::Handler(_) | Target::Handlers(_) => ("an event handler", "leptos.interaction", true),
        _ => ("a server function", "leptos.server_fn", false),
    };
    if let Some(path) = &args.span {
        let text = format!(
            "{what} is measured as `{span}`: leave `{}` out, or write it on a function that this one calls",
            written(path)
        );
        return Err(Error::new(first(path), text));
    }
    if let Some(option) = args.options.iter().find(|option| !(named && *option == "name")) {
        let instead = match option.to_string().as_str() {
            "name" => "it is called as the function is".to_owned(),
            "err" if !named => "its outcome is recorded already".to_owned(),
            _ => format!(
                "write `#[measured(SPAN, {option}{})]` on a function that this one calls",
                if option == "err" { "" } else { "(..)" }
            ),
        };
        return Err(Error::new(option.span(), format!("{what} takes no `{option}`: {instead}")));
    }
    match target {
        Target::Component if !target::returns_view(&item.sig.output) => {
            let text = "a measured component is wrapped: write `-> impl IntoView`";
            Err(Error::new(component_place(item), text))
        }
        Target::Handler(_) => match &item.sig.asyncness {
            Some(token) => Err(Error::new_spanned(
                token,
                "an event is over when its handler returns: leave `async` out, and call `spawn_local` inside",
            )),
            None => Ok(()),
        },
        Target::Server => twice(item),
        Target::ServerMeasured => {
            Err(Error::new(Span::call_site(), "this `#[server]` measures already: leave `#[measured]` out"))
        }
        _ => Ok(()),
    }
}

fn component_place(item: &ItemFn) -> Span {
    match &item.sig.output {
        ReturnType::Type(_, output) => first(output),
        ReturnType::Default => item.sig.ident.span(),
    }
}

/// `#[measured] #[server(protocol = Measured<..>)]`
fn twice(item: &ItemFn) -> Result<()> {
    for attribute in &item.attrs {
        if let Meta::List(list) = &attribute.meta
            && target::mentions(list.tokens.clone(), "Measured")
        {
            return Err(Error::new(first(&list.tokens), "`Measured` and `#[measured]` measure the same: leave one of them out"));
        }
    }
    Ok(())
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

/// Of all that is wrong its first token, which every compiler can show.
fn first(item: &impl ToTokens) -> Span {
    item.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}

fn signature(args: &Args, item: &ItemFn, target: &Target) -> Result<()> {
    if let Some(token) = &item.sig.constness {
        let text = "a `const fn` may run while the program is compiled, where there is no clock: leave `const` out, or measure its caller";
        return Err(Error::new_spanned(token, text));
    }
    match &item.sig.output {
        ReturnType::Default => args.err.as_ref().map_or(Ok(()), |err| {
            Err(Error::new(err.span(), "this function returns no `Result`: leave `err` out, or write `-> Result<..>`"))
        }),
        ReturnType::Type(_, output) if item.sig.asyncness.is_none() && !matches!(target, Target::Boxed) && is_future(output) => {
            let text = "the span would end before this future runs: write `async fn`, or end in `Box::pin(async move { .. })`";
            Err(Error::new(first(output), text))
        }
        ReturnType::Type(..) => Ok(()),
    }
}

/// What the future gives that a function returns: the `T` of `Future<Output = T>`.
pub(crate) fn future_output(output: &ReturnType) -> ReturnType {
    struct Finds(Option<Type>);
    impl<'ast> Visit<'ast> for Finds {
        fn visit_assoc_type(&mut self, assigned: &'ast AssocType) {
            if assigned.ident == "Output" && self.0.is_none() {
                self.0 = Some(assigned.ty.clone());
            }
        }
    }
    let mut finds = Finds(None);
    finds.visit_return_type(output);
    let kind = finds.0.unwrap_or_else(|| parse_quote!(_));
    parse_quote!(-> #kind)
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

/// `skip(..)` asks for all other arguments.
fn skip(args: &mut Args, item: &ItemFn) -> Result<()> {
    let Some(option) = args.written("skip") else { return Ok(()) };
    let (names, function) = (Names::of(item), &item.sig.ident);
    if let Some(unknown) = args.skip.iter().find(|skipped| !names.0.contains(skipped)) {
        return Err(Error::new(
            unknown.span(),
            format!("`{function}` has no argument `{unknown}`{}: leave it out", names.list()),
        ));
    }
    if let Some(pair) = args.metadata.iter().find(|pair| args.skip.contains(&pair.key)) {
        return Err(Error::new(pair.key.span(), format!("`{}` is skipped and recorded: leave out one of them", pair.key)));
    }
    let given = |name: &Ident| args.skip.contains(name) || args.metadata.iter().any(|pair| pair.key == *name);
    let others: Vec<_> = names.0.iter().filter(|name| !given(name)).collect();
    if others.is_empty() {
        return Err(Error::new(option.span(), "nothing else is there to record: leave `skip` out"));
    }
    let pairs: Vec<_> = others.into_iter().map(|name| Pair { key: name.clone(), value: None }).collect();
    args.metadata.extend(pairs);
    Ok(())
}

fn metadata(args: &Args, item: &ItemFn) -> Result<()> {
    let names = Names::of(item);
    for (place, pair) in args.metadata.iter().enumerate() {
        let key = &pair.key;
        if args.metadata[..place].iter().any(|earlier| earlier.key == *key) {
            return Err(Error::new(key.span(), format!("`{key}` is here twice: give each value a key of its own")));
        }
        let option = if key == "name" { args.written("name") } else { args.err.as_ref().filter(|_| key == "outcome") };
        if let Some(option) = option {
            return Err(Error::new(key.span(), format!("`{option}` records `{key}` itself: leave it out here")));
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
    fn of(item: &ItemFn) -> Self {
        let mut names = Self::default();
        item.sig.inputs.iter().for_each(|input| names.visit_fn_arg(input));
        names
    }

    fn list(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { String::new() } else { format!(", only {}", names.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::check;

    #[test]
    fn a_server_function_is_measured_once() {
        let server = quote!(
            #[server(protocol = Measured<Http<PostUrl, Json>>)]
            async fn press() -> Result<(), ()> {}
        );
        let error = check(syn::parse_quote!(), server).err().expect("twice");
        assert_eq!(error.to_string(), "`Measured` and `#[measured]` measure the same: leave one of them out");
        let worked_on = quote!(
            async fn press() -> Result<(), ()> {
                ::tachymeter_leptos::__private::direct("press", async move { __server_press().await }).await
            }
        );
        let error = check(syn::parse_quote!(), worked_on).err().expect("twice");
        assert_eq!(error.to_string(), "this `#[server]` measures already: leave `#[measured]` out");
    }
}
