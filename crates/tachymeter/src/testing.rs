//! For tests: capture what this test emits, and set the clock.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::clock::{self, Timestamp};
use crate::name::is_name;
use crate::table::{self, Entry};
use crate::{AttachError, Context, Emission, SpanId, Value};

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
pub struct Capture(Arc<Sink>);

#[derive(Debug)]
struct Sink {
    entries: Vec<&'static Entry>,
    events: Mutex<Vec<Captured>>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.entries.drain(..).for_each(table::remove_capture);
    }
}

impl Capture {
    /// Takes what has been captured, oldest first.
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut self.0.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// For a thread that the test starts: what is emitted there inside [`Scope::run`] is captured too.
    ///
    /// ```
    /// let events = tachymeter::testing::capture(&["doc.scope"]);
    /// let scope = events.scope();
    /// std::thread::spawn(move || scope.run(|| tachymeter::execute("doc.scope", &[], &[]))).join().unwrap();
    /// assert_eq!(events.take().len(), 1);
    /// ```
    pub fn scope(&self) -> Scope {
        Scope(Arc::downgrade(&self.0))
    }
}

/// Carries a [`Capture`] into another thread.
#[derive(Clone, Debug)]
pub struct Scope(Weak<Sink>);

impl Scope {
    /// Runs a closure whose events are captured, in whatever thread.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        SINKS.with(|sinks| sinks.borrow_mut().push(self.0.clone()));
        let _leave = Leave(&self.0);
        work()
    }
}

/// Ends a [`Scope::run`], also by a panic.
struct Leave<'a>(&'a Weak<Sink>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        SINKS.with(|sinks| {
            let mut sinks = sinks.borrow_mut();
            if let Some(place) = sinks.iter().rposition(|sink| sink.ptr_eq(self.0)) {
                sinks.remove(place);
            }
        });
    }
}

thread_local! {
    /// Who captures what this thread emits.
    static SINKS: RefCell<Vec<Weak<Sink>>> = const { RefCell::new(Vec::new()) };
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
    assert!(!names.is_empty(), "there is no event to capture: name at least one");
    for name in names {
        assert!(is_name(name), "{}", AttachError::MalformedName((*name).to_owned()));
    }
    let distinct: BTreeSet<_> = names.iter().collect();
    let entries = distinct.into_iter().map(|name| table::add_capture(name, record)).collect();
    let sink = Arc::new(Sink { entries, events: Mutex::default() });
    SINKS.with(|sinks| {
        let mut sinks = sinks.borrow_mut();
        sinks.retain(|sink| sink.strong_count() > 0);
        sinks.push(Arc::downgrade(&sink));
    });
    Capture(sink)
}

/// Called by the dispatch when a test, in whatever thread, captures the event.
fn record(entry: &'static Entry, emission: &Emission<'_>) {
    let sinks = SINKS.try_with(|sinks| sinks.borrow().iter().filter_map(Weak::upgrade).collect::<Vec<_>>());
    let mut seen: Vec<*const Sink> = Vec::new();
    for sink in sinks.unwrap_or_default() {
        if sink.entries.iter().any(|known| std::ptr::eq(*known, entry)) && !seen.contains(&Arc::as_ptr(&sink)) {
            seen.push(Arc::as_ptr(&sink));
            sink.events.lock().unwrap_or_else(PoisonError::into_inner).push(captured(emission));
        }
    }
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
        measurements: emission
            .measurements()
            .iter()
            .filter_map(|(key, value)| Some(((*key).to_owned(), number(*value)?)))
            .collect(),
        metadata: emission.metadata().iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect(),
        context: emission.context(),
        parent_id: emission.parent_id(),
    }
}

thread_local! {
    /// When this thread's clock was stopped, and how much time a test has let pass since.
    static FROZEN: Cell<Option<(Timestamp, Duration)>> = const { Cell::new(None) };
}

#[inline]
pub(crate) fn frozen() -> Option<(Timestamp, Duration)> {
    FROZEN.get()
}

/// This thread's clock, standing still until it is told to go on; the real one is back when it is dropped.
#[derive(Debug)]
pub struct FrozenClock(());

impl FrozenClock {
    /// Lets this much time pass.
    pub fn advance(&self, by: Duration) {
        FROZEN.set(FROZEN.get().map(|(since, passed)| (since, passed + by)));
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
    FROZEN.set(Some((clock::now(), Duration::ZERO)));
    FrozenClock(())
}
