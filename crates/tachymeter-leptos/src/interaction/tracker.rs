//! The open interactions of the page: which is current, what each waits for, and when it closes.

use std::cell::{Cell, RefCell};

use leptos::prelude::*;
use tachymeter::execute;

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
    let result = run();
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

/// The server's own word on how long the current interactions' server function took.
pub(crate) fn server_time(ms: f64) {
    if let Some(causes) = current() {
        each(causes, |open| open.marks.server_time += ms);
    }
}

/// A server function under way; its interactions don't settle before it is dropped.
pub(crate) struct InFlight {
    causes: Causes,
    failed: bool,
}

impl InFlight {
    pub(crate) fn begin() -> Self {
        let causes = current().unwrap_or_default();
        each(causes, |open| open.in_flight += 1);
        Self { causes, failed: false }
    }

    pub(crate) fn failed(&mut self) {
        self.failed = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now = paint::now();
        let failed = self.failed;
        each(self.causes, |open| {
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
    let closed = Interaction::from_marks(open.id, name, open.event, outcome, open.marks);
    emit(&closed);
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
            renders: it.renders,
        },
        { name: it.name.as_str(), event: it.event.as_str(), outcome: it.outcome.as_str() }
    );
}
