//! One request as a server function sees it: who asks from where, and what to put on the answer.

use super::AppState;
use crate::error::AppError;
use axum::extract::ConnectInfo;
use axum::http::header::{ACCEPT, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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

    /// Gives the answer the status that fits its outcome. A form without scripts is sent back to its page instead,
    /// which Leptos does.
    pub fn answer<T>(&self, outcome: Result<T, AppError>) -> Result<T, AppError> {
        if let Err(error) = &outcome
            && !self.wants_page()
        {
            self.response.set_status(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            if let AppError::TooManyRequests { seconds } = error {
                self.header(RETRY_AFTER, &seconds.to_string());
            }
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
