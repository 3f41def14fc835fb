//! What a tokio runtime says of itself, as far as its stable interface goes.

use std::sync::Mutex;
use std::time::Duration;

use tachymeter::Value;
use tachymeter::clock::{self, Timestamp};
use tokio::runtime::Handle;

use super::{Failure, RUNTIME, lock};

/// Time spent and parks so far, of all workers.
#[derive(Clone, Copy)]
struct Work {
    at: Timestamp,
    busy: Duration,
    parks: u64,
}

pub(super) fn runtime(name: String, handle: Handle) -> impl Fn() -> Result<(), Failure> {
    let last: Mutex<Option<Work>> = Mutex::new(None);
    move || {
        if !RUNTIME.is_attached() {
            return Ok(());
        }
        let metrics = handle.metrics();
        let workers = metrics.num_workers();
        let work = Work {
            at: clock::now(),
            busy: (0..workers).map(|worker| metrics.worker_total_busy_duration(worker)).sum(),
            parks: (0..workers).map(|worker| metrics.worker_park_count(worker)).sum(),
        };
        let mut measured: Vec<(&str, Value<'_>)> = vec![
            ("workers", workers.into()),
            ("tasks", metrics.num_alive_tasks().into()),
            ("queued", metrics.global_queue_depth().into()),
        ];
        if let Some(before) = lock(&last).replace(work) {
            let elapsed = work.at.since(before.at).as_secs_f64() * workers as f64;
            if elapsed > 0.0 {
                measured.push(("busy", (work.busy.saturating_sub(before.busy).as_secs_f64() / elapsed).into()));
            }
            measured.push(("parks", work.parks.saturating_sub(before.parks).into()));
        }
        RUNTIME.execute(&measured, &[("runtime", name.as_str().into())]);
        Ok(())
    }
}
