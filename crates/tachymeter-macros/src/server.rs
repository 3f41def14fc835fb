//! `#[server]`, measured: Leptos' own attribute with the protocol that measures, and a watch around calls that skip it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Ident, ItemFn, LitStr, Result, Token, Type, parse_quote};

/// What stands between the parentheses: the same as for Leptos' attribute.
#[derive(Default)]
struct Args {
    /// All but the protocol, as it was written.
    others: Vec<TokenStream>,
    input: Option<Type>,
    output: Option<Type>,
    protocol: Option<Type>,
    /// It is called by an `ActionForm`, which takes no protocol but Leptos' own.
    form: bool,
}

impl Parse for Args {
    fn parse(stream: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        while !stream.is_empty() {
            args.argument(stream)?;
            if !stream.is_empty() {
                stream.parse::<Token![,]>()?;
            }
        }
        Ok(args)
    }
}

impl Args {
    fn argument(&mut self, stream: ParseStream<'_>) -> Result<()> {
        if !(stream.peek(Ident) && stream.peek2(Token![=])) {
            if stream.peek(Ident) && stream.fork().parse::<Ident>()? == "form" {
                self.form = true;
                return stream.parse::<Ident>().map(drop);
            }
            let positional = if stream.peek(LitStr) {
                stream.parse::<LitStr>()?.to_token_stream()
            } else {
                stream.parse::<Ident>()?.to_token_stream()
            };
            self.others.push(positional);
            return Ok(());
        }
        let key: Ident = stream.parse()?;
        stream.parse::<Token![=]>()?;
        match key.to_string().as_str() {
            "protocol" => self.protocol = Some(stream.parse()?),
            name @ ("input" | "output" | "client" | "server" | "custom") => {
                let kind: Type = stream.parse()?;
                self.others.push(quote!(#key = #kind));
                match name {
                    "input" => self.input = Some(kind),
                    "output" => self.output = Some(kind),
                    _ => {}
                }
            }
            "encoding" => return Err(Error::new(key.span(), "write `input = ..` and `output = ..` instead of `encoding`")),
            _ => {
                let value: Expr = stream.parse()?;
                self.others.push(quote!(#key = #value));
            }
        }
        Ok(())
    }

    /// The one that is measured: the function's own, or what Leptos takes by default.
    fn protocol(&self) -> Result<Type> {
        if let Some(protocol) = &self.protocol {
            let last = if let Type::Path(path) = protocol { path.path.segments.last() } else { None };
            if last.is_some_and(|segment| segment.ident == "Websocket") {
                let text = "a web socket is no single call and isn't measured: write `#[leptos::server(..)]` for it";
                return Err(Error::new_spanned(protocol, text));
            }
            return Ok(protocol.clone());
        }
        let codec = |given: &Option<Type>, default: Type| given.clone().map_or(default, |kind| codec(&kind));
        let input = codec(&self.input, parse_quote!(::leptos::server_fn::codec::PostUrl));
        let output = codec(&self.output, parse_quote!(::leptos::server_fn::codec::Json));
        Ok(parse_quote!(::leptos::server_fn::Http<#input, #output>))
    }
}

/// As Leptos reads it: a bare name is one of its own codecs.
fn codec(kind: &Type) -> Type {
    match kind {
        Type::Path(path) if path.path.get_ident().is_some() => parse_quote!(::leptos::server_fn::codec::#kind),
        _ => kind.clone(),
    }
}

/// `#[server(..)]`
pub(crate) fn server(args: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse2::<Args>(args).and_then(|args| {
        let (others, protocol) = (&args.others, args.protocol()?);
        if args.form {
            let client = quote!(client = ::tachymeter_leptos::FormClient);
            return Ok(quote!(#[::leptos::server(#(#others,)* #client)] #[::tachymeter_leptos::__direct(form)]));
        }
        Ok(quote!(#[::leptos::server(#(#others,)* protocol = ::tachymeter_leptos::Measured<#protocol>)] #[::tachymeter_leptos::__direct]))
    });
    match expanded {
        Ok(attributes) => quote!(#attributes #item),
        Err(error) => {
            let message = error.into_compile_error();
            quote!(#[::leptos::server] #item #message)
        }
    }
}

/// Leptos puts a function's attributes on two: on what everybody calls, and on the body behind it. The first gets the watch, for behind it
/// the protocol has one; without such a protocol it is the second.
pub(crate) fn direct(args: &TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut function) = syn::parse2::<ItemFn>(item.clone()) else { return item };
    let whole = function.sig.ident.to_string();
    let body = whole.strip_prefix("__server_");
    if body.is_some() != args.is_empty() {
        let name = body.unwrap_or(&whole);
        let block = &function.block;
        function.block = parse_quote!({ ::tachymeter_leptos::__private::direct(#name, async move #block).await });
    }
    function.into_token_stream()
}
