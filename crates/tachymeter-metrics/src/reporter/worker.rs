//! A thread that does the same thing again and again, and once more at the end.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Calls a function at whole multiples of an interval, in a thread of its own; a last time when it is dropped, which waits for it.
///
/// A call that takes longer than the interval doesn't shift the ones after it: those that were missed are left out.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::sync::Arc;
/// use tachymeter_metrics::reporter::Worker;
///
/// let calls = Arc::new(AtomicU32::new(0));
/// let counted = calls.clone();
/// let worker = Worker::start("doc", std::time::Duration::from_secs(3_600), move || _ = counted.fetch_add(1, Ordering::Relaxed))?;
/// drop(worker);
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Worker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts it; the first call comes after one interval.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(name: &str, interval: Duration, mut work: impl FnMut() + Send + 'static) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let mut next = Instant::now() + interval;
        let run = move || {
            loop {
                let end = stopped.recv_timeout(next.saturating_duration_since(Instant::now()));
                work();
                if end != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                while next <= Instant::now() {
                    next += interval.max(Duration::from_millis(1));
                }
            }
        };
        let thread = thread::Builder::new().name(format!("telemetry-{name}")).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it panicked, that has been said on stderr.
            _ = thread.join();
        }
    }
}
