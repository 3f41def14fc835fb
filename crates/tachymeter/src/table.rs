//! The table of handlers: attach, detach, list, and the dispatch of an event to those who listen.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use crate::event::is_name;
use crate::{Context, Emission, Event, Value};

crate::events! {
    /// What the table itself emits.
    pub EVENTS;

    /// A handler panicked. Unless it is durable it has been detached from all its events.
    pub event HANDLER_FAILURE = "telemetry.handler.failure" { count } [handler_id, event_name, reason];
}

struct Handler {
    id: Arc<str>,
    run: Box<dyn Fn(&Emission<'_>) + Send + Sync>,
    durable: bool,
    failures: AtomicU64,
}

type Handlers = Arc<[Arc<Handler>]>;

/// A thread's copy of a list, and the version that it is of.
type Copy = (u64, Rc<[Arc<Handler>]>);

/// One event name and who listens to it. There are as many as there are names, and they stay.
pub(crate) struct Entry {
    name: &'static str,
    number: usize,
    attached: AtomicUsize,
    /// Counts the changes of `handlers`; a thread's copy of an older version is renewed.
    version: AtomicU64,
    handlers: RwLock<Handlers>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).field("attached", &self.attached).finish()
    }
}

impl Entry {
    pub(crate) fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed) != 0
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Handler>>)) {
        let mut handlers = self.handlers.write().unwrap_or_else(PoisonError::into_inner);
        let mut list = handlers.to_vec();
        change(&mut list);
        self.attached.store(list.len(), Ordering::Relaxed);
        *handlers = list.into();
        self.version.fetch_add(1, Ordering::Release);
    }

    /// This thread's copy of the list, renewed if it is old. Copies are shared by reference count within the thread alone, so a dispatch
    /// writes nothing that another thread reads.
    fn snapshot(&self) -> Rc<[Arc<Handler>]> {
        thread_local! {
            static COPIES: RefCell<Vec<Option<Copy>>> = const { RefCell::new(Vec::new()) };
        }
        let fresh = || {
            let handlers = self.handlers.read().unwrap_or_else(PoisonError::into_inner);
            (self.version.load(Ordering::Acquire), Rc::from(&handlers[..]))
        };
        COPIES
            .try_with(|copies| {
                let mut copies = copies.borrow_mut();
                if copies.len() <= self.number {
                    copies.resize_with(self.number + 1, || None);
                }
                let version = self.version.load(Ordering::Acquire);
                let old = match &copies[self.number] {
                    Some((seen, copy)) if *seen == version => return (copy.clone(), None),
                    _ => copies[self.number].take(),
                };
                let (version, copy) = fresh();
                copies[self.number] = Some((version, Rc::clone(&copy)));
                // Its last handler may be freed with it, whose drop may execute events: not while the copies are borrowed.
                (copy, old)
            })
            // The thread is ending and its copies are gone.
            .unwrap_or_else(|_| (fresh().1, None))
            .0
    }
}

/// What an event's declaration holds: its entry in the table, found once.
#[derive(Debug)]
pub struct Slot(OnceLock<&'static Entry>);

impl Slot {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn entry(&self, name: &'static str) -> &'static Entry {
        self.0.get_or_init(|| entry(name))
    }
}

static ENTRIES: LazyLock<RwLock<HashMap<&'static str, &'static Entry>>> = LazyLock::new(RwLock::default);

/// Every id and where it is attached. Its lock also serialises all changes of the table.
static IDS: LazyLock<Mutex<HashMap<Arc<str>, Registration>>> = LazyLock::new(Mutex::default);

struct Registration {
    handler: Arc<Handler>,
    entries: Vec<&'static Entry>,
}

fn ids() -> MutexGuard<'static, HashMap<Arc<str>, Registration>> {
    IDS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn known(name: &str) -> Option<&'static Entry> {
    ENTRIES.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

fn entry(name: &str) -> &'static Entry {
    if let Some(entry) = known(name) {
        return entry;
    }
    let mut entries = ENTRIES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = entries.get(name) {
        return entry;
    }
    let name: &'static str = Box::leak(name.into());
    let entry: &'static Entry = Box::leak(Box::new(Entry {
        name,
        number: entries.len(),
        attached: AtomicUsize::new(0),
        version: AtomicU64::new(0),
        handlers: RwLock::new(Arc::new([])),
    }));
    entries.insert(name, entry);
    entry
}

