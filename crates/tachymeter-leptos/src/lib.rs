//! Telemetry for Leptos, from the click to the paint: interactions, server functions, and a live dashboard.
//!
//! # Concepts
//!
//! An *interaction* is one input event of a person and all that it caused: the handler, the server functions it called, the
//! effects that ran because of it, and the paint after the last of them. Several may be under way at once; each re-render is
//! attributed to the interaction that caused it, because every task's waker remembers who woke it. [`interaction`] says how, what is
//! marked, how exact it is, and what it can't see.
//!
//! # In the browser
//!
//! ```ignore
//! #[wasm_bindgen::prelude::wasm_bindgen]
//! pub fn hydrate() {
//!     tachymeter_leptos::init("/telemetry/beacon"); // before Leptos starts
//!     leptos::mount::hydrate_body(App);
//! }
//! ```
//!
//! That measures every interaction. A hook gives better names, tags ([`UseMeasured::tags`]), and the last ten interactions to show:
//!
//! ```
//! use leptos::prelude::*;
//! use tachymeter_leptos::use_measured;
//!
//! #[component]
//! fn Counter() -> impl IntoView {
//!     let measured = use_measured("counter");
//!     let (count, set_count) = signal(0);
//!     view! { <button on:click=measured.on("add", move |_| *set_count.write() += 1)>{count}</button> }
//! }
//! # let _ = Counter;
//! ```
//!
//! # Server functions
//!
//! `use tachymeter_leptos::server;` instead of Leptos' own attribute measures a server function on both sides: see
//! [`server`](macro@server), also for one that a form calls.
//!
//! `#[measured]` of the crate `tachymeter` does the same where it stands on a server function; on a component it names what happens
//! inside, on an event handler the input.
//!
//! # Budgets as tests
//!
//! `playwright/budget.ts` in this crate is a fixture for Playwright: copy the one file to your tests. Each run's interaction is read from what the
//! page reports; a budget that is exceeded fails with the waterfall of the worst run.
//!
//! ```text
//! import { expect, test } from './budget'
//!
//! test('red stays within its budget', async ({ page, budget }) => {
//!   await page.goto('/buttons')
//!   const press = () => page.getByRole('button', { name: 'Red' }).click()
//!   await budget('buttons.red', { runs: 20, p95: 150, renders: 2, serverFunctions: 1 }, press)
//! })
//! ```
//!
//! ```text
//! buttons.red exceeds its budget: p95 of total 138.2 ms, at most 100 ms allowed (4 runs)
//!
//! The worst of them:
//! buttons.red (click): 138.2 ms, rendered, 2 re-renders, 1 server functions, trace ea6f89c77187ae53c747773dd60376fa
//!   input_delay               ██                                                                 0.0 – 3.7 ms
//!   handler                     ██                                                               3.7 – 9.0 ms
//!   network                       ███████                                                        9.0 – 25.8 ms
//!   server                               █████████████████████████████████████████████          25.8 – 128.1 ms
//!   render                                                                            █        128.1 – 130.4 ms
//!   paint                                                                              ███     130.4 – 138.2 ms
//!   press_red: queue               ██                                                           12.4 – 15.5 ms
//!   press_red: request               ███████████████████████████████████████████████            15.5 – 123.8 ms
//!   press_red: decode                                                               █          123.8 – 126.9 ms
//! ```
//!
//! # On the server
//!
//! With feature `ssr`, `beacon::Beacon` checks what browsers send and executes it in the server's own event table, `trace::Traces` joins it
//! with what the server did, and `stream::Feed` sends the live store to every open dashboard. [`dashboard`] is the page itself.
#![cfg_attr(feature = "ssr", doc = "")]
#![cfg_attr(feature = "ssr", doc = include_str!("../docs/server.md"))]
#![deny(missing_docs)]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("tachymeter-leptos: enable `ssr` or `hydrate`, not both: one is the server, the other the browser");

pub mod beacon;
mod client;
pub mod dashboard;
pub mod events;
mod form_client;
pub mod interaction;
mod measured;
mod server_fn;
pub mod stream;
pub mod trace;

pub use self::server_fn::Measured;
pub use client::{MeasuredClient, MeasuredResponse};
pub use events::EVENTS;
pub use form_client::FormClient;
pub use interaction::{Interaction, Outcome, UseMeasured, init, use_measured};
/// Leptos' `#[server]`, for a function that is measured on both sides: `leptos.server_fn.*`, by the protocol [`Measured`]. It takes the same
/// arguments. Calls that the server makes itself while it renders a page, which skip the protocol, are measured too.
///
/// An `ActionForm` takes no protocol but Leptos' own: say `#[server(form)]` for its function. It is measured by its client
/// then, [`FormClient`], to the head of the answer.
///
/// ```
/// use leptos::prelude::*;
/// use tachymeter_leptos::server; // instead of the prelude's
///
/// #[server]
/// async fn double(number: i32) -> Result<i32, ServerFnError> {
///     Ok(2 * number)
/// }
/// ```
pub use tachymeter_macros::server;

#[doc(hidden)]
pub use tachymeter_macros::__direct;

#[doc(hidden)]
pub mod __private {
    pub use crate::measured::{handle, handler, handler_mut, input, run_on_client, view};
    pub use crate::server_fn::direct;
}
