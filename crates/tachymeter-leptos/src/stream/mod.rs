//! The live stream: the server's store, sent to every open dashboard as server-sent events.
//!
//! First comes a `snapshot`, then one `frame` per tick with what has changed, or a `heartbeat` if nothing has. Every message has the
//! id `<life>-<sequence>`: the life tells one run of the server from the next, the sequence counts ticks. A reconnect that names
//! the last id it has seen gets what it missed, or a new snapshot if that is too long ago.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "ssr")]
mod server;

use leptos::prelude::*;
use tachymeter_metrics::{Frame, Snapshot};

#[cfg(feature = "ssr")]
pub use server::{Feed, FeedOptions, Full, StreamBody};

/// What a page knows about its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not open yet.
    Connecting,
    /// Frames are coming.
    Live,
    /// The connection broke; the next try is in this many seconds.
    Reconnecting(u32),
    /// Many tries have failed; it goes on trying, slowly, and a person may ask for one now.
    Lost,
}

/// A message of the stream.
#[derive(Clone, Debug)]
pub enum Message {
    /// Everything so far.
    Snapshot(Snapshot),
    /// What changed.
    Frame(Frame),
    /// Nothing did; the server's time in milliseconds since 1970.
    Heartbeat(u64),
}

/// An open stream; it closes when its owner is cleaned up.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// The state of the connection.
    pub status: Signal<Status>,
    retry: RwSignal<u32>,
}

impl Subscription {
    /// Tries again at once.
    pub fn retry(&self) {
        *self.retry.write() += 1;
    }
}

/// Subscribes to the stream at `url`; each message goes to `receive`.
///
/// # Server-Side Rendering
/// Stays [`Status::Connecting`]; the browser connects after hydration.
pub fn subscribe(url: &'static str, receive: impl FnMut(Message) + 'static) -> Subscription {
    let status = RwSignal::new(Status::Connecting);
    let retry = RwSignal::new(0);
    #[cfg(feature = "hydrate")]
    browser::connect(url, status, retry, receive);
    #[cfg(not(feature = "hydrate"))]
    drop((url, receive));
    Subscription { status: status.into(), retry }
}
