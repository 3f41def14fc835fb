//! Attaching and detaching handlers, and executing by name.

use std::fmt;
use std::sync::Arc;

use crate::emission::Origin;
use crate::name::{is_name, is_under};
use crate::sync::{AtomicU64, Ordering};
use crate::table::{self, Handler};
use crate::{Context, Emission, SpanId, Value, declared, warn};

/// Why a handler was not attached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachError {
    /// The id is in use; the handler that has it stays.
    AlreadyAttached(String),
    /// The list of event names is empty, or no declared event begins with the prefix.
    NoEvents,
    /// Not an event's name.
    MalformedName(String),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyAttached(id) => {
                write!(f, "a handler with the id {id:?} is attached already: ids are unique over all events")
            }
            Self::NoEvents => {
                f.write_str("there is no event to attach to: name at least one, or declare those with the prefix first")
            }
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
#[derive(Debug)]
pub struct Attached {
    handler: Arc<Handler>,
    stays: bool,
}

impl Attached {
    /// The id under which it is attached.
    pub fn id(&self) -> &str {
        &self.handler.id
    }

    /// Detaches.
    pub fn detach(self) {}

    /// Keeps the handler attached for as long as the program runs; [`detach`] by id still works.
    pub fn forget(mut self) {
        self.stays = true;
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if !self.stays {
            drop(table::remove_exact(&self.handler));
        }
    }
}

