//! The id by which a request is found in logs: the client's if it is sane, else ours.

use bytes::Bytes;
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
            let (trace, span) = (context.trace_id.to_hex(), context.span_id.to_hex());
            HeaderValue::from_maybe_shared(Bytes::from([&trace[..], b"-", &span].concat())).expect("hex digits")
        }
    }
}
