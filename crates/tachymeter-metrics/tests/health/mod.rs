//! What reporters say of themselves, for the tests of those that send.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tachymeter::Attached;
use tachymeter_metrics::reporter::{DROPPED, FAILED, SENT};

/// Reporters hear the events of all tests of a process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What the reporter says of itself: events' names, counts and reasons.
pub(crate) struct Health {
    said: Arc<Mutex<Vec<(String, u64, String)>>>,
    _attached: Attached,
    _alone: MutexGuard<'static, ()>,
}

impl Health {
    pub(crate) fn listen() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let attached = tachymeter::attach("health", &[SENT.name(), DROPPED.name(), FAILED.name()], move |event| {
            let count = event.measurement("count").and_then(|count| count.as_f64()).unwrap() as u64;
            let reason = event.get("reason").map_or(String::new(), |reason| reason.to_string());
            heard.lock().unwrap().push((event.name().to_owned(), count, reason));
        });
        Self { said, _attached: attached.unwrap(), _alone: alone }
    }

    /// All counts of this event and reason together.
    pub(crate) fn total(&self, event: &tachymeter::Event, reason: &str) -> u64 {
        let said = self.said.lock().unwrap();
        said.iter().filter(|(name, _, why)| name == event.name() && why.contains(reason)).map(|(_, count, _)| count).sum()
    }
}

/// Waits for what the reporter's thread does.
pub(crate) fn until(what: &str, is: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} did not happen");
        std::thread::yield_now();
    }
}
