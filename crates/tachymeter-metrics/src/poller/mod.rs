//! The poller: executes events at fixed times, for what doesn't happen but is: memory, open files, queues, pool sizes.
//!
//! A measurement is a function that looks at something and executes an event. Each runs by a timetable of its own, in a
//! thread where it may block: one that is slow, fails or panics delays none of the others. What fails is counted, said by
//! the event `poller.failure`, and tried again: at the next time, then at every 2nd, 4th, up to every 64th, until it works.
//!
//! The timetable is `start + n × period`, so that it doesn't drift, however long a measurement takes; times that have
//! passed meanwhile are left out. Wants a tokio runtime.

mod runtime;
mod system;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinError, spawn_blocking};
use tokio::time::{Instant, sleep_until};

tachymeter::events! {
    /// What the poller emits.
    pub EVENTS;

    /// This process: `cpu` in cores since the last time, `memory` (resident) and `virtual_memory` in bytes, `uptime` in seconds.
    pub event PROCESS = "process.usage" { cpu, memory, virtual_memory, open_files, open_files_limit, threads, uptime };

    /// This machine: `cpu` as a part of all its cores since the last time, `memory` and `swap` in use and in all in bytes, `load` over a minute.
    pub event HOST = "host.usage" { cpu, memory, memory_total, swap, swap_total, load };

    /// A tokio runtime: `tasks` alive, `queued` for any worker, `busy` as a part of all workers' time since the last time, `parks` since then.
    pub event RUNTIME = "tokio.runtime" { workers, tasks, queued, busy, parks } [runtime];

    /// A measurement of the poller failed; `consecutive` says how often in a row.
    pub event FAILURE = "poller.failure" { count, consecutive } [measurement, reason];
}

/// What a measurement may fail with.
pub type Failure = Box<dyn Error + Send + Sync>;

type Measure = dyn Fn() -> Result<(), Failure> + Send + Sync;

/// After so many failures in a row the pause grows no more: 2⁶ = 64 periods.
const LONGEST_PAUSE: u32 = 6;

/// Why a poller did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PollerError {
    /// Nothing can be done every 0 seconds.
    #[error("the poller's period is {0:?}: it must be at least one millisecond")]
    Period(Duration),
    /// Failures are told apart by the name.
    #[error("the poller has two measurements named {0:?}: give each a name of its own")]
    Twice(String),
    /// It was started outside of a runtime.
    #[error("there is no tokio runtime here: start the poller inside one")]
    NoRuntime,
}

/// What to measure, and how often.
///
/// ```
/// use std::time::Duration;
/// use tachymeter_metrics::poller::Poller;
///
/// tachymeter::events! {
///     /// Events of this example.
///     pub EVENTS;
///     /// How full the queue is.
///     pub event QUEUE = "queue.length" { length };
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let polling = Poller::new(Duration::from_secs(5))
///     .process()
///     .host()
///     .runtime("main", tokio::runtime::Handle::current())
///     .measure("queue", || {
///         let length = std::fs::read_dir("/tmp")?.count(); // may block, may fail
///         tachymeter::execute!(QUEUE, { length: length });
///         Ok(())
///     })
///     .start()?;
/// assert_eq!(polling.health().len(), 4);
/// drop(polling); // stops
/// # Ok(())
/// # }
/// ```
#[must_use = "a poller does nothing until it is started"]
pub struct Poller {
    period: Duration,
    delay: Duration,
    measurements: Vec<(String, Box<Measure>)>,
}

impl Poller {
    /// Measures nothing yet; the first time is at once, then every `period`.
    pub fn new(period: Duration) -> Self {
        Self { period, delay: Duration::ZERO, measurements: Vec::new() }
    }

    /// Measures for the first time only after this.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a measurement, which executes an event itself. It runs where it may block.
    pub fn measure(mut self, name: impl Into<String>, measure: impl Fn() -> Result<(), Failure> + Send + Sync + 'static) -> Self {
        self.measurements.push((name.into(), Box::new(measure)));
        self
    }

    /// Adds [`PROCESS`]: CPU, memory, open files and threads of this process.
    pub fn process(self) -> Self {
        self.measure("process", system::process())
    }

