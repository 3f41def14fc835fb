//! The operating system's clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) use std::time::Instant;

pub(super) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
