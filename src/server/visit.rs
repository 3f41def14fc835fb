//! One request as a server function sees it: who asks from where, and what to put on the answer.

use super::AppState;
use crate::error::AppError;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{ACCEPT, COOKIE, LOCATION, REFERER, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::prelude::{FromServerFnError, use_context};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use leptos_axum::ResponseOptions;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// No error of ours is longer.
const MAX_ERROR: usize = 64 * 1024;

/// The request that is being answered, with the shared state.
#[derive(Clone, Debug)]
pub struct Visit {
    /// What every request shares.
    pub state: AppState,
    /// The request without its body.
    pub parts: Parts,
    response: ResponseOptions,
}

impl Visit {
    /// The visit of the server function or view that runs now.
    pub fn current() -> Result<Self, AppError> {
        let found = (use_context::<AppState>(), use_context::<Parts>(), use_context::<ResponseOptions>());
        let (Some(state), Some(parts), Some(response)) = found else {
            return Err(internal("a server function ran outside of a request", &"no context"));
        };
        Ok(Self { state, parts, response })
    }

    /// Where the request came from; loopback if there is no connection, as in tests.
    pub fn address(&self) -> IpAddr {
        address(&self.parts)
    }

    /// Whether a browser navigates (a form without scripts) and not our own code.
    pub fn wants_page(&self) -> bool {
        self.parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookie(&self.parts.headers, name)
    }

    /// Puts a `Set-Cookie` header on the answer.
    pub fn set_cookie(&self, cookie: &str) {
        self.header(SET_COOKIE, cookie);
    }

    /// Sends a form without scripts on to a page of ours. Our own code navigates by itself.
    pub fn send_on(&self, path: &str) {
        if self.wants_page() {
            self.response.set_status(StatusCode::FOUND);
            self.header(LOCATION, path);
        }
    }

    /// Sends a form without scripts back to its page.
    pub fn send_back(&self) {
        let page = self.parts.headers.get(REFERER).and_then(|value| value.to_str().ok());
        self.send_on(page.unwrap_or("/"));
    }

    /// Gives a page that asks something while it is rendered the status of a refusal. What the browser asks gets it
    /// anyway, see [`server_fn_status`].
    pub fn answer<T>(&self, outcome: Result<T, AppError>) -> Result<T, AppError> {
        if let Err(error) = &outcome
            && self.parts.method == Method::GET
        {
            self.response.set_status(status(error));
        }
        outcome
    }

    fn header(&self, name: HeaderName, value: &str) {
        match HeaderValue::from_str(value) {
            Ok(value) => self.response.append_header(name, value),
            Err(error) => tracing::error!(%name, %error, "a header was left out"),
        }
    }
}

fn status(error: &AppError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Server functions answer every error with status 500; this gives each its own, for those who read statuses.
pub async fn server_fn_status(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let refused =
        response.status() == StatusCode::INTERNAL_SERVER_ERROR && response.headers().contains_key(SERVER_FN_ERROR_HEADER);
    if !refused {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_ERROR).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let error = AppError::de(body.clone());
    parts.status = status(&error);
    if let AppError::TooManyRequests { seconds } = error {
        parts.headers.insert(RETRY_AFTER, seconds.into());
    }
    Response::from_parts(parts, Body::from(body))
}

/// Logs the cause, once, and gives the error that says nothing about it.
pub fn internal(what: &str, cause: &dyn std::fmt::Display) -> AppError {
    tracing::error!(%cause, "{what}");
    AppError::Internal
}

/// Where a request came from.
pub fn address(parts: &Parts) -> IpAddr {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip())
}

/// The value of a cookie in a request's headers.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}
