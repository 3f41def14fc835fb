//! Requests to the receiver, and what their answers mean.

use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::StatusCode;
use ureq::http::header::{HeaderMap, RETRY_AFTER};

use super::{HEALTH, Options};

/// After failures it pauses for so long, then twice that, ...
const PAUSE: Duration = Duration::from_secs(1);
/// ... up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An answer is a few bytes, or an error page that nobody reads to its end.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// What became of a message.
pub(super) enum Outcome {
    /// It has arrived; this is the answer.
    Sent(Vec<u8>),
    /// It may be sent again.
    Later,
    /// It must not be sent again.
    Refused,
}

/// One signal's address.
#[derive(Debug)]
pub(super) struct Post {
    agent: Agent,
    signal: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Post {
    pub(super) fn new(options: &Options, signal: &'static str) -> Self {
        let config = Agent::config_builder().timeout_global(Some(options.timeout)).http_status_as_error(false);
        Self {
            agent: config.user_agent(concat!("tachymeter/", env!("CARGO_PKG_VERSION"))).build().into(),
            signal,
            url: format!("{}/v1/{signal}", options.endpoint.trim_end_matches('/')),
            headers: options.headers.clone(),
            failures: 0,
            not_before: None,
        }
    }

    /// Whether it is no use to try now.
    pub(super) fn pauses(&self) -> bool {
        self.not_before.is_some_and(|then| Instant::now() < then)
    }

    pub(super) fn send(&mut self, message: &[u8]) -> Outcome {
        let request = self.agent.post(&self.url).content_type("application/x-protobuf");
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.send(message).and_then(|mut answer| {
            let body = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
            // What an error page says doesn't matter.
            let body = if answer.status().is_success() { body? } else { Vec::new() };
            Ok((answer.status(), retry_after(answer.headers()), body))
        });
        match answer {
            Ok((status, _, body)) if status.is_success() => {
                (self.failures, self.not_before) = (0, None);
                HEALTH.sent(1, message.len() as u64);
                Outcome::Sent(body)
            }
            Ok((status, after, _)) if is_for_later(status) => self.later(&status.to_string(), after),
            Ok((status, ..)) => {
                HEALTH.failed(&format!("{}: {status}", self.signal));
                Outcome::Refused
            }
            Err(error) => self.later(&error.to_string(), None),
        }
    }

    fn later(&mut self, reason: &str, after: Option<Duration>) -> Outcome {
        HEALTH.failed(&format!("{}: {reason}", self.signal));
        let growing = PAUSE.saturating_mul(2u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures += 1;
        self.not_before = Instant::now().checked_add(after.unwrap_or(growing));
        Outcome::Later
    }
}

/// By the protocol's specification, these and no others.
fn is_for_later(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}
