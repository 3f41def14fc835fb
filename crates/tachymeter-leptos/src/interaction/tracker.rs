//! The open interactions of the page: which is current, what each waits for, and when it closes.

use std::cell::{Cell, RefCell};

use leptos::prelude::*;
use tachymeter::{Context, SpanId, execute};

use super::paint::{self, Painted};
use super::report::{Interaction, Marks, Outcome};
use crate::events::{INTERACTION_START, INTERACTION_STOP};

/// How many interactions can share one task's poll; more than that lose their attribution, not their end.
const MAX_CAUSES: usize = 8;

/// How many closed interactions a hook remembers.
const REMEMBERED: usize = 10;

/// A small set of interaction ids. An id of 0 is an empty place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Causes([u32; MAX_CAUSES]);

impl Causes {
    fn one(id: u32) -> Self {
        let mut causes = Self::default();
        causes.0[0] = id;
        causes
    }

    fn ids(self) -> impl Iterator<Item = u32> {
        self.0.into_iter().filter(|&id| id != 0)
    }

    /// Adds the others and returns those that were not in yet.
    pub(super) fn add(&mut self, others: Self) -> Self {
        let mut new = Self::default();
        for id in others.ids().filter(|id| !self.0.contains(id)).collect::<Vec<_>>() {
            if let Some(place) = self.0.iter_mut().find(|place| **place == 0) {
                *place = id;
                *new.0.iter_mut().find(|place| **place == 0).expect("as large as the other") = id;
            }
        }
        new
    }
}

struct Open {
    id: u32,
    /// The root of its trace: what it causes here and on the server lies below.
    context: Context,
    hook: &'static str,
    handler: &'static str,
    event: String,
    marks: Marks,
    in_handler: bool,
    /// Polls that it caused and that have not run yet.
    queued: u32,
    /// Server functions that have not answered yet.
    in_flight: u32,
    failed: bool,
    superseded: bool,
    /// A paint is being waited for.
    awaiting_paint: bool,
}

impl Open {
    fn settled(&self) -> bool {
        !self.in_handler && self.queued == 0 && self.in_flight == 0
    }
}

