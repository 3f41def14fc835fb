//! Which span is current, in this thread, across an `.await`, and over the wire as W3C `traceparent`.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::OnceLock;
use std::task::{Context as Task, Poll};

use crate::ids;

/// All spans that one cause has, by W3C Trace Context: 16 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

/// One span within a trace: 8 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub [u8; 8]);

macro_rules! hex {
    ($($id:ty),+) => {$(
        impl $id {
            /// Its lower-case hex digits, as in a `traceparent` header. The same text as by `Display`, but without formatting, which
            /// takes several times as long: a request says several ids.
            ///
            /// ```
            /// assert_eq!(&tachymeter::SpanId([0xab; 8]).to_hex(), b"abababababababab");
            /// ```
            pub fn to_hex(self) -> [u8; 2 * size_of::<$id>()] {
                let mut text = [0; 2 * size_of::<$id>()];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair.copy_from_slice(&[byte >> 4, byte & 0xf].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
                }
                text
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.to_hex()).unwrap_or_default())
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}
hex!(TraceId, SpanId);

/// A span's place: what its children need to know.
///
/// It is small and `Copy`, so a `tracestate` header, which is other vendors' free text, is not part of it: whoever forwards a request
/// to them copies that header from the one that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// The trace that it belongs to.
    pub trace_id: TraceId,
    /// The span itself.
    pub span_id: SpanId,
    /// Whether the trace is recorded, as far as its beginner knows: true for a new one. Children have it from their parent; here it
    /// decides nothing, it is handed on.
    pub sampled: bool,
}

/// The one flag that version 00 has a meaning for; the others are sent as zero (section 3.2.2.5).
const SAMPLED: u8 = 1;

thread_local! {
    static CURRENT: Cell<Option<Context>> = const { Cell::new(None) };
}

impl Context {
    /// The span that is current in this thread.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Cell::get).ok().flatten()
    }

    /// A place at the top of a new trace. Its ids are random; they tell spans apart and are no secrets.
    pub fn new_root() -> Self {
        Self::under(None)
    }

    /// A new place in the same trace, for a span below this one.
    ///
    /// ```
    /// let root = tachymeter::Context::new_root();
    /// assert_eq!(root.child().trace_id, root.trace_id);
    /// assert_ne!(root.child().span_id, root.span_id);
    /// ```
    #[must_use]
    pub fn child(self) -> Self {
        Self::under(Some(self))
    }

    /// A new span's place: in its parent's trace, or else in one of its own.
    pub(crate) fn under(parent: Option<Self>) -> Self {
        let (trace_id, sampled) = parent.map_or_else(|| (new_trace(), true), |parent| (parent.trace_id, parent.sampled));
        Self { trace_id, span_id: SpanId(ids::next().to_be_bytes()), sampled }
    }

    /// Makes it current while `run` runs.
    pub fn in_scope<T>(self, run: impl FnOnce() -> T) -> T {
        let _restore = Restore(CURRENT.replace(Some(self)));
        run()
    }

    /// Makes `context`, or none, current in this thread until the next such call, and gives back what was: for bridges from systems that
    /// enter and leave a span by two separate calls. Everybody else wants [`in_scope`](Self::in_scope), which can't forget to leave.
    ///
    /// ```
    /// use tachymeter::Context;
    /// let context = Context::new_root();
    /// let before = Context::replace_current(Some(context));
    /// assert_eq!((before, Context::replace_current(before)), (None, Some(context)));
    /// ```
    pub fn replace_current(context: Option<Self>) -> Option<Self> {
        // A thread that is going away has no current span any more.
        CURRENT.try_with(|current| current.replace(context)).ok().flatten()
    }

    /// The `traceparent` header that says it (W3C Trace Context, section 3.2).
    ///
    /// ```
    /// let context: tachymeter::Context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
    /// assert_eq!(context.span_id.to_string(), "b7ad6b7169203331");
    /// assert_eq!(context.traceparent(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    /// # Ok::<(), tachymeter::ParseError>(())
    /// ```
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// Puts back what was current, also when the closure panics.
struct Restore(Option<Context>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// How all traces that begin in this program begin, if somebody said so.
static PREFIX: OnceLock<u64> = OnceLock::new();

/// Lets every trace that begins in this program from now on begin with these bytes, by which others can tell whose it is: a page in a
/// browser is given them by its server. The other eight stay random. They can be set once; `false` says that they were set before, and stay.
///
/// ```
/// assert!(tachymeter::set_trace_prefix([7; 8]));
/// assert!(!tachymeter::set_trace_prefix([8; 8]));
/// assert!(tachymeter::Context::new_root().trace_id.0.starts_with(&[7; 8]));
/// ```
pub fn set_trace_prefix(prefix: [u8; 8]) -> bool {
    PREFIX.set(u64::from_be_bytes(prefix)).is_ok()
}

fn new_trace() -> TraceId {
    let prefix = PREFIX.get().copied().unwrap_or_else(ids::next);
    TraceId((u128::from(prefix) << 64 | u128::from(ids::next())).to_be_bytes())
}

/// A text that is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError;

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a traceparent: expected 00-<32 lower-case hex digits>-<16>-<2>, no id all zero")
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Context {
    type Err = ParseError;

    /// Later versions may have more fields, which are ignored; version `ff` is forbidden (section 3.2.2.1).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        // Each field has its place: looking for dashes would take half of the time.
        let text = text.as_bytes();
        let dashes = [2, 35, 52].iter().all(|place| text.get(*place) == Some(&b'-'));
        let (Some(flags), true) = (text.get(53..55), dashes) else { return Err(ParseError) };
        let [version] = bytes::<1>(&text[..2])?;
        let ends = text.get(55).is_none_or(|next| version != 0 && *next == b'-');
        if version == 0xff || !ends {
            return Err(ParseError);
        }
        let [flags] = bytes::<1>(flags)?;
        let sampled = flags & SAMPLED != 0;
        let context = Self { trace_id: TraceId(bytes(&text[3..35])?), span_id: SpanId(bytes(&text[36..52])?), sampled };
        if context.trace_id.0 == [0; 16] || context.span_id.0 == [0; 8] {
            return Err(ParseError);
        }
        Ok(context)
    }
}

/// Of twice as many digits.
fn bytes<const N: usize>(hex: &[u8]) -> Result<[u8; N], ParseError> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(ParseError),
    };
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(out)
}

/// Lets a future carry a span's context across its `.await`s, whatever thread polls it.
pub trait WithContext: Future + Sized {
    /// Makes `context` current during each poll.
    ///
    /// ```
    /// use tachymeter::{Context, WithContext};
    /// # async fn work() -> Option<Context> { Context::current() }
    /// # async fn example(context: Context) {
    /// let seen = work().with_context(context).await;
    /// assert_eq!(seen, Some(context));
    /// # }
    /// ```
    fn with_context(self, context: Context) -> InContext<Self> {
        InContext { future: Box::pin(self), context }
    }
}

impl<F: Future> WithContext for F {}

/// A future that carries a context, made by [`WithContext::with_context`]. It is boxed: one allocation for each, no `unsafe` for any.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub struct InContext<F> {
    future: Pin<Box<F>>,
    context: Context,
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<F::Output> {
        let context = self.context;
        context.in_scope(|| self.future.as_mut().poll(cx))
    }
}
