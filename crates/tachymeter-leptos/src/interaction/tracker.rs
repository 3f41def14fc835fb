//! The open interactions of the page: what each waits for, and when it closes.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;

use leptos::prelude::*;
use tachymeter::{Context, execute};

pub(crate) use super::calls::{InFlight, answered, parent, sent};
use super::causes::Causes;
use super::ended::{self, Ended};
use super::hook::Tags;
pub(crate) use super::input::handle;
use super::paint::{self, Painted};
use super::report::{Interaction, Marks, Outcome};
use super::{input, watch};
use crate::events::{INTERACTION_LATE, INTERACTION_START};

/// How many closed interactions a hook remembers.
const REMEMBERED: usize = 10;
/// How many may be open at once; beyond, the oldest is given up, so that a server that never answers costs no memory.
const MAX_OPEN: usize = 1_000;
/// How long after its end a task of an interaction may still re-render in its name, in milliseconds, ...
const GRACE_MS: f64 = 10_000.0;
/// ... and of how many closed interactions that is remembered.
const MAX_CLOSED: usize = 100;

/// An input that becomes an interaction. Times in milliseconds of the page's clock.
pub(super) struct Opening {
    pub(super) name: String,
    pub(super) hook: Option<&'static str>,
    pub(super) event: Cow<'static, str>,
    /// What kind of event the input itself was.
    pub(super) origin: Cow<'static, str>,
    /// Whether a person made it.
    pub(super) trusted: bool,
    pub(super) input: f64,
    pub(super) seen: f64,
}

pub(super) struct Open {
    pub(super) id: u32,
    /// The root of its trace: what it causes here and on the server lies below.
    pub(super) context: Context,
    name: String,
    hook: Option<&'static str>,
    tags: Tags,
    event: Cow<'static, str>,
    origin: Cow<'static, str>,
    trusted: bool,
    pub(super) marks: Marks,
    /// The document changed in this flush because of it.
    changed: bool,
    /// Polls that it caused and that have not run yet.
    queued: u32,
    /// Server functions that have not answered yet.
    pub(super) in_flight: u32,
    pub(super) failed: bool,
    pub(super) superseded: bool,
    /// A paint is being waited for.
    awaiting_paint: bool,
}

impl Open {
    fn settled(&self) -> bool {
        self.queued == 0 && self.in_flight == 0
    }

    fn outcome(&self, hidden: bool) -> Outcome {
        if self.failed {
            Outcome::Failed
        } else if self.superseded {
            Outcome::Superseded
        } else if hidden {
            Outcome::Hidden
        } else if self.marks.renders > 0 {
            Outcome::Rendered
        } else {
            Outcome::Unchanged
        }
    }
}

/// What is kept of a closed interaction for the grace time.
struct Closed {
    id: u32,
    context: Context,
    name: String,
    event: Cow<'static, str>,
    input: f64,
    at: f64,
    changed: bool,
}

