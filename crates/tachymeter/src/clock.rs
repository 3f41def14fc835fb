//! The one place that reads the time: monotonic, the same on every platform, and set by tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A point in time, comparable with others of the same process.
///
/// ```
/// let before = tachymeter::clock::now();
/// assert!(tachymeter::clock::now() >= before);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// The time that has passed since an earlier one; zero if that one is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The current time.
pub fn now() -> Timestamp {
    Timestamp(crate::testing::frozen().unwrap_or_else(elapsed))
}

/// The time since the Unix epoch, to place things on a calendar. It may jump; measure with [`now`].
///
/// ```
/// assert!(tachymeter::clock::system_time().as_secs() > 1_600_000_000);
/// ```
pub fn system_time() -> Duration {
    crate::testing::frozen().map_or_else(since_epoch, |now| FROZEN_EPOCH + now)
}

/// What [`system_time`] would have said at `now`, without another look at a clock: the two are compared once per second.
pub(crate) fn system_time_at(now: Timestamp) -> Duration {
    static COMPARED: AtomicU64 = AtomicU64::new(u64::MAX);
    static AHEAD: AtomicU64 = AtomicU64::new(0);
    if let Some(frozen) = crate::testing::frozen() {
        return FROZEN_EPOCH + frozen;
    }
    let now = now.0.as_nanos() as u64;
    // Two threads may compare at the same time; either result will do.
    if now.abs_diff(COMPARED.load(Ordering::Relaxed)) > 1_000_000_000 {
        AHEAD.store((since_epoch().as_nanos() as u64).wrapping_sub(now), Ordering::Relaxed);
        COMPARED.store(now, Ordering::Relaxed);
    }
    Duration::from_nanos(now.wrapping_add(AHEAD.load(Ordering::Relaxed)))
}

/// Where a test's clock stands on the calendar: some time in November 2023.
const FROZEN_EPOCH: Duration = Duration::from_secs(1_700_000_000);

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
fn since_epoch() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn since_epoch() -> Duration {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = Date, js_name = now)]
        fn date_now() -> f64;
    }
    Duration::from_secs_f64(date_now().max(0.0) / 1000.0)
}

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
fn elapsed() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// `std::time::Instant` panics in a browser; `performance.now` counts milliseconds since the page began.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn elapsed() -> Duration {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance, js_name = now)]
        fn performance_now() -> f64;
    }
    Duration::from_secs_f64(performance_now().max(0.0) / 1000.0)
}
