//! The one place that reads the time: monotonic, the same on every platform, and set by tests.

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
