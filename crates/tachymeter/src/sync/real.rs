//! From the standard library.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock};

/// One for the program.
macro_rules! global {
    (static $name:ident: $kind:ty = $first:expr;) => {
        static $name: std::sync::LazyLock<$kind> = std::sync::LazyLock::new(|| $first);
    };
}

/// One for each thread.
macro_rules! local {
    ($(#[$attribute:meta])* static $name:ident: $kind:ty = $first:expr;) => {
        thread_local! {
            $(#[$attribute])*
            static $name: $kind = const { $first };
        }
    };
}

pub(crate) use {global, local};