    /// Adds [`HOST`]: CPU, memory and load of this machine.
    pub fn host(self) -> Self {
        self.measure("host", system::host())
    }

    /// Adds [`RUNTIME`] for a tokio runtime, under a name for its tag `runtime`.
    pub fn runtime(self, name: &str, handle: Handle) -> Self {
        self.measure(format!("runtime.{name}"), runtime::runtime(name.to_owned(), handle))
    }

    /// Starts, in the current tokio runtime.
    ///
    /// # Errors
    /// A period below one millisecond, two measurements of one name, no runtime.
    pub fn start(self) -> Result<Polling, PollerError> {
        if self.period < Duration::from_millis(1) {
            return Err(PollerError::Period(self.period));
        }
        let runtime = Handle::try_current().map_err(|_| PollerError::NoRuntime)?;
        let mut polled: Vec<Arc<Measurement>> = Vec::new();
        for (name, measure) in self.measurements {
            if polled.iter().any(|known| known.name == name) {
                return Err(PollerError::Twice(name));
            }
            polled.push(Arc::new(Measurement { name, measure, failures: AtomicU64::new(0), consecutive: AtomicU32::new(0) }));
        }
        tachymeter::declare(EVENTS);
        let first = Instant::now() + self.delay;
        let start =
            |measurement: &Arc<Measurement>| runtime.spawn(poll(Arc::clone(measurement), first, self.period)).abort_handle();
        Ok(Polling { tasks: polled.iter().map(start).collect(), measurements: polled })
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.measurements.iter().map(|(name, _)| name).collect();
        f.debug_struct("Poller").field("period", &self.period).field("measurements", &names).finish_non_exhaustive()
    }
}

struct Measurement {
    name: String,
    measure: Box<Measure>,
    failures: AtomicU64,
    consecutive: AtomicU32,
}

async fn poll(measurement: Arc<Measurement>, first: Instant, period: Duration) {
    let mut next = first;
    loop {
        sleep_until(next).await;
        let again = Arc::clone(&measurement);
        let pause = measurement.note(spawn_blocking(move || (again.measure)()).await);
        // Always a time of the timetable, however long that took.
        let passed = next.elapsed().as_nanos() / period.as_nanos();
        next += period * (u32::try_from(passed).unwrap_or(u32::MAX).max(pause).saturating_add(1));
    }
}

impl Measurement {
    /// For how many times it is left alone.
    fn note(&self, outcome: Result<Result<(), Failure>, JoinError>) -> u32 {
        let reason = match outcome {
            Ok(Ok(())) => {
                self.consecutive.store(0, Ordering::Relaxed);
                return 0;
            }
            Ok(Err(failure)) => failure.to_string(),
            Err(error) => error.try_into_panic().map_or_else(|error| error.to_string(), |panic| message(&*panic)),
        };
        self.failures.fetch_add(1, Ordering::Relaxed);
        let consecutive = self.consecutive.fetch_add(1, Ordering::Relaxed) + 1;
        tachymeter::execute!(FAILURE, { count: 1u64, consecutive: consecutive }, {
            measurement: self.name.as_str(),
            reason: reason.as_str(),
        });
        2u32.pow((consecutive - 1).min(LONGEST_PAUSE)) - 1
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a message"))
}

/// How one measurement fares.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Its name.
    pub name: String,
    /// How often it has failed.
    pub failures: u64,
    /// How often it has failed since it last worked.
    pub consecutive: u32,
}

/// A poller that runs, until this is dropped.
#[must_use = "dropping it stops the poller"]
pub struct Polling {
    measurements: Vec<Arc<Measurement>>,
    tasks: Vec<AbortHandle>,
}

impl Polling {
    /// Every measurement, in the order in which they were added.
    pub fn health(&self) -> Vec<Health> {
        let health = |measurement: &Arc<Measurement>| Health {
            name: measurement.name.clone(),
            failures: measurement.failures.load(Ordering::Relaxed),
            consecutive: measurement.consecutive.load(Ordering::Relaxed),
        };
        self.measurements.iter().map(health).collect()
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for Polling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").field("health", &self.health()).finish_non_exhaustive()
    }
}

/// A measurement that panicked leaves nothing half-done behind that the next one could not start from.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
