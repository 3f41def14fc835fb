//! A tower layer that measures HTTP requests to the end of their body: `http.request.{start,stop,exception,aborted}`.
//!
//! ```
//! use axum::extract::MatchedPath;
//! use axum::{Router, routing::get};
//! use tachymeter_tower::TelemetryLayer;
//!
//! // The pattern of the route, not the path: `/users/{id}` is one series, `/users/1` and `/users/2` would be two.
//! let layer = TelemetryLayer::new(|parts| Some(parts.extensions.get::<MatchedPath>()?.as_str().into()));
//! let app: Router = Router::new().route("/users/{id}", get(|| async { "hello" })).layer(layer);
//! ```
//!
//! - `stop` comes when the last byte of the body has been handed over, `aborted` when the client went away before, `exception` when the
//!   service panicked (the panic goes on: keep a layer that catches it outside of this one) or its body failed. Whichever it is, it has the
//!   time until the first byte and the bytes that went out, if it came so far.
//! - A `traceparent` header makes the request a child of the span that sent it. The request's own span is current while the service runs and
//!   while its body is streamed.
//! - A response gets `Server-Timing: total;dur=<milliseconds until its head>` and the `x-request-id` that the request had, or a new one.
#![deny(missing_docs)]

mod body;
mod layer;
mod request_id;

pub use body::MeasuredBody;
pub use layer::{ResponseFuture, Telemetry, TelemetryLayer};

tachymeter::events! {
    /// Everything that `tachymeter-tower` emits.
    pub EVENTS;

    /// A request, until its response has been sent. `first_byte` is the time until the head of the response was ready, `bytes` how much of
    /// the body was handed over.
    pub span HTTP_REQUEST = "http.request" { first_byte, bytes } [method, route, status, request_id];
}

/// The route of a request that no pattern matched: one series, whatever paths people try.
pub const UNMATCHED: &str = "unmatched";
