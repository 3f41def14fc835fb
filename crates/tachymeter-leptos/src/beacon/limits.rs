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
    /// The keys of the application's own tags ([`UseMeasured::tags`](crate::UseMeasured::tags)), which `leptos.interaction.stop` may have.
    pub tags: &'static [&'static str],
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
            tags: &[],
        }
    }
}

/// How many addresses are remembered. When there are more, those that have gone quiet are forgotten first, then those that were
/// seen longest ago: a flood of addresses must not keep the others out.
const MAX_ADDRESSES: usize = 10_000;

/// One token bucket per address.
#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<IpAddr, (f64, Timestamp)>);

impl Rates {
    /// Takes a token; if there is none, says in how long there will be one.
    pub(super) fn take(&mut self, address: IpAddr, per_minute: u32, now: Timestamp) -> Result<(), Duration> {
        let address = household(address);
        let capacity = f64::from(per_minute);
        let per_second = capacity / 60.0;
        if self.0.len() >= MAX_ADDRESSES && !self.0.contains_key(&address) {
            self.0.retain(|_, (tokens, at)| *tokens + now.since(*at).as_secs_f64() * per_second < capacity);
            self.forget_older_half();
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

    fn forget_older_half(&mut self) {
        if self.0.len() >= MAX_ADDRESSES {
            let mut seen: Vec<(Timestamp, IpAddr)> = self.0.iter().map(|(address, (_, at))| (*at, *address)).collect();
            let (older, _, _) = seen.select_nth_unstable(MAX_ADDRESSES / 2);
            older.iter().for_each(|(_, address)| _ = self.0.remove(address));
        }
    }
}

/// What counts as one address: a whole /64 in IPv6, of which one household has all 2^64.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use tachymeter::{clock, testing::freeze_clock};

    #[test]
    fn a_burst_then_a_wait_then_one_more() {
        let frozen = freeze_clock();
        let mut rates = Rates::default();
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!(rates.take(a, 2, clock::now()), Ok(()));
        assert_eq!(rates.take(a, 2, clock::now()), Ok(()));
        assert_eq!(rates.take(a, 2, clock::now()), Err(Duration::from_secs(30)));
        assert_eq!(rates.take(b, 2, clock::now()), Ok(()), "addresses don't share");
        frozen.advance(Duration::from_secs(31));
        assert_eq!(rates.take(a, 2, clock::now()), Ok(()));
    }

    #[test]
    fn a_household_is_one_address() {
        let mut rates = Rates::default();
        let mut take = |text: &str| rates.take(text.parse().expect("an address"), 1, clock::now());
        assert_eq!(take("2001:db8:1:2::3"), Ok(()));
        assert!(take("2001:db8:1:2:ffff::").is_err());
        assert_eq!(take("2001:db8:1:3::3"), Ok(()));
        assert_eq!(take("::ffff:192.0.2.1"), Ok(()));
        assert!(take("192.0.2.1").is_err());
    }

    #[test]
    fn a_flood_of_addresses_keeps_nobody_out_and_stays_bounded() {
        let frozen = freeze_clock();
        let mut rates = Rates::default();
        for number in 0..3 * MAX_ADDRESSES as u32 {
            frozen.advance(Duration::from_nanos(10));
            let address = if number % 2 == 0 {
                Ipv4Addr::from(number).into()
            } else {
                IpAddr::V6(Ipv6Addr::from(u128::from(number) << 64))
            };
            assert_eq!(rates.take(address, 2, clock::now()), Ok(()));
        }
        assert!(rates.0.len() <= MAX_ADDRESSES);
        let last = Ipv4Addr::from(3 * MAX_ADDRESSES as u32 - 2).into();
        assert_eq!(rates.take(last, 2, clock::now()), Ok(()));
        assert!(rates.take(last, 2, clock::now()).is_err(), "who came last is still known");
    }
}