/// Attaches a handler to events by name, under an id that is unique over the whole table. A name that is listed twice counts once.
///
/// The handler runs in the thread that executes the event, before `execute` returns; those of one event run in the order in which they
/// were attached. It may attach and detach, itself included: that takes effect at the next `execute`. A `detach` doesn't wait for other
/// threads that are running the handler just then. If it panics it is detached from all its events,
/// [`HANDLER_FAILURE`](crate::HANDLER_FAILURE) is executed, and the caller notices nothing.
///
/// ```
/// let attached = tachymeter::attach("count logins", &["auth.login"], |login| assert!(login.measurement("count").is_some()))?;
/// assert_eq!(attached.id(), "count logins");
/// # Ok::<(), tachymeter::AttachError>(())
/// ```
///
/// # Errors
/// An id in use, an empty list, a malformed name.
pub fn attach(
    id: &str,
    names: &[&str],
    handler: impl Fn(&Emission<'_>) + Send + Sync + 'static,
) -> Result<Attached, AttachError> {
    insert(id, names, Box::new(handler), false)
}

/// Like [`attach`], but the handler stays attached when it panics; its failures are counted (see [`failures`]).
///
/// ```
/// let durable = tachymeter::attach_durable("forgiving", &["doc.durable"], |_| panic!("again"))?;
/// tachymeter::execute("doc.durable", &[], &[]);
/// tachymeter::execute("doc.durable", &[], &[]);
/// assert_eq!(tachymeter::failures("forgiving"), Some(2));
/// # Ok::<(), tachymeter::AttachError>(())
/// ```
///
/// # Errors
/// As for [`attach`].
pub fn attach_durable(
    id: &str,
    names: &[&str],
    handler: impl Fn(&Emission<'_>) + Send + Sync + 'static,
) -> Result<Attached, AttachError> {
    insert(id, names, Box::new(handler), true)
}

/// Like [`attach`], to all events that are [`declared`] now and are `prefix` or begin with its segments.
///
/// ```
/// # tachymeter::events! { #[doc = "All."] pub EVENTS; #[doc = "A."] pub event A = "doc.prefix.a"; #[doc = "B."] pub event B = "doc.prefix.b"; }
/// tachymeter::declare(EVENTS);
/// let attached = tachymeter::attach_prefix("both", "doc.prefix", |event| assert!(event.name().starts_with("doc.prefix.")))?;
/// assert_eq!(tachymeter::list_handlers("doc.prefix").len(), 2);
/// # Ok::<(), tachymeter::AttachError>(())
/// ```
///
/// # Errors
/// An id in use, or no declared event below the prefix.
pub fn attach_prefix(
    id: &str,
    prefix: &str,
    handler: impl Fn(&Emission<'_>) + Send + Sync + 'static,
) -> Result<Attached, AttachError> {
    let names: Vec<_> = declared().iter().map(|event| event.name()).filter(|name| is_under(name, prefix)).collect();
    insert(id, &names, Box::new(handler), false)
}

fn insert(
    id: &str,
    names: &[&str],
    run: Box<dyn Fn(&Emission<'_>) + Send + Sync>,
    durable: bool,
) -> Result<Attached, AttachError> {
    if names.is_empty() {
        return Err(AttachError::NoEvents);
    }
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(AttachError::MalformedName((*name).to_owned()));
    }
    let handler = Arc::new(Handler { id: id.to_owned(), run, durable, failures: AtomicU64::new(0) });
    match table::insert(&handler, names) {
        Some(_replaced) => Ok(Attached { handler, stays: false }),
        None => Err(AttachError::AlreadyAttached(id.to_owned())),
    }
}

/// Detaches the handler with this id from all its events.
///
/// # Errors
/// When there is none.
pub fn detach(id: &str) -> Result<(), DetachError> {
    table::remove(id).map(drop).ok_or_else(|| DetachError(id.to_owned()))
}

/// A handler and one of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerInfo {
    /// The handler's id.
    pub id: String,
    /// One of the events that it is attached to.
    pub event: &'static str,
    /// Whether it stays attached when it panics.
    pub durable: bool,
    /// How often it has panicked.
    pub failures: u64,
}

/// The handlers of all events that are `prefix` or begin with its segments; `""` lists all. One on three events is listed three times.
pub fn list_handlers(prefix: &str) -> Vec<HandlerInfo> {
    let inside = table::handlers().into_iter().filter(|(_, name)| is_under(name, prefix));
    let info = |(handler, event): (Arc<Handler>, _)| {
        let failures = handler.failures.load(Ordering::Relaxed);
        HandlerInfo { id: handler.id.clone(), event, durable: handler.durable, failures }
    };
    let mut found: Vec<_> = inside.map(info).collect();
    found.sort_by(|a, b| (a.event, &a.id).cmp(&(b.event, &b.id)));
    found
}

/// How often the durable handler with this id has panicked; `None` if there is no such handler.
pub fn failures(id: &str) -> Option<u64> {
    table::get(id).map(|handler| handler.failures.load(Ordering::Relaxed))
}

/// Executes an event whose name is known only at run time. A name that nobody has attached to reaches nobody. If the event is
/// [`declared`], keys that it doesn't declare are said on stderr, once, in debug builds.
///
/// ```
/// # fn main() -> Result<(), tachymeter::AttachError> {
/// let attached = tachymeter::attach("run time", &["plugin.loaded"], |event| assert_eq!(event.name(), "plugin.loaded"))?;
/// tachymeter::execute("plugin.loaded", &[("count", 1u64.into())], &[]);
/// # Ok(())
/// # }
/// ```
pub fn execute(name: &str, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)]) {
    by_name(name, measurements, metadata, Origin::Ambient);
}

/// Like [`execute`], for an event that happened elsewhere: its span and that span's parent are told, not looked up. Its keys are those of
/// elsewhere, too; whoever takes them from there checks them.
///
/// ```
/// use tachymeter::Context;
/// let (parent, child) = (Context::new_root(), Context::new_root().child());
/// tachymeter::execute_for(Some(child), Some(parent.span_id), "browser.click", &[("count", 1u64.into())], &[]);
/// ```
pub fn execute_for(
    context: Option<Context>,
    parent_id: Option<SpanId>,
    name: &str,
    measurements: &[(&str, Value<'_>)],
    metadata: &[(&str, Value<'_>)],
) {
    by_name(name, measurements, metadata, Origin::Span(context, parent_id));
}

fn by_name(name: &str, measurements: &[(&str, Value<'_>)], metadata: &[(&str, Value<'_>)], origin: Origin) {
    if table::is_heard(name) {
        if matches!(origin, Origin::Ambient) {
            warn::undeclared_by_name(name, measurements, metadata);
        }
        table::dispatch_by_name(&Emission::new(name, measurements, metadata, origin));
    }
}
