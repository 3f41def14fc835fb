//! The one place that reads the time: monotonic, the same on every platform, and set by tests.

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod browser;
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
mod native;

use std::cell::Cell;
use std::time::Duration;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
use browser as platform;
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
use native as platform;

/// A point in time, comparable with others of the same process.
///
/// ```
/// let before = tachymeter::clock::now();
/// assert!(tachymeter::clock::now() >= before);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(platform::Instant);

impl Timestamp {
    /// The time that has passed since an earlier one; zero if that one is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}

/// The current time.
#[inline]
pub fn now() -> Timestamp {
    match crate::testing::frozen() {
        None => Timestamp(platform::Instant::now()),
        Some((since, passed)) => since.after(passed),
    }
}

/// The time since the Unix epoch, to place things on a calendar. It may jump; measure with [`now`].
///
/// ```
/// assert!(tachymeter::clock::system_time().as_secs() > 1_600_000_000);
/// ```
pub fn system_time() -> Duration {
    crate::testing::frozen().map_or_else(platform::since_epoch, |(_, passed)| FROZEN_EPOCH + passed)
}

thread_local! {
    /// The two clocks, as they were when this thread compared them last.
    static COMPARED: Cell<Option<(Timestamp, Duration)>> = const { Cell::new(None) };
}

/// What [`system_time`] would have said at `now`, without another look at a clock: the two are compared once per second.
pub(crate) fn system_time_at(now: Timestamp) -> Duration {
    if crate::testing::frozen().is_some() {
        return system_time();
    }
    if let Some((then, epoch)) = COMPARED.get() {
        let passed = now.since(then);
        if passed < Duration::from_secs(1) {
            return epoch + passed;
        }
    }
    let epoch = platform::since_epoch();
    COMPARED.set(Some((now, epoch)));
    epoch
}

/// Where a test's clock stands on the calendar: some time in November 2023.
const FROZEN_EPOCH: Duration = Duration::from_secs(1_700_000_000);
