//! The browser's `fetch` for server functions, with an eye on its headers.

use ::server_fn::client::{Client, browser::BrowserClient};
use ::server_fn::error::{FromServerFnError, IntoAppError, ServerFnErrorErr};
use ::server_fn::redirect::REDIRECT_HEADER;
use ::server_fn::request::browser::{BrowserRequest, Request};
use ::server_fn::response::ClientRes;
use ::server_fn::response::browser::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use js_sys::Uint8Array;
use send_wrapper::SendWrapper;
use tachymeter::Context;
use wasm_bindgen::{JsCast, JsValue};

use crate::interaction::tracker;

/// `fetch` with a `traceparent` header on the way out; on the way in it takes the server's own time from `Server-Timing`.
///
/// [`Measured`](crate::Measured) uses it by itself, whatever client a server function names.
#[derive(Debug)]
pub struct MeasuredClient;

impl<E, IE, OE> Client<E, IE, OE> for MeasuredClient
where
    E: FromServerFnError,
    IE: FromServerFnError,
    OE: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = MeasuredResponse;

    fn send(mut request: Self::Request) -> impl Future<Output = Result<Self::Response, E>> + Send {
        SendWrapper::new(async move {
            if let Some(context) = Context::current() {
                request.headers().append("traceparent", &context.traceparent());
            }
            // What is sent is taken out, because dropping the rest of the request aborts it: that has to wait for the answer.
            let sent = std::mem::replace(&mut *request, Request::get("/").build().map_err(refused)?);
            tracker::sent();
            let response = sent.send().await.map_err(refused)?;
            tracker::answered(response.headers().get("server-timing").as_deref().and_then(total_of));
            Ok(MeasuredResponse(SendWrapper::new(response), request))
        })
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl futures::Sink<Bytes> + Send + 'static),
            E,
        >,
    > + Send {
        <BrowserClient as Client<E, IE, OE>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, IE, OE>>::spawn(future);
    }
}

fn refused<E: FromServerFnError>(error: impl ToString) -> E {
    ServerFnErrorErr::Request(error.to_string()).into_app_error()
}

fn unreadable<E: FromServerFnError>(error: impl ToString) -> E {
    ServerFnErrorErr::Deserialization(error.to_string()).into_app_error()
}

/// The answer, with the request whose end would abort it.
///
/// `server_fn` has one of its own, but shows of its headers only all, each parsed: code that weighs 5 kB of a page's first load.
#[derive(Debug)]
pub struct MeasuredResponse(SendWrapper<Response>, BrowserRequest);

impl<E: FromServerFnError> ClientRes<E> for MeasuredResponse {
    fn try_into_string(self) -> impl Future<Output = Result<String, E>> + Send {
        let Self(response, request) = self;
        SendWrapper::new(async move {
            let text = response.text().await;
            drop(request);
            text.map_err(unreadable)
        })
    }

    fn try_into_bytes(self) -> impl Future<Output = Result<Bytes, E>> + Send {
        let Self(response, request) = self;
        SendWrapper::new(async move {
            let bytes = response.binary().await;
            drop(request);
            bytes.map(Bytes::from).map_err(unreadable)
        })
    }

    fn try_into_stream(self) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, E> {
        let Self(response, request) = self;
        let body = response.body().ok_or_else(|| unreadable("an answer without a body"))?;
        let bytes = |chunk: JsValue| Bytes::from(chunk.unchecked_into::<Uint8Array>().to_vec());
        let failed = |error: JsValue| refused::<E>(format!("{error:?}")).ser();
        let chunks = wasm_streams::ReadableStream::from_raw(body).into_stream();
        Ok(SendWrapper::new(chunks.map(move |chunk| {
            _ = &request;
            chunk.map(bytes).map_err(failed)
        })))
    }

    fn status(&self) -> u16 {
        self.0.status()
    }

    fn status_text(&self) -> String {
        self.0.status_text()
    }

    fn location(&self) -> String {
        self.0.headers().get("Location").unwrap_or_else(|| self.0.url())
    }

    fn has_redirect(&self) -> bool {
        self.0.headers().get(REDIRECT_HEADER).is_some()
    }
}

/// The `dur` of the entry called `total`, in milliseconds (W3C Server Timing, section 3).
fn total_of(header: &str) -> Option<f64> {
    let entry = header.split(',').find(|entry| entry.split(';').next().is_some_and(|name| name.trim() == "total"))?;
    let duration = entry.split(';').find_map(|part| part.trim().strip_prefix("dur="))?;
    decimal(duration)
}

/// `12.5`. Servers write durations plainly, and what reads every notation there is brings tables of 11 kB to the browser.
fn decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let (digits, value) = (fraction.len().min(9), whole.parse::<u32>().ok()?);
    let part = fraction.get(..digits)?.parse::<u32>().ok()?;
    Some(f64::from(value) + f64::from(part) / f64::from(10_u32.pow(digits as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_time_is_read_and_nonsense_is_not() {
        assert_eq!(total_of("cache;desc=hit, total;dur=12.5"), Some(12.5));
        assert_eq!(total_of("total;desc=\"all\";dur=3"), Some(3.0));
        assert_eq!(total_of("total;dur=0.123456789123"), Some(0.123456789));
        for nonsense in ["", "total", "total;dur=", "total;dur=.", "total;dur=NaN", "total;dur=-1", "db;dur=4"] {
            assert_eq!(total_of(nonsense), None, "{nonsense}");
        }
    }
}
