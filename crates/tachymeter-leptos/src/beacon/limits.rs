//! What a browser may send, and how often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tachymeter::clock::Timestamp;

/// What a report may hold. The defaults suit one application's own pages.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one report.
    pub max_bytes: usize,
    /// Events in one report.
    pub max_events: usize,
    /// Reports per address and minute.
    pub reports_per_minute: u32,
    /// Characters of one metadata value.
    pub max_text: usize,
    /// The longest duration that is believed.
    pub max_duration: Duration,
    /// The largest plain number that is believed.
    pub max_number: f64,
    /// Different values of one metadata key of one event; the rest become `other`.
    pub max_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 65_536,
            max_events: 500,
            reports_per_minute: 600,
            max_text: 100,
            max_duration: Duration::from_secs(60),
            max_number: 1e6,
            max_values: 100,
        }
    }
}

/// How many addresses are remembered; when there are more, those that have gone quiet are forgotten first.
const MAX_ADDRESSES: usize = 10_000;

/// One token bucket per address.
#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<IpAddr, (f64, Timestamp)>);

impl Rates {
    /// Takes a token; if there is none, says in how long there will be one.
    pub(super) fn take(&mut self, address: IpAddr, per_minute: u32, now: Timestamp) -> Result<(), Duration> {
        let capacity = f64::from(per_minute);
        let per_second = capacity / 60.0;
        if self.0.len() >= MAX_ADDRESSES && !self.0.contains_key(&address) {
            self.0.retain(|_, (tokens, at)| *tokens + now.since(*at).as_secs_f64() * per_second < capacity);
            if self.0.len() >= MAX_ADDRESSES {
                return Err(Duration::from_secs(60));
            }
        }
        let (tokens, at) = self.0.entry(address).or_insert((capacity, now));
        *tokens = (*tokens + now.since(*at).as_secs_f64() * per_second).min(capacity);
        *at = now;
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - *tokens) / per_second))
        }
    }
}
