//! The server's half: checks a report and executes what passes in the server's own event table, so that every reporter sees it.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use tachymeter::{Event, Value, clock, execute};

use super::limits::{Limits, Rates};
use super::place::{self, Place, Recent, Unbelieved};
use super::{Batch, REPORTED, WireEvent};
use crate::events::{BEACON_DROPPED, BEACON_REJECTED, INTERACTION_STOP};
use crate::trace::prefix;

/// Receives reports. One per application, shared.
///
/// ```
/// use tachymeter_leptos::beacon::{Batch, Beacon, Limits, WireEvent};
///
/// let beacon = Beacon::new(Limits::default());
/// let event = WireEvent("leptos.page.load".into(), vec![("total".into(), 0.25, true)], vec![("route".into(), "/".into())]);
/// let accepted = beacon.accept(Batch { events: vec![event], ..Batch::default() }).unwrap();
/// assert_eq!((accepted.accepted, accepted.rejected.len()), (1, 0));
/// ```
#[derive(Debug)]
pub struct Beacon {
    limits: Limits,
    rates: Mutex<Rates>,
    /// Per event and metadata key the values seen so far.
    values: Mutex<HashMap<(&'static str, &'static str), HashSet<String>>>,
    spans: Mutex<Recent>,
}

/// What became of a report that was read.
#[derive(Debug, Serialize)]
pub struct Accepted {
    /// How many events were executed.
    pub accepted: usize,
    /// Those that were not.
    pub rejected: Vec<Rejection>,
}

/// An event that was not executed, and should not have been sent.
#[derive(Debug, Serialize)]
pub struct Rejection {
    /// Its place in the report, from 0.
    pub index: usize,
    /// What is wrong with it, and what is allowed.
    pub reason: String,
}

/// A report that was not read at all.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It came from another site.
    #[error("reports are taken from this site's own pages only")]
    CrossSite,
    /// Not JSON by its own word.
    #[error("a report is application/json")]
    ContentType,
    /// It is larger than the limit.
    #[error("a report may have {0} bytes at most")]
    TooLarge(usize),
    /// Too many events.
    #[error("a report may have {allowed} events at most, this one has {found}")]
    TooMany {
        /// [`Limits::max_events`].
        allowed: usize,
        /// How many it had.
        found: usize,
    },
    /// Too many reports from one address.
    #[error("too many reports from this address; try again in {} s", whole_seconds(*.0))]
    TooOften(Duration),
    /// Not a report.
    #[error(
        "a report is {{\"events\": [[name, [[key, number, is_duration], …], [[key, text], …]], …], \"dropped\": number}}: {0}"
    )]
    Malformed(String),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) | Self::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
        };
        let mut response = (status, self.to_string()).into_response();
        if let Self::TooOften(wait) = self {
            response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait).into());
        }
        response
    }
}

