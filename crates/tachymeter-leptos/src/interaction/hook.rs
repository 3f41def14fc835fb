//! The hook: names interactions, wraps their handlers, and tells when their re-render is in the document.

use leptos::prelude::*;

use super::{Interaction, tracker};

/// What [`use_measured`] returns. It is `Copy`: hand it to as many closures as you like.
#[derive(Clone, Copy, Debug)]
pub struct UseMeasured {
    name: &'static str,
    closed: RwSignal<Vec<Interaction>>,
}

/// Measures the interactions of a component, under `name` (one dotted segment or more, for example `buttons`).
///
/// # Server-Side Rendering
/// The hook exists and does nothing.
///
/// # Example
/// See the [crate's documentation](crate#in-the-browser).
pub fn use_measured(name: &'static str) -> UseMeasured {
    let measured = UseMeasured { name, closed: RwSignal::new(Vec::new()) };
    tracker::listen(name, measured.closed);
    measured
}

impl UseMeasured {
    /// Wraps an event handler: each trusted event opens an interaction called `<hook>.<handler>`, which stays open until
    /// everything it caused is on the screen.
    pub fn on<E, F>(self, handler_name: &'static str, mut handler: F) -> impl FnMut(E) + 'static
    where
        E: AsRef<web_sys::Event> + 'static,
        F: FnMut(E) + 'static,
    {
        move |event: E| {
            let input = event.as_ref().clone();
            tracker::handle(self.name, handler_name, &input, || handler(event));
        }
    }

    /// Call it in an [`Effect`] that tracks what the view shows: the interactions that caused this run of the effect have been
    /// re-rendered now. Effects run after the render effects that subscribed before them, so the document has changed.
    pub fn rendered(self) {
        tracker::rendered();
    }

    /// Says that what is current now has been overtaken: a newer interaction of the same kind was answered first.
    pub fn superseded(self) {
        tracker::superseded();
    }

    /// The last ten interactions that closed, newest first.
    pub fn closed(self) -> Signal<Vec<Interaction>> {
        self.closed.into()
    }
}
