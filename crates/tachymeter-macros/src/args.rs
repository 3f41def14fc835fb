//! First stage: what stands between the parentheses, as it was written.

use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Path, Result, Token, parenthesized, token};

/// `SPAN, metadata(..), err`
pub(crate) struct Args {
    pub(crate) span: Path,
    pub(crate) metadata: Vec<Pair>,
    pub(crate) err: Option<Ident>,
}

/// `key` or `key = expression`.
pub(crate) struct Pair {
    pub(crate) key: Ident,
    pub(crate) value: Option<Expr>,
}

const NO_SPAN: &str = "which span? write `#[measured(crate::WORK)]`, with the path of one that `tachymeter::events!` declares, \
                       for example `pub span WORK = \"work\" {} [];`";
const OPTIONS: &str = "write one of the options `metadata(..)` and `err`";

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self { span: span(input)?, metadata: Vec::new(), err: None };
        let mut known: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>().map_err(|error| Error::new(error.span(), "write a comma before the next option"))?;
            if input.is_empty() {
                break;
            }
            let option: Ident = input.parse().map_err(|error| Error::new(error.span(), OPTIONS))?;
            if known.contains(&option) {
                let text = format!("`{option}` is here twice: write it once, with everything that belongs to it");
                return Err(Error::new(option.span(), text));
            }
            args.option(&option, input)?;
            known.push(option);
        }
        Ok(args)
    }
}

impl Args {
    fn option(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        let hint = match option.to_string().as_str() {
            "metadata" => {
                self.metadata = pairs(option, input)?;
                return Ok(());
            }
            "err" => {
                self.err = Some(option.clone());
                return Ok(());
            }
            "name" => "the span's path says it: leave `name` out, the name stands in `tachymeter::events!`".to_owned(),
            "skip" | "skip_all" => format!("leave `{option}` out: nothing is recorded but what `metadata(..)` lists"),
            "fields" => "write `metadata(argument, key = expression)`".to_owned(),
            "ret" => "leave `ret` out: results are not recorded, but `err` says whether they are errors".to_owned(),
            "level" | "target" | "parent" => format!("a span has no `{option}`: leave it out"),
            _ => OPTIONS.to_owned(),
        };
        Err(Error::new(option.span(), format!("`{option}` is no option of `measured`: {hint}")))
    }
}

/// The path comes first, so an option in its place means that it is missing.
fn span(input: ParseStream<'_>) -> Result<Path> {
    if input.is_empty() {
        return Err(Error::new(Span::call_site(), NO_SPAN));
    }
    let path = input.call(Path::parse_mod_style).map_err(|error| Error::new(error.span(), NO_SPAN))?;
    if path.is_ident("err") || input.peek(token::Paren) || input.peek(Token![=]) {
        return Err(Error::new_spanned(path.to_token_stream(), NO_SPAN));
    }
    Ok(path)
}

fn pairs(option: &Ident, input: ParseStream<'_>) -> Result<Vec<Pair>> {
    if !input.peek(token::Paren) {
        return Err(Error::new(option.span(), "write what to record: `metadata(argument, key = expression)`"));
    }
    let list;
    parenthesized!(list in input);
    if list.is_empty() {
        return Err(Error::new(
            option.span(),
            "it records nothing: write `metadata(argument, key = expression)`, or leave it out",
        ));
    }
    Ok(Punctuated::<Pair, Token![,]>::parse_terminated(&list)?.into_iter().collect())
}

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let Ok(key) = input.parse::<Ident>() else {
            return Err(input.error("write an argument's name, or `key = expression`"));
        };
        if !(input.is_empty() || input.peek(Token![,]) || input.peek(Token![=])) {
            return Err(Error::new(key.span(), "an expression needs a key: write `key = expression`"));
        }
        let value = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
        Ok(Self { key, value })
    }
}