/// Why a handler was not attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachError {
    /// The id is in use; the handler that has it stays.
    AlreadyAttached(String),
    /// The list of event names is empty.
    NoEvents,
    /// Not an event's name.
    MalformedName(String),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyAttached(id) => write!(f, "a handler with the id {id:?} is attached already: ids are unique over all events"),
            Self::NoEvents => f.write_str("the list of event names is empty: name at least one"),
            Self::MalformedName(name) => {
                write!(f, "{name:?} is not an event's name: dotted segments of a-z, 0-9 and _, for example \"http.request.stop\"")
            }
        }
    }
}

impl std::error::Error for AttachError {}

/// There is no handler with this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachError(String);

impl fmt::Display for DetachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no handler with the id {:?} is attached", self.0)
    }
}

impl std::error::Error for DetachError {}

/// An attached handler; dropping it detaches.
#[must_use = "dropping it detaches the handler; `forget` keeps it attached"]
pub struct Attached {
    handler: Arc<Handler>,
}

impl Attached {
    /// Detaches.
    pub fn detach(self) {}

    /// Keeps the handler attached for as long as the program runs; [`detach`] by id still works.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attached").field(&self.handler.id).finish()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        remove(&self.handler);
    }
}

/// Attaches a handler to events by name, under an id that is unique over the whole table. A name that is listed twice counts once.
///
/// The handler runs in the thread that executes the event, before `execute` returns. It may attach and detach, itself included: that takes
/// effect at the next `execute`. If it panics it is detached from all its events, [`HANDLER_FAILURE`] is executed, and the caller
/// notices nothing.
///
/// # Errors
/// An id in use, an empty list, a malformed name.
pub fn attach(id: &str, names: &[&str], handler: impl Fn(&Emission<'_>) + Send + Sync + 'static) -> Result<Attached, AttachError> {
    insert(id, names, Box::new(handler), false)
}

/// Like [`attach`], but the handler stays attached when it panics; its failures are counted (see [`failures`]).
///
/// # Errors
/// As for [`attach`].
pub fn attach_durable(id: &str, names: &[&str], handler: impl Fn(&Emission<'_>) + Send + Sync + 'static) -> Result<Attached, AttachError> {
    insert(id, names, Box::new(handler), true)
}

fn insert(id: &str, names: &[&str], run: Box<dyn Fn(&Emission<'_>) + Send + Sync>, durable: bool) -> Result<Attached, AttachError> {
    if names.is_empty() {
        return Err(AttachError::NoEvents);
    }
    if let Some(name) = names.iter().find(|name| !is_name(name.as_bytes())) {
        return Err(AttachError::MalformedName((*name).to_owned()));
    }
    let mut ids = ids();
    if ids.contains_key(id) {
        return Err(AttachError::AlreadyAttached(id.to_owned()));
    }
    let mut entries: Vec<&'static Entry> = Vec::with_capacity(names.len());
    for entry in names.iter().map(|name| entry(name)) {
        if !entries.iter().any(|known| known.number == entry.number) {
            entries.push(entry);
        }
    }
    let handler = Arc::new(Handler { id: id.into(), run, durable, failures: AtomicU64::new(0) });
    for entry in &entries {
        entry.change(|list| list.push(handler.clone()));
    }
    ids.insert(handler.id.clone(), Registration { handler: handler.clone(), entries });
    Ok(Attached { handler })
}

/// Detaches the handler with this id from all its events.
///
/// # Errors
/// When there is none.
pub fn detach(id: &str) -> Result<(), DetachError> {
    let removed = {
        let mut ids = ids();
        let removed = ids.remove(id);
        removed.inspect(take_out)
    };
    removed.map(drop).ok_or_else(|| DetachError(id.to_owned()))
}

fn take_out(registration: &Registration) {
    for entry in &registration.entries {
        entry.change(|list| list.retain(|handler| !Arc::ptr_eq(handler, &registration.handler)));
    }
}

/// Detaches this very handler: another may have taken its id since.
fn remove(handler: &Arc<Handler>) {
    let removed = {
        let mut ids = ids();
        let same = ids.get(&handler.id).is_some_and(|registration| Arc::ptr_eq(&registration.handler, handler));
        if same { ids.remove(&handler.id).inspect(take_out) } else { None }
    };
    drop(removed);
}

/// A handler and one of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerInfo {
    /// The handler's id.
    pub id: String,
    /// One of the events that it is attached to.
    pub event: &'static str,
}

/// The handlers of all events that are `prefix` or begin with its segments; `""` lists all. One on three events is listed three times.
pub fn list_handlers(prefix: &str) -> Vec<HandlerInfo> {
    let inside = |name: &str| name.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('.'));
    let ids = ids();
    let all = ids.iter().flat_map(|(id, registration)| registration.entries.iter().map(move |entry| (id, entry.name)));
    let mut found: Vec<_> =
        all.filter(|(_, name)| inside(name)).map(|(id, event)| HandlerInfo { id: id.to_string(), event }).collect();
    found.sort_by(|a, b| (a.event, &a.id).cmp(&(b.event, &b.id)));
    found
}

/// How often the durable handler with this id has panicked; `None` if there is no such handler.
pub fn failures(id: &str) -> Option<u64> {
    ids().get(id).map(|registration| registration.handler.failures.load(Ordering::Relaxed))
}

/// Executes an event whose name is known only at run time. A name that nobody has attached to reaches nobody.
///
/// ```
/// # fn main() -> Result<(), tachymeter::AttachError> {
/// let attached = tachymeter::attach("run time", &["plugin.loaded"], |event| assert_eq!(event.name(), "plugin.loaded"))?;
/// tachymeter::execute("plugin.loaded", &[("count", 1u64.into())], &[]);
/// # Ok(())
/// # }
/// ```
pub fn execute(name: &str, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)]) {
    if let Some(entry) = known(name).filter(|entry| entry.is_attached()) {
        dispatch(entry, &Emission { name, measurements, metadata, context: Context::current(), parent: None });
    }
}

impl Event {
    #[doc(hidden)]
    pub fn dispatch(&self, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)]) {
        dispatch(self.entry(), &Emission { name: self.name(), measurements, metadata, context: Context::current(), parent: None });
    }
}

pub(crate) fn dispatch(entry: &Entry, emission: &Emission<'_>) {
    for handler in entry.snapshot().iter() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (handler.run)(emission))) {
            failed(handler, emission.name, &panic);
        }
    }
}

#[cold]
fn failed(handler: &Arc<Handler>, event: &str, panic: &Box<dyn Any + Send>) {
    handler.failures.fetch_add(1, Ordering::Relaxed);
    if !handler.durable {
        remove(handler);
    }
    let reason = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let reason = reason.unwrap_or("a panic without a message");
    // A durable handler of the failure event that fails would otherwise go on for ever.
    if !(handler.durable && event == HANDLER_FAILURE.name()) {
        crate::execute!(HANDLER_FAILURE, { count: 1u64 }, { handler_id: &*handler.id, event_name: event, reason: reason });
    }
    let fate = if handler.durable { "stays attached" } else { "has been detached" };
    eprintln!("tachymeter: the handler {:?} panicked on {event} and {fate}: {reason}", handler.id);
}
