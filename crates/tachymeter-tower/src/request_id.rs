//! The id by which a request is found in logs: the client's if it is sane, else ours.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue};
use tachymeter::Context;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What a client may choose, in bytes; the same limits as Plug.RequestId has.
const LENGTH: std::ops::RangeInclusive<usize> = 20..=200;

/// The request's id: its own if it has 20 to 200 visible characters, else the trace's.
pub(crate) fn of(headers: &HeaderMap, context: Context) -> HeaderValue {
    let sane = |value: &&HeaderValue| LENGTH.contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    match headers.get(HEADER).filter(sane) {
        Some(value) => value.clone(),
        None => {
            // Of exactly this length: the header then takes the text over as it is.
            let mut text = String::with_capacity(32 + 1 + 16);
            _ = write!(text, "{}-{}", context.trace_id, context.span_id);
            HeaderValue::try_from(text).expect("hex digits")
        }
    }
}
