//! From loom: new in each run of a model.

pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard, RwLock};

macro_rules! global {
    (static $name:ident: $kind:ty = $first:expr;) => {
        loom::lazy_static! {
            static ref $name: $kind = $first;
        }
    };
}

macro_rules! local {
    ($(#[$attribute:meta])* static $name:ident: $kind:ty = $first:expr;) => {
        loom::thread_local! {
            $(#[$attribute])*
            static $name: $kind = $first;
        }
    };
}

pub(crate) use {global, local};
