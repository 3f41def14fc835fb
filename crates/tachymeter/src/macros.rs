//! The macros that declare and execute events.

/// Declares events and spans, and the list of them.
///
/// A name is dotted segments of `a`-`z`, `0`-`9` and `_`. Measurements stand in `{}`, metadata in `[]`; either may be left out. Every
/// declaration says in a doc comment what it means. A malformed name, a key that is there twice and a missing doc comment don't compile.
///
/// A span declares four events: `start` with `count` and `system_time`, and `stop`, `exception` and `aborted` with `duration` and the
/// span's own measurements; `stop` may have the metadata `error`, `exception` has `kind` and `reason`.
///
/// ```
/// tachymeter::events! {
///     /// What this program emits.
///     pub EVENTS;
///
///     /// Somebody tried to sign in.
///     pub event LOGIN = "auth.login" { count } [result];
///
///     /// A request, to the end of its body.
///     pub span REQUEST = "request" { bytes } [route];
/// }
/// # fn main() {
/// let names: Vec<_> = EVENTS.iter().map(|event| event.name()).collect();
/// assert_eq!(names, ["auth.login", "request.start", "request.stop", "request.exception", "request.aborted"]);
/// # }
/// ```
///
/// A name that isn't one doesn't compile:
///
/// ```compile_fail
/// tachymeter::events! {
///     /// All.
///     pub EVENTS;
///     /// Not a name.
///     pub event LOGIN = "Auth..login" {} [];
/// }
/// ```
#[macro_export]
macro_rules! events {
    ($(#[$attribute:meta])* $visibility:vis $list:ident; $($rest:tt)*) => {
        $crate::events!(@each { $(#[$attribute])* $visibility $list } [] $($rest)*);
    };
    (@each { $(#[$attribute:meta])* $visibility:vis $list:ident } [$($known:expr,)*]) => {
        $(#[$attribute])*
        $visibility static $list: &[&$crate::Event] = &[$($known),*];
    };
    (@each $head:tt [$($known:expr,)*]
        $(#[doc = $doc:literal])* $visibility:vis event $event:ident = $name:literal
        $({ $($measurement:ident),* $(,)? })? $([ $($key:ident),* $(,)? ])?; $($rest:tt)*) => {
        $crate::events!(@check $event $name [$($doc)*] [$($($measurement)*)?] [$($($key)*)?]);
        $(#[doc = $doc])*
        $visibility static $event: $crate::Event = $crate::events!(@event
            $name, concat!($($doc, "\n",)*), [$($(stringify!($measurement)),*)?], [$($(stringify!($key)),*)?]);
        $crate::events!(@each $head [$($known,)* &$event,] $($rest)*);
    };
    (@each $head:tt [$($known:expr,)*]
        $(#[doc = $doc:literal])* $visibility:vis span $span:ident = $name:literal
        $({ $($measurement:ident),* $(,)? })? $([ $($key:ident),* $(,)? ])?; $($rest:tt)*) => {
        $crate::events!(@check $span $name [$($doc)*] [$($($measurement)*)?] [$($($key)*)?]);
        const _: () = assert!(
            $crate::__private::disjoint(
                &[$($(stringify!($measurement),)*)? $($(stringify!($key),)*)?],
                &["count", "system_time", "duration", "error", "kind", "reason"],
            ),
            concat!("`", stringify!($span), "`: a span has `count`, `system_time`, `duration`, `error`, `kind` and `reason` by itself, ",
                "leave them out of its declaration")
        );
        $(#[doc = $doc])*
        $visibility static $span: $crate::SpanEvent = $crate::SpanEvent::new(
            $name,
            $crate::events!(@event concat!($name, ".start"), concat!("Begins: ", $($doc, "\n",)*),
                ["count", "system_time"], [$($(stringify!($key)),*)?]),
            $crate::events!(@event concat!($name, ".stop"), concat!($($doc, "\n",)*),
                ["duration", $($(stringify!($measurement)),*)?], [$($(stringify!($key),)*)? "error"]),
            $crate::events!(@event concat!($name, ".exception"), concat!("Failed: ", $($doc, "\n",)*),
                ["duration", $($(stringify!($measurement)),*)?], [$($(stringify!($key),)*)? "kind", "reason"]),
            $crate::events!(@event concat!($name, ".aborted"), concat!("Given up before its end: ", $($doc, "\n",)*),
                ["duration", $($(stringify!($measurement)),*)?], [$($(stringify!($key)),*)?]),
        );
        $crate::events!(@each $head
            [$($known,)* $span.start_event(), $span.stop(), $span.exception(), $span.aborted(),] $($rest)*);
    };
    (@event $name:expr, $doc:expr, [$($measurement:expr),* $(,)?], [$($key:expr),* $(,)?]) => {
        $crate::Event::new($name, $doc, module_path!(), &[$($measurement),*], &[$($key),*], {
            static SLOT: $crate::__private::Slot = $crate::__private::Slot::new();
            &SLOT
        })
    };
    (@check $event:ident $name:literal [$($doc:literal)*] [$($measurement:ident)*] [$($key:ident)*]) => {
        const _: () = assert!(
            $crate::__private::is_name($name),
            concat!("`", $name, "` is no event's name: write dotted segments of a-z, 0-9 and _, for example \"http.request\"")
        );
        const _: () = assert!(
            !concat!($($doc),*).is_empty(),
            concat!("`", stringify!($event), "` has no doc comment: say in one line what it means")
        );
        const _: () = assert!(
            $crate::__private::distinct(&[$(stringify!($measurement),)* $(stringify!($key)),*]),
            concat!("`", stringify!($event), "` declares a key twice")
        );
    };
}

/// Executes a declared event: calls its handlers, here and now.
///
/// Measurements and metadata are evaluated only if somebody listens. The event is named by the path of its static; for one that is held
/// in a variable there is [`Event::execute`](crate::Event::execute). A key that the event doesn't declare doesn't compile:
///
/// ```compile_fail
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "a.login" { count } [result]; }
/// # fn main() {
/// tachymeter::execute!(LOGIN, { cuont: 1u64 });
/// # }
/// ```
#[macro_export]
macro_rules! execute {
    ($event:path, { $($measurement:ident: $number:expr),* $(,)? } $(,)?) => {
        $crate::execute!($event, { $($measurement: $number),* }, {})
    };
    ($event:path, { $($measurement:ident: $number:expr),* $(,)? }, { $($key:ident: $value:expr),* $(,)? } $(,)?) => {{
        $crate::execute!(@check $event, $event, [$($measurement)*], [$($key)*]);
        if let Some(version) = $event.heard() {
            $event.dispatch(
                version,
                &[$((stringify!($measurement), $crate::Value::from($number))),*],
                &[$((stringify!($key), $crate::Value::from($value))),*],
            );
        }
    }};
    (@check $named:path, $event:expr, [$($measurement:ident)*], [$($key:ident)*]) => {
        $(const _: () = assert!(
            $crate::__private::contains($event.measurements(), stringify!($measurement)),
            concat!("`", stringify!($named), "` declares no measurement `", stringify!($measurement), "`: see its `tachymeter::events!`")
        );)*
        $(const _: () = assert!(
            $crate::__private::contains($event.metadata(), stringify!($key)),
            concat!("`", stringify!($named), "` declares no metadata `", stringify!($key), "`: see its `tachymeter::events!`")
        );)*
        const _: () = assert!(
            $crate::__private::distinct(&[$(stringify!($measurement),)* $(stringify!($key)),*]),
            concat!("a key of `", stringify!($named), "` is here twice")
        );
    };
}

/// Starts a declared span under the current one, as [`SpanEvent::start`](crate::SpanEvent::start) does: the metadata is evaluated only
/// if somebody listens, and a key that the span doesn't declare doesn't compile. [`stop!`](crate::stop!) is its end.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "doc.started" { items } [form, result]; }
/// # fn main() {
/// let ends = tachymeter::testing::capture(&["doc.started.stop"]);
/// let span = tachymeter::start!(WORK, { form: "demo" });
/// tachymeter::stop!(WORK, span, { items: 3u8 }, { result: "ok" });
/// let ends = ends.take();
/// assert_eq!((ends[0].get("form"), ends[0].get("result")), (Some("demo"), Some("ok")));
/// # }
/// ```
///
/// ```compile_fail
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "a.work" { items } [form]; }
/// # fn main() {
/// let span = tachymeter::start!(WORK, { from: "demo" });
/// # }
/// ```
#[macro_export]
macro_rules! start {
    ($span:path $(,)?) => {
        $crate::start!($span, {})
    };
    ($span:path, { $($key:ident: $value:expr),* $(,)? } $(,)?) => {{
        $crate::execute!(@check $span, $span.start_event(), [], [$($key)*]);
        if $span.is_attached() {
            $span.start(&[$((stringify!($key), $crate::Value::from($value))),*])
        } else {
            $span.start_unheard()
        }
    }};
}

/// Ends a span well, as [`OpenSpan::stop`](crate::OpenSpan::stop) does: measurements and metadata are evaluated only if somebody listened
/// when it started, and a key that the named declaration doesn't have doesn't compile.
///
/// ```compile_fail
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "Work."] pub span WORK = "a.work" { items } [form]; }
/// # fn main() {
/// let span = tachymeter::start!(WORK);
/// tachymeter::stop!(WORK, span, { itmes: 3u8 });
/// # }
/// ```
#[macro_export]
macro_rules! stop {
    ($span:path, $open:expr $(,)?) => {
        $crate::stop!($span, $open, {}, {})
    };
    ($span:path, $open:expr, { $($measurement:ident: $number:expr),* $(,)? } $(,)?) => {
        $crate::stop!($span, $open, { $($measurement: $number),* }, {})
    };
    ($span:path, $open:expr, { $($measurement:ident: $number:expr),* $(,)? }, { $($key:ident: $value:expr),* $(,)? } $(,)?) => {{
        $crate::execute!(@check $span, $span.stop(), [$($measurement)*], [$($key)*]);
        let open: $crate::OpenSpan = $open;
        if open.is_heard() {
            open.stop(
                &[$((stringify!($measurement), $crate::Value::from($number))),*],
                &[$((stringify!($key), $crate::Value::from($value))),*],
            );
        }
    }};
}
