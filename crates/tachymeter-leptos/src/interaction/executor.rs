//! The executor that every Leptos task goes through: it remembers which interactions woke a task and makes them current while it is polled.
//!
//! `any_spawner` 0.3 has one global slot; Leptos ignores the failure of its own initialisation, so whoever comes first stays.
//!
//! # In which order
//!
//! First come, first served, as in `wasm-bindgen-futures`, but for one thing: what interaction A has woken runs before anything of
//! interaction B that waits already. An effect that is queued can't be seen to be woken once more (`reactive_graph` has taken its
//! waker), so if two answers came in one go, both changed one signal, and its effect ran once after both, then the second would lose
//! its re-render to the first. So each has a run of its own.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use any_spawner::{CustomExecutor, PinnedFuture, PinnedLocalFuture};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

use super::causes::Causes;
use super::{calls, input, tracker, watch};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(callback: &Closure<dyn FnMut()>);
}

pub(super) struct Tracking;

impl CustomExecutor for Tracking {
    fn spawn(&self, future: PinnedFuture<()>) {
        self.spawn_local(future);
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        calls::turn_to_others();
        let spawned = input::current().unwrap_or_default();
        let inner = Inner { future: Some(future), spawned, ..Inner::default() };
        Arc::new(Task(SendWrapper::new(RefCell::new(inner)))).wake();
    }

    fn poll_local(&self) {}
}

/// A waker must be `Send + Sync`; in a browser it never meets another thread.
struct Task(SendWrapper<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    /// `None` while it is polled.
    future: Option<PinnedLocalFuture<()>>,
    done: bool,
    queued: bool,
    /// The interactions that were current when it was spawned.
    spawned: Causes,
    /// Those that woke it since its last poll.
    causes: Causes,
    /// Those of its earlier polls that are still open: after an `.await` they still are the cause.
    last: Causes,
}

thread_local! {
    static QUEUE: RefCell<VecDeque<Arc<Task>>> = RefCell::default();
    static SCHEDULED: Cell<bool> = const { Cell::new(false) };
    static RUN: Closure<dyn FnMut()> = Closure::new(run);
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let causes = input::current();
        let mut inner = self.0.borrow_mut();
        if inner.done {
            return;
        }
        let causes = causes.unwrap_or_else(|| inner.causes_from_outside());
        let new = inner.causes.add(causes);
        let queued = std::mem::replace(&mut inner.queued, true);
        drop(inner);
        tracker::queued(new);
        if !queued {
            QUEUE.with_borrow_mut(|queue| queue.push_back(self));
            schedule();
        }
    }
}

impl Inner {
    /// Woken by nobody knows whom. After an `.await` the causes are those before it; but a message from elsewhere (a socket) is the
    /// doing of no one but a task that somebody has spawned to wait for it.
    fn causes_from_outside(&self) -> Causes {
        let valid = tracker::still_valid(self.last, self.spawned);
        if valid.is_empty() || !input::elsewhere() { valid } else { valid.filter(|id| self.spawned.contains(id)) }
    }
}

fn schedule() {
    if !SCHEDULED.replace(true) {
        RUN.with(queue_microtask);
    }
}

/// After a panic, which in a browser ends the run as it stands: what waited behind it goes on.
pub(super) fn go_on() {
    if QUEUE.with_borrow(|queue| !queue.is_empty()) {
        SCHEDULED.set(false);
        schedule();
    }
}

/// Runs in a microtask, so nothing else is on the stack.
fn run() {
    SCHEDULED.set(false);
    input::handler_paused();
    let mut running = Causes::default();
    while let Some(task) = next(running) {
        let causes = task.begin();
        if !causes.is_empty() {
            running = causes;
        }
        task.poll(causes);
    }
    tracker::flushed();
}

fn next(running: Causes) -> Option<Arc<Task>> {
    QUEUE.with_borrow_mut(|queue| {
        let of_the_same = |task: &Arc<Task>| {
            let causes = task.0.borrow().causes;
            causes.is_empty() || causes == running
        };
        let at = queue.iter().position(of_the_same).unwrap_or(0);
        queue.remove(at)
    })
}

impl Task {
    fn begin(&self) -> Causes {
        let mut inner = self.0.borrow_mut();
        inner.queued = false;
        let causes = std::mem::take(&mut inner.causes);
        let mut last = tracker::still_valid(inner.last, inner.spawned);
        last.add(causes);
        inner.last = last;
        causes
    }

    fn poll(self: Arc<Self>, causes: Causes) {
        tracker::polled(causes);
        let Some(mut future) = self.0.borrow_mut().future.take() else { return };
        let waker = Waker::from(self.clone());
        let address = Arc::as_ptr(&self) as usize;
        calls::poll_begins(address);
        let poll = tracker::under(causes, || future.as_mut().poll(&mut Context::from_waker(&waker)));
        if watch::changed() {
            tracker::changed(causes);
        }
        match poll {
            Poll::Pending => {
                self.0.borrow_mut().future = Some(future);
                calls::poll_pends(address, causes);
            }
            Poll::Ready(()) => {
                self.0.borrow_mut().done = true;
                // Not while anything is borrowed: what it owns may wake others.
                drop(future);
            }
        }
    }
}
