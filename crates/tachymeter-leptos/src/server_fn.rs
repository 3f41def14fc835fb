//! Server functions, measured on both sides by one word: their protocol.

use std::any::type_name;
use std::fmt::{self, Debug, Write};
use std::marker::PhantomData;
use std::sync::OnceLock;

use ::server_fn::Protocol;
use ::server_fn::client::Client;
use ::server_fn::error::FromServerFnError;
use ::server_fn::server::Server;
use http::Method;
use tachymeter::clock::{self, Timestamp};
use tachymeter::{OpenSpan, Value, WithContext};

use crate::client::MeasuredClient;
use crate::events::SERVER_FN;
use crate::interaction::tracker;

/// A protocol that measures another one: `leptos.server_fn.*` in the browser and on the server, under one trace.
///
/// ```
/// use leptos::prelude::*;
/// use server_fn::{Http, codec::{Json, PostUrl}};
/// use tachymeter_leptos::Measured;
///
/// #[server(protocol = Measured<Http<PostUrl, Json>>)]
/// async fn double(number: i32) -> Result<i32, ServerFnError> {
///     Ok(2 * number)
/// }
/// ```
///
/// In the browser the call keeps the interaction that made it open, carries a `traceparent`, and takes the server's own share of
/// the time from the `Server-Timing` header (`tachymeter-tower` sends one). The outcome is `ok` or `error`, with the name of the error's
/// variant; a call that is dropped before its answer came is `aborted`. Calls made while the server renders a page skip the protocol (Leptos
/// calls the function directly): [`server`](macro@crate::server) sees them as well.
#[derive(Debug)]
pub struct Measured<P>(PhantomData<P>);

/// `crate::api::PressRed` → `press_red`: the name that the function has in the source.
fn name_of<Input>() -> String {
    let name = type_name::<Input>().rsplit("::").next().unwrap_or("unknown");
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

impl<P, Input, Output, C, S, E, IE, OE> Protocol<Input, Output, C, S, E, IE, OE> for Measured<P>
where
    P: Protocol<Input, Output, MeasuredClient, S, E, IE, OE>,
    C: Client<E, IE, OE>,
    S: Server<E, IE, OE>,
    E: FromServerFnError,
    IE: FromServerFnError,
    OE: FromServerFnError,
    Input: Send,
    Output: Send,
{
    const METHOD: Method = P::METHOD;

    async fn run_server<F, Fut>(request: S::Request, server_fn: F) -> Result<S::Response, E>
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, E>> + Send,
    {
        let name = name_of::<Input>();
        let span = SERVER_FN.start(&[("name", name.as_str().into()), ("side", "server".into())]);
        let (called, answered) = (&OnceLock::new(), &OnceLock::new());
        let watched = move |input| {
            _ = called.set(clock::now());
            let call = server_fn(input);
            async move {
                let answer = call.await;
                _ = answered.set(clock::now());
                answer
            }
        };
        let result = P::run_server(request, watched).with_context(span.context()).await;
        let parts = parts(span.started(), called.get(), answered.get());
        stop(span, &parts, &result);
        result
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, E> {
        let name = name_of::<Input>();
        let span = SERVER_FN.start_under(tracker::parent(), &[("name", name.as_str().into()), ("side", "client".into())]);
        let mut in_flight = tracker::InFlight::begin(span.context().span_id);
        let result = P::run_client(path, input).with_context(span.context()).await;
        in_flight.ended(result.is_ok());
        let timings = in_flight.timings(&span);
        stop(span, &timings, &result);
        result
    }
}

/// A call that the server makes itself, for a page that it renders; in the browser the protocol measures it.
#[doc(hidden)]
#[cfg(feature = "ssr")]
pub async fn direct<T, E: Debug>(name: &str, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let span = SERVER_FN.start(&[("name", name.into()), ("side", "server".into())]);
    let result = call.with_context(span.context()).await;
    stop(span, &[], &result);
    result
}

#[doc(hidden)]
#[cfg(not(feature = "ssr"))]
pub async fn direct<T, E: Debug>(_name: &str, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    call.await
}

/// What a call on the server consisted of, as far as it came.
fn parts(
    started: Option<Timestamp>,
    called: Option<&Timestamp>,
    answered: Option<&Timestamp>,
) -> Vec<(&'static str, Value<'static>)> {
    let marks = [("decode", started.as_ref(), called), ("body", called, answered), ("encode", answered, Some(&clock::now()))];
    marks.into_iter().filter_map(|(key, from, to)| Some((key, to?.since(*from?).into()))).collect()
}

fn stop<T, E: Debug>(span: OpenSpan, measurements: &[(&str, Value<'_>)], result: &Result<T, E>) {
    match result {
        Ok(_) => span.stop(measurements, &[("outcome", "ok".into())]),
        Err(error) => {
            let variant = variant_of(error);
            span.stop(measurements, &[("outcome", "error".into()), ("error", variant.as_str().into())]);
        }
    }
}

/// The longest name of a variant that is told.
const MAX_NAME: usize = 60;

/// The first word of what `Debug` says: for an enum that derives it the variant, which is code; what it holds may be data.
fn variant_of(error: &impl Debug) -> String {
    struct Word(String);
    impl Write for Word {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let word = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            self.0.push_str(word);
            if word.len() < text.len() || self.0.len() > MAX_NAME { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut word = Word(String::new());
    // It fails at the end of the first word, which is where we want it to stop.
    _ = write!(word, "{error:?}");
    word.0.truncate(MAX_NAME);
    word.0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PressRed;

    #[test]
    fn the_name_is_the_functions() {
        assert_eq!(name_of::<PressRed>(), "press_red");
    }

    #[test]
    fn an_error_is_told_by_its_variant_and_nothing_it_holds() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "only Debug reads it")]
        enum Error {
            Plain,
            Tuple(&'static str),
            Fields { secret: &'static str },
        }
        let errors = [Error::Plain, Error::Tuple("secret"), Error::Fields { secret: "secret" }];
        assert_eq!(errors.map(|error| variant_of(&error)), ["Plain", "Tuple", "Fields"]);
        assert_eq!((variant_of(&"a text"), variant_of(&"x".repeat(100).as_bytes())), (String::new(), String::new()));
    }
}
