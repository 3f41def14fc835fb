//! A rate limiter in memory: token buckets per key, bounded in number.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many keys are remembered; past that, whoever was seen longest ago is forgotten.
const MAX_KEYS: usize = 20_000;

/// Lets each key through `capacity` times in a burst, refilled evenly over `window`.
#[derive(Debug)]
pub struct Limiter<K> {
    capacity: f64,
    window: Duration,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    seen: Instant,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    /// A limiter that has seen nobody.
    pub fn new(capacity: u32, window: Duration) -> Self {
        Self { capacity: f64::from(capacity), window, buckets: Mutex::default() }
    }

    /// Takes one token, or says how long until there is one.
    pub fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.lock();
        if !buckets.contains_key(key) && buckets.len() >= MAX_KEYS {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(key.clone()).or_insert(Bucket { tokens: self.capacity, seen: now });
        bucket.tokens = self.refilled(*bucket, now);
        bucket.seen = now;
        if bucket.tokens < 1.0 {
            return Err(self.window.mul_f64((1.0 - bucket.tokens) / self.capacity));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Gives a token back: what it was taken for turned out not to count.
    pub fn give_back(&self, key: &K) {
        if let Some(bucket) = self.lock().get_mut(key) {
            bucket.tokens = (bucket.tokens + 1.0).min(self.capacity);
        }
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> f64 {
        let share = now.saturating_duration_since(bucket.seen).as_secs_f64() / self.window.as_secs_f64();
        (bucket.tokens + share * self.capacity).min(self.capacity)
    }

    /// Full buckets say nothing and go first; if there are none, the half that was seen longest ago.
    fn forget(&self, buckets: &mut HashMap<K, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.capacity);
        if buckets.len() >= MAX_KEYS {
            let mut seen: Vec<Instant> = buckets.values().map(|bucket| bucket.seen).collect();
            let (_, middle, _) = seen.select_nth_unstable(MAX_KEYS / 2);
            let middle = *middle;
            buckets.retain(|_, bucket| bucket.seen > middle);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address: a whole /64 in IPv6, where one household has 2^64 of them.
pub fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_wait_then_one_more() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        let start = Instant::now();
        assert_eq!(limiter.take(&"a", start), Ok(()));
        assert_eq!(limiter.take(&"a", start), Ok(()));
        assert_eq!(limiter.take(&"a", start), Err(Duration::from_secs(30)));
        assert_eq!(limiter.take(&"b", start), Ok(()), "keys don't share");
        assert_eq!(limiter.take(&"a", start + Duration::from_secs(31)), Ok(()));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let limiter = Limiter::new(1, Duration::from_secs(60));
        let now = Instant::now();
        assert_eq!(limiter.take(&1, now), Ok(()));
        limiter.give_back(&1);
        assert_eq!(limiter.take(&1, now), Ok(()));
        assert!(limiter.take(&1, now).is_err());
    }

    #[test]
    fn a_flood_of_keys_stays_bounded() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        let now = Instant::now();
        for key in 0..(MAX_KEYS as u32 * 2) {
            assert_eq!(limiter.take(&key, now + Duration::from_micros(u64::from(key))), Ok(()));
        }
        assert!(limiter.lock().len() <= MAX_KEYS);
    }

    #[test]
    fn a_household_is_one_address() {
        let key = |text: &str| address_key(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2::3"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::3"), key("2001:db8:1:3::3"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