#[derive(Default)]
struct Page {
    last_id: u32,
    open: Vec<Open>,
    calls: Vec<Call>,
    hooks: Vec<(&'static str, RwSignal<Vec<Interaction>>)>,
}

thread_local! {
    static PAGE: RefCell<Page> = RefCell::default();
    /// `None`: nothing is known. `Some` of an empty set: surely none.
    static CURRENT: Cell<Option<Causes>> = const { Cell::new(None) };
}

pub(super) fn current() -> Option<Causes> {
    CURRENT.get()
}

pub(super) fn with_current<T>(causes: Option<Causes>, run: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(causes);
    // What has several causes can be in one trace only: that of the first.
    let first =
        causes.and_then(|causes| PAGE.with_borrow(|page| Some(page.open.iter().find(|open| open.id == causes.0[0])?.context)));
    let result = match first {
        Some(context) => context.in_scope(run),
        None => run(),
    };
    CURRENT.set(before);
    result
}

/// Runs `f` on each open interaction of the set, then lets those that have settled wait for their paint.
fn each(causes: Causes, mut f: impl FnMut(&mut Open)) {
    let arm = PAGE.with_borrow_mut(|page| {
        let mut arm = false;
        for open in page.open.iter_mut().filter(|open| causes.0.contains(&open.id)) {
            f(open);
            if open.settled() && !open.awaiting_paint {
                open.awaiting_paint = true;
                arm = true;
            }
        }
        arm
    });
    if arm {
        paint::after_next(close_settled);
    }
}

pub(super) fn still_open(causes: Causes) -> Causes {
    let mut open = Causes::default();
    PAGE.with_borrow(|page| {
        for id in causes.ids().filter(|id| page.open.iter().any(|open| open.id == *id)) {
            open.add(Causes::one(id));
        }
    });
    open
}

pub(super) fn queued(causes: Causes) {
    if causes != Causes::default() {
        each(causes, |open| open.queued += 1);
    }
}

pub(super) fn polled(causes: Causes) {
    if causes != Causes::default() {
        each(causes, |open| open.queued = open.queued.saturating_sub(1));
    }
}

/// Opens an interaction and runs its handler, under which it is current.
pub(crate) fn handle(hook: &'static str, handler: &'static str, event: &web_sys::Event, run: impl FnOnce()) {
    let causes = Causes::one(open(hook, handler, event));
    with_current(Some(causes), run);
    let now = paint::now();
    each(causes, |open| {
        open.marks.handler_end = now;
        open.in_handler = false;
    });
}

fn open(hook: &'static str, handler: &'static str, event: &web_sys::Event) -> u32 {
    let now = paint::now();
    let id = PAGE.with_borrow_mut(|page| {
        page.last_id += 1;
        page.open.push(Open {
            id: page.last_id,
            context: Context::new_root(),
            hook,
            handler,
            event: event.type_(),
            marks: Marks { input: event.time_stamp().min(now), handler_start: now, ..Marks::default() },
            in_handler: true,
            queued: 0,
            in_flight: 0,
            failed: false,
            superseded: false,
            awaiting_paint: false,
        });
        page.last_id
    });
    execute!(INTERACTION_START, { count: 1u64 }, { name: format!("{hook}.{handler}").as_str(), event: event.type_().as_str() });
    id
}

pub(crate) fn rendered() {
    let now = paint::now();
    if let Some(causes) = current() {
        each(causes, |open| {
            open.marks.first_render.get_or_insert(now);
            open.marks.render = Some(now);
            open.marks.renders += 1;
        });
    }
}

pub(crate) fn superseded() {
    if let Some(causes) = current() {
        each(causes, |open| open.superseded = true);
    }
}

/// Points in time of a server function under way.
struct Call {
    /// Its span, by which the client finds it while it is current.
    span: SpanId,
    causes: Causes,
    began: f64,
    sent: Option<f64>,
    first_byte: Option<f64>,
}

/// What is known of a call when it has ended, in milliseconds: each with the key under which it is measured.
pub(crate) type Timings = Vec<(&'static str, f64)>;

fn call<T>(f: impl FnOnce(&mut Call) -> T) -> Option<T> {
    let span = Context::current()?.span_id;
    PAGE.with_borrow_mut(|page| Some(f(page.calls.iter_mut().find(|call| call.span == span)?)))
}

/// The current server function's request goes out now.
pub(crate) fn sent() {
    let now = paint::now();
    call(|call| call.sent = Some(now));
}

/// The first byte of its answer is here, with the server's own word on how long it took, if it said so.
pub(crate) fn answered(server_ms: Option<f64>) {
    let now = paint::now();
    let causes = call(|call| {
        call.first_byte = Some(now);
        call.causes
    });
    each(causes.unwrap_or_default(), |open| open.marks.server_time += server_ms.unwrap_or(0.0));
}

/// A server function under way; its interactions don't settle before it is dropped.
pub(crate) struct InFlight {
    span: SpanId,
    failed: bool,
}

impl InFlight {
    pub(crate) fn begin(span: SpanId) -> Self {
        let causes = current().unwrap_or_default();
        each(causes, |open| open.in_flight += 1);
        let call = Call { span, causes, began: paint::now(), sent: None, first_byte: None };
        PAGE.with_borrow_mut(|page| page.calls.push(call));
        Self { span, failed: false }
    }

    pub(crate) fn failed(&mut self) {
        self.failed = true;
    }

    /// How long its parts took, from the first to the present one.
    pub(crate) fn timings(&self) -> Timings {
        let now = paint::now();
        PAGE.with_borrow(|page| {
            let Some(call) = page.calls.iter().find(|call| call.span == self.span) else { return Vec::new() };
            let input = page.open.iter().find(|open| open.id == call.causes.0[0]).map(|open| open.marks.input);
            let parts = [
                ("offset", input, Some(call.began)),
                ("queue", Some(call.began), call.sent),
                ("request", call.sent, call.first_byte),
                ("decode", call.first_byte, Some(now)),
            ];
            parts.into_iter().filter_map(|(key, from, to)| Some((key, (to? - from?).max(0.0)))).collect()
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now = paint::now();
        let failed = self.failed;
        let call = PAGE.with_borrow_mut(|page| {
            let at = page.calls.iter().position(|call| call.span == self.span)?;
            Some(page.calls.swap_remove(at))
        });
        each(call.map_or_else(Causes::default, |call| call.causes), |open| {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.marks.server_end = Some(now);
            open.failed |= failed;
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
    let closed: Vec<Open> = PAGE.with_borrow_mut(|page| {
        for open in &mut page.open {
            open.awaiting_paint &= open.settled();
        }
        page.open.extract_if(.., |open| open.awaiting_paint).collect()
    });
    for open in closed {
        close(open, painted);
    }
}

fn close(mut open: Open, painted: Painted) {
    open.marks.paint = painted.at;
    let outcome = if open.failed {
        Outcome::Failed
    } else if open.superseded {
        Outcome::Superseded
    } else if painted.hidden {
        Outcome::Hidden
    } else if open.marks.renders > 0 {
        Outcome::Rendered
    } else {
        Outcome::Unchanged
    };
    let name = format!("{}.{}", open.hook, open.handler);
    let context = open.context;
    let closed = Interaction::from_marks(open.id, name, open.event, outcome, open.marks);
    context.in_scope(|| emit(&closed));
    let signals: Vec<_> =
        PAGE.with_borrow(|page| page.hooks.iter().filter(|(hook, _)| *hook == open.hook).map(|(_, signal)| *signal).collect());
    // What the report itself re-renders belongs to no interaction.
    with_current(Some(Causes::default()), || {
        for signal in signals {
            signal.try_update(|list| {
                list.insert(0, closed.clone());
                list.truncate(REMEMBERED);
            });
        }
    });
}

fn emit(it: &Interaction) {
    let duration = |ms: f64| std::time::Duration::from_secs_f64(ms / 1000.0);
    execute!(
        INTERACTION_STOP,
        {
            input_delay: duration(it.input_delay),
            handler: duration(it.handler),
            network: duration(it.network),
            server: duration(it.server),
            render: duration(it.render),
            paint: duration(it.paint),
            total: duration(it.total),
            commit: duration(it.commit),
            first_render: duration(it.first_render),
            renders: it.renders,
        },
        { name: it.name.as_str(), event: it.event.as_str(), outcome: it.outcome.as_str() }
    );
}