#[derive(Default)]
struct Page {
    last_id: u32,
    /// By their id.
    open: Vec<Open>,
    closed: VecDeque<Closed>,
    hooks: Vec<(&'static str, RwSignal<Vec<Interaction>>)>,
}

impl Page {
    fn find(&mut self, id: u32) -> Option<&mut Open> {
        let at = self.open.binary_search_by_key(&id, |open| open.id).ok()?;
        self.open.get_mut(at)
    }
}

thread_local! {
    static PAGE: RefCell<Page> = RefCell::default();
}

/// Opens an interaction, and says so.
pub(super) fn open(opening: Opening) -> u32 {
    let Opening { name, hook, event, origin, trusted, input, seen } = opening;
    let oldest = PAGE.with_borrow_mut(|page| (page.open.len() >= MAX_OPEN).then(|| page.open.remove(0)));
    if let Some(oldest) = oldest {
        close(oldest, paint::now(), Outcome::Aborted);
    }
    let context = Context::new_root();
    // In its own trace, by which a report that comes twice is known.
    context.in_scope(|| execute!(INTERACTION_START, { count: 1u64 }, { name: name.as_str(), event: &*event }));
    watch::set(true);
    let id = PAGE.with_borrow_mut(|page| {
        page.last_id += 1;
        page.open.push(Open {
            id: page.last_id,
            context,
            name,
            hook,
            tags: &[],
            event,
            origin,
            trusted,
            marks: Marks { input, handler_start: seen, handler_end: seen, ..Marks::default() },
            changed: false,
            queued: 0,
            in_flight: 0,
            failed: false,
            superseded: false,
            awaiting_paint: false,
        });
        page.last_id
    });
    each(Causes::one(id), |_| ());
    id
}

/// A hook knows a better name than the one that was found.
pub(super) fn rename(id: u32, hook: &'static str, handler: &'static str) {
    each(Causes::one(id), |open| {
        if open.hook.is_none() {
            open.hook = Some(hook);
            open.name = format!("{hook}.{handler}");
        }
    });
}

/// The hook that names what is current has tags for it.
pub(crate) fn tag(hook: &'static str, tags: Tags) {
    each(input::current().unwrap_or_default(), |open| {
        if open.hook == Some(hook) {
            open.tags = tags;
        }
    });
}

/// Runs `f` on each open interaction of the set, then lets those that have settled wait for their paint.
pub(super) fn each(causes: Causes, mut f: impl FnMut(&mut Open)) {
    if causes.is_empty() {
        return;
    }
    let arm = PAGE.with_borrow_mut(|page| {
        let mut arm = false;
        for id in causes.ids() {
            let Some(open) = page.find(id) else { continue };
            f(open);
            if open.settled() {
                open.marks.settled = paint::now();
                arm |= !std::mem::replace(&mut open.awaiting_paint, true);
            }
        }
        arm
    });
    if arm {
        paint::after_next(close_settled);
    }
}

pub(super) fn is_open(id: u32) -> bool {
    PAGE.with_borrow_mut(|page| page.find(id).is_some())
}

/// Which interactions of a task's earlier polls are still its cause: those that are open, and those that closed a short while ago if it
/// is theirs, spawned by them.
pub(super) fn still_valid(last: Causes, spawned: Causes) -> Causes {
    if last.is_empty() {
        return last;
    }
    let recent = |closed: &Closed| closed.at > paint::now() - GRACE_MS;
    PAGE.with_borrow_mut(|page| {
        last.filter(|id| {
            page.find(id).is_some() || spawned.contains(id) && page.closed.iter().any(|closed| closed.id == id && recent(closed))
        })
    })
}

pub(super) fn queued(causes: Causes) {
    each(causes, |open| open.queued += 1);
}

pub(super) fn polled(causes: Causes) {
    each(causes, |open| open.queued = open.queued.saturating_sub(1));
}

/// Where an interaction stands in its trace.
pub(super) fn context_of(id: u32) -> Option<Context> {
    PAGE.with_borrow_mut(|page| {
        let open = page.find(id).map(|open| open.context);
        open.or_else(|| Some(page.closed.iter().find(|closed| closed.id == id)?.context))
    })
}

/// Runs a poll or a handler because of these interactions. What has several causes can be in one trace only: that of the first.
pub(super) fn under<T>(causes: Causes, run: impl FnOnce() -> T) -> T {
    match context_of(causes.first()) {
        Some(context) => input::with_scope(causes, || context.in_scope(run)),
        None => input::with_scope(causes, run),
    }
}

/// The handler has come so far, and has perhaps changed the document itself.
pub(super) fn handled(id: u32, document_changed: bool) {
    let now = paint::now();
    each(Causes::one(id), |open| open.marks.handler_end = now);
    if document_changed {
        changed(Causes::one(id));
    }
}

/// The document has changed because of these. A flush counts as one re-render, whatever the number of effects that ran in it.
pub(super) fn changed(causes: Causes) {
    let now = paint::now();
    PAGE.with_borrow_mut(|page| {
        page.closed.iter_mut().filter(|closed| causes.contains(closed.id)).for_each(|closed| closed.changed = true);
    });
    each(causes, |open| {
        if !std::mem::replace(&mut open.changed, true) {
            open.marks.renders += 1;
            open.marks.shared += u32::from(causes.is_shared());
        }
        open.marks.first_render.get_or_insert(now);
        open.marks.render = Some(now);
    });
}

pub(crate) fn rendered() {
    changed(input::current().unwrap_or_default());
}

pub(crate) fn superseded() {
    each(input::current().unwrap_or_default(), |open| open.superseded = true);
}

pub(super) fn failed(causes: Causes) {
    each(causes, |open| open.failed = true);
}

/// Nothing is queued any more: the next change is another re-render. One of a closed interaction is reported here, late.
pub(super) fn flushed() {
    let now = paint::now();
    let late: Vec<_> = PAGE.with_borrow_mut(|page| {
        page.open.iter_mut().for_each(|open| open.changed = false);
        while page.closed.front().is_some_and(|closed| closed.at < now - GRACE_MS) {
            page.closed.pop_front();
        }
        if page.open.is_empty() && page.closed.is_empty() {
            watch::set(false);
        }
        let late = page.closed.iter_mut().filter_map(|closed| {
            let late = std::mem::take(&mut closed.changed);
            late.then(|| (closed.context, closed.name.clone(), closed.event.clone(), now - closed.input))
        });
        late.collect()
    });
    for (context, name, event, commit) in late {
        // Each is a span of its own: a report that comes twice is told by its span.
        context.child().in_scope(|| {
            execute!(INTERACTION_LATE, { commit: duration(commit) }, { name: name.as_str(), event: &*event });
        });
    }
}

pub(crate) fn listen(hook: &'static str, closed: RwSignal<Vec<Interaction>>) {
    PAGE.with_borrow_mut(|page| page.hooks.push((hook, closed)));
    on_cleanup(move || {
        PAGE.with_borrow_mut(|page| page.hooks.retain(|(_, signal)| *signal != closed));
    });
}

/// The paint has come: closes those that are still settled; the others wait until they settle again.
fn close_settled(painted: Painted) {
    input::frame_passed();
    // What has gone on when the frame had begun already is in the next one.
    let in_it = |open: &mut Open| open.awaiting_paint && open.settled() && open.marks.settled <= painted.frame;
    let (shown, again) = PAGE.with_borrow_mut(|page| {
        let shown: Vec<Open> = page.open.extract_if(.., in_it).collect();
        let mut again = false;
        for open in &mut page.open {
            open.changed = false;
            open.awaiting_paint &= open.settled();
            again |= open.awaiting_paint;
        }
        (shown, again)
    });
    if again {
        paint::after_next(close_settled);
    }
    if shown.is_empty() {
        return;
    }
    for mut open in shown {
        open.marks.frame = painted.frame;
        let outcome = open.outcome(painted.hidden);
        close(open, painted.at, outcome);
    }
    ended::report();
}

/// The page goes away: what is open can't end any more.
pub(crate) fn abandon() {
    let now = paint::now();
    for open in PAGE.with_borrow_mut(|page| std::mem::take(&mut page.open)) {
        close(open, now, Outcome::Aborted);
    }
    ended::tell_all();
}

fn close(mut open: Open, at: f64, outcome: Outcome) {
    open.marks.paint = at;
    let kept = Closed {
        id: open.id,
        context: open.context,
        name: open.name.clone(),
        event: open.event.clone(),
        input: open.marks.input,
        at,
        changed: false,
    };
    let signals: Vec<_> = PAGE.with_borrow_mut(|page| {
        page.closed.push_back(kept);
        if page.closed.len() > MAX_CLOSED {
            page.closed.pop_front();
        }
        page.hooks.iter().filter(|(hook, _)| Some(*hook) == open.hook).map(|(_, signal)| *signal).collect()
    });
    let closed = Interaction::from_marks(open.id, open.name, open.event.into_owned(), outcome, open.marks);
    let Open { tags, context, origin, trusted, marks: Marks { input, .. }, .. } = open;
    // What the report itself re-renders belongs to no interaction.
    input::with_scope(Causes::NONE, || {
        for signal in signals {
            signal.try_update(|list| {
                list.insert(0, closed.clone());
                list.truncate(REMEMBERED);
            });
        }
    });
    ended::tell(Ended { it: closed, tags, context, origin, input, trusted });
}

/// To the microsecond, which is as exact as a page's clock.
pub(super) fn duration(ms: f64) -> std::time::Duration {
    std::time::Duration::from_micros((ms * 1000.0 + 0.5) as u64)
}

/// How much is kept, for a test that nothing leaks: open interactions and calls, closed ones within their grace time.
#[doc(hidden)]
pub fn held() -> (usize, usize, usize) {
    PAGE.with_borrow(|page| (page.open.len(), super::calls::held(), page.closed.len()))
}
