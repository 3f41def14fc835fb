//! A response's body that tells when its last byte has been handed over.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tachymeter::OpenSpan;

use crate::layer::message_of;

pin_project! {
    /// A measured body. Its span stops at its end, and is aborted when it is dropped before.
    #[derive(Debug)]
    pub struct MeasuredBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: B,
        span: Option<Box<OpenSpan>>,
        first_byte: Duration,
        bytes: u64,
    }

    impl<B: Body> PinnedDrop for MeasuredBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // A server doesn't ask for what it knows isn't there: a body of known length ends without a last poll.
            let ended = this.inner.is_end_stream() || this.inner.size_hint().upper() == Some(0);
            if ended {
                stop(this.span, *this.first_byte, *this.bytes);
            } else if let Some(span) = this.span {
                cut(span, *this.first_byte, *this.bytes);
            }
        }
    }
}

fn stop(span: &mut Option<Box<OpenSpan>>, first_byte: Duration, bytes: u64) {
    if let Some(span) = span.take() {
        span.stop(&[("first_byte", first_byte.into()), ("bytes", bytes.into())], &[]);
    }
}

/// What is known of a body that was not sent to its end.
fn cut(span: &mut OpenSpan, first_byte: Duration, bytes: u64) {
    span.measure("first_byte", first_byte);
    span.measure("bytes", bytes);
}

fn fail(span: &mut Option<Box<OpenSpan>>, first_byte: Duration, bytes: u64, kind: &str, reason: &str) {
    if let Some(mut span) = span.take() {
        cut(&mut span, first_byte, bytes);
        span.exception(kind, reason);
    }
}

impl<B: Body> MeasuredBody<B> {
    pub(crate) fn new(inner: B, span: Box<OpenSpan>, first_byte: Duration, head: bool) -> Self {
        let mut body = Self { inner, span: Some(span), first_byte, bytes: 0 };
        if head {
            // The body of an answer to HEAD is never sent.
            stop(&mut body.span, first_byte, 0);
        }
        body
    }
}

impl<B> Body for MeasuredBody<B>
where
    B: Body,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let context = this.span.as_ref().map(|span| span.context());
        let polled = catch_unwind(AssertUnwindSafe(|| match context {
            // A body that is streamed is still the application at work.
            Some(context) => context.in_scope(|| this.inner.poll_frame(cx)),
            None => this.inner.poll_frame(cx),
        }));
        let frame = match polled {
            Ok(poll) => ready!(poll),
            Err(panic) => {
                fail(this.span, *this.first_byte, *this.bytes, "panic", message_of(&*panic));
                resume_unwind(panic)
            }
        };
        match &frame {
            Some(Ok(frame)) => *this.bytes += frame.data_ref().map_or(0, |data| data.remaining() as u64),
            Some(Err(error)) => fail(this.span, *this.first_byte, *this.bytes, "body", &error.to_string()),
            None => stop(this.span, *this.first_byte, *this.bytes),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
