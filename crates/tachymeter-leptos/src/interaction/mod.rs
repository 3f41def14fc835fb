//! Interactions: one input event of a person and all that it caused, also when several are under way at once.
//!
//! # When it begins
//!
//! `init` puts listeners on the window that see each input (click, key and pointer down and up, `input`, `change`, `submit`,
//! history) before any handler. An input becomes an interaction when it causes something: it wakes a task, or a handler of
//! [`use_measured`] runs. One that nobody answers is not reported. Events that a script has made are nobody's input: what they do
//! belongs to whatever made them. It is called by its hook, else by the nearest `data-measure`, else by role and name of the control,
//! for example `button "Save"`.
//!
//! Names are few and say nothing of a person: text within lists, tables and what can be edited is no name, nor is what stands in a field
//! just now, is one of the 20 texts that were last typed since the page was loaded, or has an `@`; a page gives 50 different ones of its own,
//! and the server takes 100 per event, hooks' and `data-measure` included. What no program can know: that the text of a button is what
//! somebody typed another day, a person's name in a menu for example. Give such a control a `data-measure`.
//!
//! # How a re-render finds its cause
//!
//! `init` installs an executor of its own before Leptos installs one. Every task (an effect, a
//! render effect, an action, a resource, a navigation) goes through it. A task that is woken while interaction A is current
//! gets A as a cause; while the task is polled its causes are current. A wake from outside (a promise that resolved) keeps the
//! causes of the task's last poll, which is right after an `.await`; those of interactions that have closed lapse. What A has woken
//! runs before anything of B, so each has its own re-render also when both change the same signal in one go. A re-render that has
//! several causes all the same is counted for each, and as `shared`.
//!
//! Whether there was a re-render says the document: while an interaction is open, a `MutationObserver` is asked after each poll for
//! what has changed. What it can't see (a canvas, a field's value) is said by [`UseMeasured::rendered`].
//!
//! # When it ends
//!
//! An interaction has settled when none of its polls is queued and none of its server functions is in flight. It closes at the
//! paint after that: the first task after the next animation frame. If something else of it was queued meanwhile, it stays open
//! until the next time it settles. For ten seconds more a task that it spawned keeps its name: if that changes the document then,
//! `leptos.interaction.late` says so, under the same trace.
//!
//! # What is marked
//!
//! | mark | is | in `leptos.interaction.stop` |
//! |---|---|---|
//! | t0 | the browser's own time of the input | all else is counted from it |
//! | t1, t2 | the handler begins, and ends | `input_delay`, `handler` |
//! | | a call goes out, its first byte is here, it is decoded | `network` and `server`; each call as `leptos.server_fn.stop` |
//! | t3 | the first re-render is in the document: of an asynchronous interaction the word that it is pending | `first_render` |
//! | | the last one is, with the result | `commit` |
//! | t4 | nothing of it is queued or in flight | `settled` |
//! | t5 | the animation frame that shows it begins | `frame` |
//! | t6 | the first task after that frame: it is painted | `total` |
//! | | the browser's own measure, to the first paint | `event_timing` |
//!
//! Event Timing tells of a click some milliseconds after its paint, so the report of an interaction that has ended by then waits for it, at
//! most 60 ms, and not for one that took less than 10 ms, of which it told nothing in a headless browser. It counts in steps of 8 ms and tells
//! nothing below 16. What comes when a frame has begun already is shown by the next, and measured so.
//!
//! # How exact it is
//!
//! Against a ground truth of the page's own, 200 clicks each, Chromium on two cores; ours less the other, in milliseconds, as
//! `make bench` prints it. The commit is compared with a `MutationObserver`'s, the paint with the task after the frame that shows it:
//!
//! | case | commit: least, median, most | paint: 5th percentile, median, most |
//! |---|---|---|
//! | a handler that changes something | -0.1, 0.0, 0.0 | -0.5, -0.2, 0.0 |
//! | a handler that blocks for 50 ms | -0.2, 0.0, 0.0 | -0.4, -0.1, 0.0 |
//! | a server function | -0.4, 0.0, 0.0 | -0.6, -0.3, 0.0 |
//! | two in sequence | -0.2, 0.0, 0.0 | -0.5, -0.1, 0.0 |
//! | two in parallel | -0.4, 0.0, 0.0 | -0.6, -0.2, 0.0 |
//! | a resource behind `Suspense` | -0.2, 0.0, 0.0 | -0.6, -0.2, 0.0 |
//! | a navigation | 0.0, 0.0, 0.3 | -0.6, -0.1, 0.0 |
//! | a server function, main thread busy | -0.5, 0.0, 0.0 | -0.4, -0.1, 0.0 |
//!
//! Against Event Timing, which counts in steps of 8 ms, the paint of the first is off by -4.4 (5th percentile) to -2.0 (95th), -2.9 in the
//! median; more on a busy machine. Three presses at once that take 100, 500 and 1,000 ms, in random order, 50 times: each has its own
//! duration to 0.6 %.
//!
//! What it costs: 32 kB of WebAssembly (brotli), and time of the page's main thread. The latter is measured in a browser that nothing else
//! watches, with everything on against the same build without, as time on a processor (two virtual cores); in
//! milliseconds per click, as `make bench` prints it:
//!
//! | click | without | more, to the paint | more, its report afterwards |
//! |---|---|---|---|
//! | nothing comes of it | 3.5 | 0.1 | 0 |
//! | it changes something; then a rest | 4.6 | 0.4 | 1.0 |
//! | it changes something; ten in a row | 2.8 | 0.3 | 0.4 |
//!
//! The report leaves after the paint, where it is in nobody's way. Nearly all of it is the browser's own work: a bare `fetch` of as many bytes by
//! a script costs 1.1 to 1.4 there, `sendBeacon` 0.8, `fetchLater` or a message to a worker 0.4. What is done to the paint, as far as it is
//! questions to the browser, takes a script that does nothing else 0.15. (These were measured once in the same way; no command prints them.)
//!
//! # What it can't see
//!
//! - A plain callback (`set_timeout`, an observer) has no cause: what it does belongs to nobody. A task that waits for the same timer
//!   keeps its cause.
//! - A signal set from such a callback wakes effects; one that an open interaction has run last is counted for that interaction.
//! - Handlers within a shadow tree, and those of other events (a wheel, a drag, the focus, a double click), are seen by `UseMeasured::on`
//!   only.
//!
//! # With an executor of your own
//!
//! An executor that the application has installed before `init` stays; for who wants none but Leptos' own,
//! `any_spawner::Executor::init_wasm_bindgen()` before it is enough. Measured are then: handlers of [`use_measured`]; other inputs whose handler
//! changes the document or calls a server function; the calls, with their trace; re-renders until the frame after the handler, and from
//! the answer of a call until the frame after that. Not seen are: re-renders that come later (a timer's, a resource's that asks no measured
//! function), which are nobody's; which of two inputs within one frame has caused a change, for which the later one is taken; how
//! long a handler took that isn't the hook's, which counts as `render`.
//!
//! The hook works without `init`, too: it opens, closes and lists its interactions, and executes their events in the page. Nothing is sent.
//!
//! On the server everything here does nothing: nobody clicks there.

mod hook;
mod report;

#[cfg(feature = "hydrate")]
mod calls;
#[cfg(feature = "hydrate")]
mod causes;
#[cfg(feature = "hydrate")]
pub(crate) mod ended;
#[cfg(feature = "hydrate")]
mod executor;
#[cfg(feature = "hydrate")]
mod input;
#[cfg(feature = "hydrate")]
mod name;
#[cfg(feature = "hydrate")]
pub(crate) mod paint;
#[cfg(feature = "hydrate")]
pub(crate) mod tracker;
#[cfg(not(feature = "hydrate"))]
#[path = "inert.rs"]
pub(crate) mod tracker;

#[cfg(feature = "hydrate")]
mod start;
#[cfg(feature = "hydrate")]
mod watch;

pub use hook::{UseMeasured, use_measured};
pub use report::{Interaction, Outcome};
#[cfg(feature = "hydrate")]
pub use start::init;
#[cfg(not(feature = "hydrate"))]
pub use tracker::init;
#[cfg(feature = "hydrate")]
#[doc(hidden)]
pub use {input::trust_scripts, tracker::held};
