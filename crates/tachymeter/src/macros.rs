//! The macros that declare and execute events.

/// Declares events and spans, and the list of them.
///
/// A span declares four events: `start` with `count`, and `stop`, `exception` and `aborted` with `duration` and the span's own
/// measurements; `exception` also has the metadata `kind` and `reason`.
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
        { $($measurement:ident),* $(,)? } [ $($key:ident),* $(,)? ]; $($rest:tt)*) => {
        $(#[doc = $doc])*
        $visibility static $event: $crate::Event =
            $crate::events!(@event $name, concat!($($doc,)*), [$(stringify!($measurement)),*], [$(stringify!($key)),*]);
        $crate::events!(@each $head [$($known,)* &$event,] $($rest)*);
    };
    (@each $head:tt [$($known:expr,)*]
        $(#[doc = $doc:literal])* $visibility:vis span $span:ident = $name:literal
        { $($measurement:ident),* $(,)? } [ $($key:ident),* $(,)? ]; $($rest:tt)*) => {
        $(#[doc = $doc])*
        $visibility static $span: $crate::SpanEvent = $crate::SpanEvent::new(
            $name,
            $crate::events!(@event concat!($name, ".start"), concat!("Begins: ", $($doc,)*), ["count"], [$(stringify!($key)),*]),
            $crate::events!(@event concat!($name, ".stop"), concat!($($doc,)*),
                ["duration", $(stringify!($measurement)),*], [$(stringify!($key)),*]),
            $crate::events!(@event concat!($name, ".exception"), concat!("Failed: ", $($doc,)*),
                ["duration", $(stringify!($measurement)),*], [$(stringify!($key),)* "kind", "reason"]),
            $crate::events!(@event concat!($name, ".aborted"), concat!("Given up before its end: ", $($doc,)*),
                ["duration", $(stringify!($measurement)),*], [$(stringify!($key)),*]),
        );
        $crate::events!(@each $head
            [$($known,)* $span.start_event(), $span.stop(), $span.exception(), $span.aborted(),] $($rest)*);
    };
    (@event $name:expr, $doc:expr, [$($measurement:expr),* $(,)?], [$($key:expr),* $(,)?]) => {
        $crate::Event::new($name, $doc, &[$($measurement),*], &[$($key),*], {
            static SLOT: $crate::__private::Slot = $crate::__private::Slot::new();
            &SLOT
        })
    };
}

/// Executes a declared event: calls its handlers, here and now.
///
/// Measurements and metadata are evaluated only if somebody listens. A key that the event doesn't declare doesn't compile:
///
/// ```compile_fail
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "a.login" { count } [result]; }
/// # fn main() {
/// tachymeter::execute!(LOGIN, { cuont: 1u64 });
/// # }
/// ```
#[macro_export]
macro_rules! execute {
    ($event:path, { $($measurement:ident: $number:expr),* $(,)? }) => {
        $crate::execute!($event, { $($measurement: $number),* }, {})
    };
    ($event:path, { $($measurement:ident: $number:expr),* $(,)? }, { $($key:ident: $value:expr),* $(,)? }) => {{
        const {
            assert!(
                $event.declares(&[$(stringify!($measurement)),*], &[$(stringify!($key)),*]),
                "this event doesn't declare all of these keys: see its declaration in `tachymeter::events!`"
            );
        }
        if $event.is_attached() {
            $event.dispatch(
                &[$((stringify!($measurement), $crate::Value::from($number))),*],
                &[$((stringify!($key), $crate::Value::from($value))),*],
            );
        }
    }};
}
