//! What threads share: the standard library's. While a model is checked (`--cfg loom`) it is loom's, which tries the orders in which
//! threads may come by it.

#[cfg(loom)]
mod model;
#[cfg(not(loom))]
mod real;

#[cfg(loom)]
pub(crate) use model::{AtomicU64, Mutex, MutexGuard, Ordering, RwLock, global, local};
#[cfg(not(loom))]
pub(crate) use real::{AtomicU64, Mutex, MutexGuard, Ordering, RwLock, global, local};
