//! The browser's side of server functions that forms call: Leptos lets their client be chosen, but not their protocol.

use ::server_fn::client::{Client, browser::BrowserClient};
use ::server_fn::error::FromServerFnError;
use ::server_fn::request::browser::BrowserRequest;
use ::server_fn::response::ClientRes;
use tachymeter::WithContext;

use crate::client::{MeasuredClient, MeasuredResponse};
use crate::events::SERVER_FN;
use crate::interaction::tracker;

/// The client of [`#[server(form)]`](macro@crate::server): measures a call from its request to the head of its answer, and keeps the
/// interaction that made it open.
#[derive(Debug)]
pub struct FormClient;

/// `https://example.org/api/sign_up123?x=y` → `sign_up`: the function's path without the hash that Leptos may have put at its end.
fn name_of(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit())
}

impl<E, IE, OE> Client<E, IE, OE> for FormClient
where
    E: FromServerFnError,
    IE: FromServerFnError,
    OE: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = MeasuredResponse;

    async fn send(request: Self::Request) -> Result<Self::Response, E> {
        let url = request.url();
        let span = SERVER_FN.start_under(tracker::parent(), &[("name", name_of(&url).into()), ("side", "client".into())]);
        let mut in_flight = tracker::InFlight::begin(span.context().span_id);
        let answer = <MeasuredClient as Client<E, IE, OE>>::send(request).with_context(span.context()).await;
        let succeeded = answer.as_ref().is_ok_and(|answer| ClientRes::<E>::status(answer) < 400);
        in_flight.ended(succeeded);
        let timings: Vec<_> = in_flight.timings(&span).into_iter().filter(|(key, _)| *key != "decode").collect();
        span.stop(&timings, &[("outcome", if succeeded { "ok" } else { "error" }.into())]);
        answer
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (
                impl futures::Stream<Item = Result<bytes::Bytes, bytes::Bytes>> + Send + 'static,
                impl futures::Sink<bytes::Bytes> + Send + 'static,
            ),
            E,
        >,
    > + Send {
        <BrowserClient as Client<E, IE, OE>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, IE, OE>>::spawn(future);
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn the_name_is_the_functions() {
        for (url, name) in [
            ("http://127.0.0.1:3000/api/sign_up", "sign_up"),
            ("https://example.org/api/sign_up123456?next=/a/b#c", "sign_up"),
            ("/api/v2/log_out", "log_out"),
            ("", ""),
        ] {
            assert_eq!(name_of(url), name, "{url}");
        }
    }
}
