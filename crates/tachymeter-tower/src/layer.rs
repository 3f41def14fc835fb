//! The layer, its service, and the future of a response's head.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tachymeter::clock::{self, Timestamp};
use tachymeter::{Context as Span, OpenSpan};
use tower_layer::Layer;
use tower_service::Service;

use crate::{HTTP_REQUEST, MeasuredBody, UNMATCHED, request_id};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Measures every request of the service that it wraps. See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct TelemetryLayer<R> {
    route: R,
}

impl<R> TelemetryLayer<R>
where
    R: Fn(&Parts) -> Option<Cow<'_, str>>,
{
    /// A layer that names a request's route by this function; `None` becomes [`UNMATCHED`].
    pub fn new(route: R) -> Self {
        Self { route }
    }
}

impl<S, R: Clone> Layer<S> for TelemetryLayer<R> {
    type Service = Telemetry<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Telemetry { inner, route: self.route.clone() }
    }
}

/// A measured service.
#[derive(Clone, Debug)]
pub struct Telemetry<S, R> {
    inner: S,
    route: R,
}

impl<S, R, B, ResBody> Service<Request<B>> for Telemetry<S, R>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    S::Error: Display,
    ResBody: Body,
    ResBody::Error: Display,
    R: Fn(&Parts) -> Option<Cow<'_, str>>,
{
    type Response = Response<MeasuredBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let route = (self.route)(&parts).unwrap_or(Cow::Borrowed(UNMATCHED));
        let method = method_of(&parts.method);
        let parent = parts.headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()?.parse().ok());
        // Boxed: it holds what its end will say, and the layers around move futures and bodies many times.
        let mut span = Box::new(HTTP_REQUEST.start_under(parent, &[("method", method.into()), ("route", (&*route).into())]));
        let context = span.context();
        let request_id = request_id::of(&parts.headers, context);
        if let Ok(id) = request_id.to_str() {
            span.set("request_id", id);
        }
        let started = span.started().unwrap_or_else(clock::now);
        let head = parts.method == Method::HEAD;
        let inner = context.in_scope(|| self.inner.call(Request::from_parts(parts, body)));
        ResponseFuture { inner, span: Some(span), context, request_id: Some(request_id), started, head }
    }
}

/// The standard methods by name, all others as one: a client may make up as many as it likes.
fn method_of(method: &Method) -> &str {
    match method.as_str() {
        "GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS" | "PATCH" | "CONNECT" | "TRACE" => method.as_str(),
        _ => "other",
    }
}

pin_project! {
    /// A response that is being made.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        span: Option<Box<OpenSpan>>,
        context: Span,
        request_id: Option<HeaderValue>,
        started: Timestamp,
        head: bool,
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    E: Display,
    ResBody: Body,
    ResBody::Error: Display,
{
    type Output = Result<Response<MeasuredBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let context = *this.context;
        let polled = catch_unwind(AssertUnwindSafe(|| context.in_scope(|| this.inner.poll(cx))));
        let result = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => {
                if let Some(span) = this.span.take() {
                    span.exception("panic", message_of(&*panic));
                }
                resume_unwind(panic)
            }
        };
        let mut span = this.span.take().expect("a future is not polled after it is ready");
        match result {
            Ok(mut response) => {
                span.set("status", response.status().as_u16());
                let first_byte = clock::now().since(*this.started);
                response.headers_mut().append(SERVER_TIMING, total(first_byte));
                if let Some(id) = this.request_id.take() {
                    response.headers_mut().insert(request_id::HEADER, id);
                }
                let head = *this.head;
                Poll::Ready(Ok(response.map(|body| MeasuredBody::new(body, span, first_byte, head))))
            }
            Err(error) => {
                span.exception("error", &error.to_string());
                Poll::Ready(Err(error))
            }
        }
    }
}

/// Without floats and formatting: every request has one.
fn total(time: Duration) -> HeaderValue {
    let us = time.as_secs() * 1_000_000 + u64::from((time.subsec_nanos() + 500) / 1_000);
    let (mut text, mut length) = ([0; 40], 0);
    let fraction = [100, 10, 1].map(|place| b'0' + (us / place % 10) as u8);
    for piece in [&b"total;dur="[..], itoa::Buffer::new().format(us / 1_000).as_bytes(), b".", &fraction] {
        text[length..length + piece.len()].copy_from_slice(piece);
        length += piece.len();
    }
    HeaderValue::from_bytes(&text[..length]).expect("visible characters")
}

pub(crate) fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