impl Beacon {
    /// A receiver with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, rates: Mutex::default(), values: Mutex::default(), spans: Mutex::default() }
    }

    /// Answers a request whose peer has this address: 204 if all was taken, 422 with the reasons if some of it was not,
    /// and the status of [`Refused`] if nothing was read.
    pub async fn handle(&self, peer: IpAddr, request: http::Request<Body>) -> Response {
        match self.receive(peer, request).await {
            Ok(all) if all.rejected.is_empty() => StatusCode::NO_CONTENT.into_response(),
            Ok(some) => (StatusCode::UNPROCESSABLE_ENTITY, Json(some)).into_response(),
            Err(refused) => {
                execute!(BEACON_REJECTED, { count: 1u64 }, { reason: "refused" });
                refused.into_response()
            }
        }
    }

    async fn receive(&self, peer: IpAddr, request: http::Request<Body>) -> Result<Accepted, Refused> {
        if !same_origin(request.headers()) {
            return Err(Refused::CrossSite);
        }
        self.rates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(peer, self.limits.reports_per_minute, clock::now())
            .map_err(Refused::TooOften)?;
        if !is_json(request.headers()) {
            return Err(Refused::ContentType);
        }
        // Counts while it reads, so a chunked body that lies about its size is cut off as well.
        let body =
            to_bytes(request.into_body(), self.limits.max_bytes).await.map_err(|_| Refused::TooLarge(self.limits.max_bytes))?;
        self.accept(serde_json::from_slice(&body).map_err(|error| Refused::Malformed(error.to_string()))?)
    }

    /// Checks each event and executes those that pass.
    ///
    /// # Errors
    /// [`Refused::TooMany`]; single events that don't pass are listed in the answer and the others still count.
    pub fn accept(&self, batch: Batch) -> Result<Accepted, Refused> {
        let (allowed, found) = (self.limits.max_events, batch.events.len());
        if found > allowed {
            return Err(Refused::TooMany { allowed, found });
        }
        if batch.dropped > 0 {
            execute!(BEACON_DROPPED, { count: batch.dropped.min(1_000_000) });
        }
        let page = prefix::read(&batch.page);
        let mut rejected = Vec::new();
        for (index, event) in batch.events.iter().enumerate() {
            if let Err((kind, reason)) = self.execute(event, page) {
                execute!(BEACON_REJECTED, { count: 1u64 }, { reason: kind });
                rejected.push(Rejection { index, reason });
            }
        }
        Ok(Accepted { accepted: found - rejected.len(), rejected })
    }

    /// Refuses an event with the kind of what is wrong, by which it is counted, and the whole of it.
    fn execute(&self, wire: &WireEvent, page: Option<[u8; 8]>) -> Result<(), (&'static str, String)> {
        let WireEvent(name, measurements, metadata) = wire;
        let malformed = |reason| ("event", reason);
        let number = REPORTED.iter().position(|event| event.name() == name).ok_or_else(|| malformed(unknown(name)))?;
        let event = REPORTED[number];
        let numbers = measurements
            .iter()
            .map(|(key, number, is_duration)| self.number(event, key, *number, *is_duration))
            .collect::<Result<Vec<_>, _>>()
            .map_err(malformed)?;
        let told = metadata.iter().filter(|(key, _)| !place::KEYS.contains(&key.as_str()));
        let texts = told.map(|(key, text)| self.text(event, key, text)).collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        if event.metadata().contains(&"side") && texts.iter().any(|(key, text)| *key == "side" && text != "client") {
            return Err(malformed("side must be \"client\": a browser can't speak for the server".to_owned()));
        }
        let texts: Vec<_> = texts.iter().map(|(key, text)| (*key, Value::from(text.as_str()))).collect();
        match self.place(number, metadata, page)? {
            Seen::Before => {}
            Seen::Now(None) => tachymeter::execute_for(None, None, name, &numbers, &texts),
            Seen::Now(Some(Place { context, parent })) => {
                tachymeter::execute_for(Some(context), parent, name, &numbers, &texts);
            }
        }
        Ok(())
    }

    fn place(&self, event: usize, metadata: &[(String, String)], page: Option<[u8; 8]>) -> Result<Seen, (&'static str, String)> {
        let place = place::read(metadata, page).map_err(|unbelieved| match unbelieved {
            Unbelieved::Malformed(reason) => ("event", reason),
            Unbelieved::Foreign => {
                ("trace", "the trace belongs to another page load: its id must begin as `page` says".to_owned())
            }
        })?;
        let Some(place) = place else {
            if page.is_none() && metadata.iter().any(|(key, _)| key == place::KEYS[0]) {
                // Counts, but belongs to no trace: its page was made by a server that is no more.
                execute!(BEACON_REJECTED, { count: 1u64 }, { reason: "page" });
            }
            return Ok(Seen::Now(None));
        };
        let new = self.spans.lock().unwrap_or_else(PoisonError::into_inner).is_new(event, place.context.span_id);
        if !new {
            execute!(BEACON_REJECTED, { count: 1u64 }, { reason: "twice" });
            return Ok(Seen::Before);
        }
        Ok(Seen::Now(Some(place)))
    }

    fn number(&self, event: &Event, key: &str, number: f64, is_duration: bool) -> Result<(&'static str, Value<'static>), String> {
        let key = declared(event.measurements(), key).ok_or_else(|| undeclared("measurement", event.measurements(), key))?;
        let most = if is_duration { self.limits.max_duration.as_secs_f64() } else { self.limits.max_number };
        if !(0.0..=most).contains(&number) {
            return Err(format!("{key} must be between 0 and {most}, not {number}"));
        }
        Ok((key, if is_duration { Duration::from_secs_f64(number).into() } else { number.into() }))
    }

    fn text(&self, event: &Event, key: &str, text: &str) -> Result<(&'static str, String), String> {
        let tags = if event.name() == INTERACTION_STOP.name() { self.limits.tags } else { &[] };
        let keys = declared(event.metadata(), key).or_else(|| declared(tags, key));
        let key = keys.ok_or_else(|| undeclared("metadata", &[event.metadata(), tags].concat(), key))?;
        if text.chars().count() > self.limits.max_text || text.chars().any(char::is_control) {
            return Err(format!("{key} may have {} characters at most and no control characters", self.limits.max_text));
        }
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = values.entry((event.name(), key)).or_default();
        if seen.contains(text) {
            return Ok((key, text.to_owned()));
        }
        if seen.len() >= self.limits.max_values {
            return Ok((key, "other".to_owned()));
        }
        seen.insert(text.to_owned());
        Ok((key, text.to_owned()))
    }
}

/// Whether an event is a new one, and if so where it belongs.
enum Seen {
    /// It was sent twice because the browser didn't hear the answer, which is nobody's fault.
    Before,
    Now(Option<Place>),
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = REPORTED.iter().map(|event| event.name()).collect();
    format!("unknown event {:?}: a browser reports {}", clip(name), names.join(", "))
}

fn declared(keys: &'static [&'static str], key: &str) -> Option<&'static str> {
    keys.iter().find(|declared| **declared == key).copied()
}

fn undeclared(what: &str, keys: &[&str], key: &str) -> String {
    format!("undeclared {what} {:?}: declared are {}", clip(key), keys.join(", "))
}

/// An answer repeats no more of what it was sent than a person needs.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Rounded up: who comes back after that is not too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn is_json(headers: &http::HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// `Sec-Fetch-Site` where the browser sends it, else `Origin` against `Host`. A client that sends neither is no browser.
fn same_origin(headers: &http::HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, authority)| authority == host),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
