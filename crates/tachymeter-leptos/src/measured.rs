//! What `#[tachymeter::measured]` makes of components, server functions and event handlers. No contract: call what it is made of.

use ::server_fn::{Protocol, ServerFn};
use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;

use crate::client::MeasuredClient;
use crate::events::VIEW;
use crate::interaction::{UseMeasured, tracker, use_measured};
use crate::server_fn::Measured;

/// The hook of a handler that stands in no measured component.
const PAGE: &str = "page";

/// A component's view: made as a span, under an owner of its own, so that the hook is the hook of what is inside only.
pub fn view<V: IntoView>(name: &'static str, make: impl FnOnce() -> V) -> impl IntoView {
    let owner = Owner::current().map_or_else(Owner::new, |owner| owner.child());
    let view = owner.with(|| {
        provide_context(use_measured(name));
        VIEW.run(&[("name", name.into())], make)
    });
    OwnedView::new_with_owner(view.add_any_attr(custom_attribute("data-measured", name)), owner)
}

/// Tells the compiler what a handler takes where it is written without that.
pub fn handler<E, F: Fn(E)>(handler: F) -> F {
    handler
}

/// The same for one that changes what it holds.
pub fn handler_mut<E, F: FnMut(E)>(handler: F) -> F {
    handler
}

/// The input itself, so that the handler may have the event.
pub fn input(event: &impl AsRef<web_sys::Event>) -> web_sys::Event {
    event.as_ref().clone()
}

/// Runs a handler, under the name of the component around it unless it brings one: `buttons.red`.
pub fn handle<T>(name: &'static str, input: &web_sys::Event, run: impl FnOnce() -> T) -> T {
    let (hook, handler) = name.rsplit_once('.').unwrap_or_else(|| {
        let around = use_context::<UseMeasured>().map_or(PAGE, UseMeasured::name);
        (around, name)
    });
    let mut result = None;
    tracker::handle(hook, handler, input, || result = Some(run()));
    result.expect("a handler runs")
}

/// A server function, called from the browser.
pub async fn run_on_client<F: ServerFn>(data: F) -> Result<F::Output, F::Error>
where
    F::Protocol: Protocol<F, F::Output, MeasuredClient, F::Server, F::Error, F::InputStreamError, F::OutputStreamError>,
{
    type Of<F> = Measured<<F as ServerFn>::Protocol>;
    <Of<F> as Protocol<F, F::Output, F::Client, F::Server, F::Error, F::InputStreamError, F::OutputStreamError>>::run_client(
        F::PATH,
        data,
    )
    .await
}
