//! How values come with a page: in the format that answers and errors have as well.
//!
//! Postcard and not JSON, because a JSON reader and what it prints when it is disappointed are a twentieth of the first load.

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::PostcardEncoding;
use leptos::server_fn::{Decodes, Encodes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Write;

/// The encoding of values within a page: postcard in hexadecimal digits.
#[derive(Debug)]
pub struct Hex;

impl<T: Serialize> Encoder<T> for Hex {
    type Error = <PostcardEncoding as Encodes<T>>::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        let bytes = <PostcardEncoding as Encodes<T>>::encode(value)?;
        Ok(bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

impl<T: DeserializeOwned> Decoder<T> for Hex {
    type Error = <PostcardEncoding as Decodes<T>>::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        // What is no digit decodes to too few bytes, which postcard refuses.
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let bytes = text.as_bytes().chunks_exact(2).map_while(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
        <PostcardEncoding as Decodes<T>>::decode(bytes.collect::<Vec<u8>>().into())
    }
}

/// [`Resource::new`] in this format.
pub fn load<S, T, Answer>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> Answer + Send + Sync + 'static,
) -> Resource<T, Hex>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    Answer: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, fetch, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppError;

    #[test]
    fn what_a_page_carries_comes_back_as_it_was() {
        let refused: Result<(u64, String), AppError> = Err(AppError::invalid("email", "Größer."));
        for value in [Ok((u64::MAX, "x\"</script>".to_owned())), refused] {
            let text = Hex::encode(&value).unwrap();
            assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
            let back: Result<(u64, String), AppError> = Hex::decode(&text).unwrap();
            assert_eq!(back, value);
        }
    }

    #[test]
    fn what_is_cut_short_or_no_hexadecimal_is_an_error() {
        let text = Hex::encode(&"abc".to_owned()).unwrap();
        for wrong in ["", &text[..4], "zz", "0g"] {
            assert!(<Hex as Decoder<String>>::decode(wrong).is_err(), "{wrong}");
        }
    }
}
