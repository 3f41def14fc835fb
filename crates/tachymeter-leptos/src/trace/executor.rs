//! On the server: what Leptos spawns belongs to the span in which it was spawned.

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use tachymeter::{Context, WithContext};

/// Lets resources, and whatever else Leptos spawns while it renders a page, belong to the request that asked for the page: what they measure
/// then has the request's span as its parent. Call it once, before anything of Leptos runs; `false` says that it was too late.
///
/// A task that the application spawns by itself takes its span along by [`WithContext`].
///
/// ```
/// assert!(tachymeter_leptos::trace::follow_tasks());
/// ```
pub fn follow_tasks() -> bool {
    Executor::init_custom_executor(Following).is_ok()
}

/// Tokio, with the span of whoever spawns.
struct Following;

impl CustomExecutor for Following {
    fn spawn(&self, future: PinnedFuture<()>) {
        match Context::current() {
            Some(context) => tokio::spawn(future.with_context(context)),
            None => tokio::spawn(future),
        };
    }

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        match Context::current() {
            Some(context) => tokio::task::spawn_local(future.with_context(context)),
            None => tokio::task::spawn_local(future),
        };
    }

    /// Tokio polls by itself.
    fn poll_local(&self) {}
}
