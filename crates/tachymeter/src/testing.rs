//! For tests: capture what this test emits, and set the clock.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{Attached, Context, Emission, SpanId, Value, attach};

/// An event as a test looks at it.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The event's name.
    pub name: String,
    /// The measurements that are numbers.
    pub measurements: Vec<(String, Value<'static>)>,
    /// The metadata, as text.
    pub metadata: Vec<(String, String)>,
    /// The span that emitted it.
    pub context: Option<Context>,
    /// That span's parent.
    pub parent_id: Option<SpanId>,
}

impl Captured {
    /// A measurement; `None` if the event didn't have it.
    pub fn measurement(&self, key: &str) -> Option<Value<'static>> {
        self.measurements.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// A piece of metadata as text; `None` if the event didn't have it.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// What was captured so far; ends when it is dropped.
#[derive(Debug)]
pub struct Capture {
    events: Arc<Mutex<Vec<Captured>>>,
    _attached: Attached,
}

impl Capture {
    /// Takes what has been captured, oldest first.
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Captures these events as far as this thread emits them: tests that run beside it in threads of their own are not seen.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A sign-in."] pub event LOGIN = "doc.captured" { count } [result]; }
/// let events = tachymeter::testing::capture(&["doc.captured"]);
/// tachymeter::execute!(LOGIN, { count: 1u64 }, { result: "ok" });
/// assert_eq!(events.take()[0].get("result"), Some("ok"));
/// ```
///
/// # Panics
/// If the list is empty or a name is malformed.
pub fn capture(names: &[&str]) -> Capture {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let id = format!("tachymeter.capture.{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let events = Arc::new(Mutex::new(Vec::new()));
    let (sink, here) = (events.clone(), thread::current().id());
    let attached = attach(&id, names, move |emission| {
        if thread::current().id() == here {
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(captured(emission));
        }
    });
    Capture { events, _attached: attached.unwrap_or_else(|error| panic!("{error}")) }
}

fn captured(emission: &Emission<'_>) -> Captured {
    let number = |value: Value<'_>| match value {
        Value::Int(value) => Some(Value::Int(value)),
        Value::Uint(value) => Some(Value::Uint(value)),
        Value::Float(value) => Some(Value::Float(value)),
        Value::Bool(value) => Some(Value::Bool(value)),
        Value::Duration(value) => Some(Value::Duration(value)),
        Value::Str(_) => None,
    };
    Captured {
        name: emission.name().to_owned(),
        measurements: emission.measurements().iter().filter_map(|(key, value)| Some(((*key).to_owned(), number(*value)?))).collect(),
        metadata: emission.metadata().iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect(),
        context: emission.context(),
        parent_id: emission.parent_id(),
    }
}

thread_local! {
    static FROZEN: Cell<Option<Duration>> = const { Cell::new(None) };
}

pub(crate) fn frozen() -> Option<Duration> {
    FROZEN.try_with(Cell::get).ok().flatten()
}

/// This thread's clock, standing still until it is told to go on; the real one is back when it is dropped.
#[derive(Debug)]
pub struct FrozenClock(());

impl FrozenClock {
    /// Lets this much time pass.
    pub fn advance(&self, by: Duration) {
        FROZEN.set(FROZEN.get().map(|now| now + by));
    }
}

impl Drop for FrozenClock {
    fn drop(&mut self) {
        FROZEN.set(None);
    }
}

/// Stops this thread's clock.
///
/// ```
/// use std::time::Duration;
/// use tachymeter::{clock, testing};
///
/// let frozen = testing::freeze_clock();
/// let before = clock::now();
/// frozen.advance(Duration::from_secs(3));
/// assert_eq!(clock::now().since(before), Duration::from_secs(3));
/// ```
pub fn freeze_clock() -> FrozenClock {
    FROZEN.set(Some(Duration::from_secs(1_000)));
    FrozenClock(())
}
