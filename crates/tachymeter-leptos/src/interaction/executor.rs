//! The executor that every Leptos task goes through: it remembers which interactions woke a task and makes them current while it is polled.
//!
//! `any_spawner` 0.3 has one global slot; Leptos ignores the failure of its own initialisation, so whoever comes first stays.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use any_spawner::{CustomExecutor, PinnedFuture, PinnedLocalFuture};

use super::tracker::{self, Causes};

pub(super) struct Tracking;

impl CustomExecutor for Tracking {
    fn spawn(&self, future: PinnedFuture<()>) {
        self.spawn_local(future);
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        let node = Arc::new(Node::default());
        node.queue();
        wasm_bindgen_futures::spawn_local(Tracked { future, node });
    }

    fn poll_local(&self) {}
}

/// What is remembered of a task between two polls. A waker must be `Send + Sync`, hence the locks; in a browser nobody waits for them.
#[derive(Default)]
struct Node {
    inner: Mutex<Inner>,
    queued: AtomicBool,
}

#[derive(Default)]
struct Inner {
    /// The interactions that woke it since its last poll.
    causes: Causes,
    /// Those of its last poll: after an `.await` they still are the cause.
    last: Causes,
    waker: Option<Waker>,
}

impl Node {
    /// Adds the current interactions to the causes of the poll to come.
    fn queue(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let added = match tracker::current() {
            Some(causes) => causes,
            None => tracker::still_open(inner.last),
        };
        let new = inner.causes.add(added);
        drop(inner);
        tracker::queued(new);
        self.queued.store(true, Ordering::Relaxed);
    }
}

impl Wake for Node {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.queue();
        let waker = self.inner.lock().unwrap_or_else(PoisonError::into_inner).waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Tracked {
    future: PinnedLocalFuture<()>,
    node: Arc<Node>,
}

impl Future for Tracked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let causes = {
            let mut inner = self.node.inner.lock().unwrap_or_else(PoisonError::into_inner);
            match &inner.waker {
                Some(waker) if waker.will_wake(cx.waker()) => {}
                _ => inner.waker = Some(cx.waker().clone()),
            }
            inner.last = std::mem::take(&mut inner.causes);
            inner.last
        };
        self.node.queued.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.node.clone());
        let future = &mut self.future;
        let poll = tracker::with_current(Some(causes), || future.as_mut().poll(&mut Context::from_waker(&waker)));
        tracker::polled(causes);
        poll
    }
}

impl Drop for Tracked {
    /// A task that goes away while it is queued will never be polled: its interactions must not wait for it.
    fn drop(&mut self) {
        if self.node.queued.load(Ordering::Relaxed) {
            let causes = std::mem::take(&mut self.node.inner.lock().unwrap_or_else(PoisonError::into_inner).causes);
            tracker::polled(causes);
        }
    }
}
