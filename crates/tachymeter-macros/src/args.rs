//! First stage: what stands between the parentheses, as it was written.

use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitStr, Path, Result, Token, parenthesized, token};

/// `SPAN, name = "..", skip(..), metadata(..), err`
pub(crate) struct Args {
    pub(crate) span: Option<Path>,
    pub(crate) name: Option<LitStr>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) metadata: Vec<Pair>,
    pub(crate) err: Option<Ident>,
    /// The options that are there, in their order.
    pub(crate) options: Vec<Ident>,
}

/// `key` or `key = expression`.
pub(crate) struct Pair {
    pub(crate) key: Ident,
    pub(crate) value: Option<Expr>,
}

pub(crate) const NO_SPAN: &str = "which span? write `#[measured(crate::WORK)]`, with the path of one that `tachymeter::events!` declares, \
                                  for example `pub span WORK = \"work\" {} [];`";
const OPTIONS: &str = "write one of the options `name = \"..\"`, `metadata(..)`, `skip(..)` and `err`";

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let span = span(input)?;
        let mut args = Self { span, name: None, skip: Vec::new(), metadata: Vec::new(), err: None, options: Vec::new() };
        let mut comma = args.span.is_some();
        while !input.is_empty() {
            if comma {
                input.parse::<Token![,]>().map_err(|error| Error::new(error.span(), "write a comma before the next option"))?;
            }
            comma = true;
            if input.is_empty() {
                break;
            }
            let option: Ident = input.parse().map_err(|error| Error::new(error.span(), OPTIONS))?;
            if args.options.contains(&option) {
                let text = format!("`{option}` is here twice: write it once, with everything that belongs to it");
                return Err(Error::new(option.span(), text));
            }
            args.option(&option, input)?;
            args.options.push(option);
        }
        Ok(args)
    }
}

impl Args {
    /// The option of this name, as it stands there.
    pub(crate) fn written(&self, option: &str) -> Option<&Ident> {
        self.options.iter().find(|written| *written == option)
    }

    fn option(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        let hint = match option.to_string().as_str() {
            "name" => {
                self.name = Some(name(option, input)?);
                return Ok(());
            }
            "metadata" => {
                self.metadata = list(option, input, "what to record: `metadata(argument, key = expression)`")?;
                return Ok(());
            }
            "skip" => {
                self.skip = list(option, input, "what not to record: `skip(argument)` records all others")?;
                return Ok(());
            }
            "err" => {
                self.err = Some(option.clone());
                return Ok(());
            }
            "skip_all" => "leave it out: nothing is recorded but what `metadata(..)` or `skip(..)` asks for".to_owned(),
            "fields" => "write `metadata(argument, key = expression)`".to_owned(),
            "ret" => "leave `ret` out: results are not recorded, but `err` says whether they are errors".to_owned(),
            "level" | "target" | "parent" => format!("a span has no `{option}`: leave it out"),
            _ => OPTIONS.to_owned(),
        };
        Err(Error::new(option.span(), format!("`{option}` is no option of `measured`: {hint}")))
    }
}

/// The path comes first, if one does: an option is followed by what belongs to it, or is `err`.
fn span(input: ParseStream<'_>) -> Result<Option<Path>> {
    if input.is_empty() {
        return Ok(None);
    }
    let ahead = input.fork();
    let path = ahead.call(Path::parse_mod_style).map_err(|error| Error::new(error.span(), NO_SPAN))?;
    if path.is_ident("err") || ahead.peek(token::Paren) || ahead.peek(Token![=]) {
        return Ok(None);
    }
    input.call(Path::parse_mod_style).map(Some)
}

fn name(option: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let text = input.parse::<Token![=]>().and_then(|_| input.parse::<LitStr>());
    let text = text.map_err(|_| Error::new(option.span(), "write the name as a text: `name = \"buttons\"`"))?;
    let segment = |text: &str| !text.is_empty() && text.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if text.value().split('.').all(segment) {
        return Ok(text);
    }
    Err(Error::new(text.span(), "write dotted segments of a-z, 0-9 and _, for example \"buttons\" or \"buttons.red\""))
}

fn list<T: Parse>(option: &Ident, input: ParseStream<'_>, what: &str) -> Result<Vec<T>> {
    if !input.peek(token::Paren) {
        return Err(Error::new(option.span(), format!("write {what}")));
    }
    let list;
    parenthesized!(list in input);
    if list.is_empty() {
        return Err(Error::new(option.span(), format!("there is nothing in it: write {what}, or leave it out")));
    }
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&list)?.into_iter().collect())
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

/// A path as a person writes it.
pub(crate) fn written(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
