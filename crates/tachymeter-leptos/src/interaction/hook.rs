//! The hook: names interactions, wraps their handlers, and tells when their re-render is in the document.

use leptos::prelude::*;

use super::{Interaction, tracker};

/// Keys and values that an application gives its interactions.
pub(crate) type Tags = &'static [(&'static str, &'static str)];

/// What [`use_measured`] returns. It is `Copy`: hand it to as many closures as you like.
#[derive(Clone, Copy, Debug)]
pub struct UseMeasured {
    name: &'static str,
    tags: Tags,
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
    let measured = UseMeasured { name, tags: &[], closed: RwSignal::new(Vec::new()) };
    tracker::listen(name, measured.closed);
    measured
}

impl UseMeasured {
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// The same hook, whose handlers give these tags to their interactions: further metadata of `leptos.interaction.stop`, by which a
    /// metric can tell them apart. Keys and values are words of the program, never data, so there are few of them; the server takes
    /// the keys that its beacon's `Limits::tags` lists.
    ///
    /// ```
    /// use leptos::prelude::*;
    /// use tachymeter_leptos::use_measured;
    ///
    /// #[component]
    /// fn Checkout(is_member: bool) -> impl IntoView {
    ///     let measured = use_measured("checkout").tags(if is_member { &[("plan", "member")] } else { &[("plan", "guest")] });
    ///     view! { <button on:click=measured.on("pay", |_| ())>"Pay"</button> }
    /// }
    /// # let _ = Checkout;
    /// ```
    #[must_use]
    pub fn tags(self, tags: &'static [(&'static str, &'static str)]) -> Self {
        Self { tags, ..self }
    }

    /// Wraps an event handler: the interaction that a trusted event opens is called `<hook>.<handler>`, and it is one even if
    /// nothing comes of it. If several handlers of one event are wrapped, the innermost names it.
    pub fn on<E, F>(self, handler_name: &'static str, mut handler: F) -> impl FnMut(E) + 'static
    where
        E: AsRef<web_sys::Event> + 'static,
        F: FnMut(E) + 'static,
    {
        move |event: E| {
            let input = event.as_ref().clone();
            tracker::handle(self.name, handler_name, &input, || {
                tracker::tag(self.name, self.tags);
                handler(event);
            });
        }
    }

    /// Call it in an [`Effect`] that shows something in a way that is no change of the document (it draws on a canvas, it sets a field's
    /// value): the interactions that caused this run of the effect have been re-rendered now. Other changes are seen without it.
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
