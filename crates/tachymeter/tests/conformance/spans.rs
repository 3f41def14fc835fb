//! A span has one start and exactly one end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use tachymeter::testing::{capture, freeze_clock};
use tachymeter::{Context, Value, WithContext, attach};

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// Some work.
    pub span WORK = "conformance.work" { items } [form, outcome];
}

fn ends(events: &tachymeter::testing::Capture) -> Vec<String> {
    events.take().iter().map(|event| event.name.rsplit('.').next().unwrap().to_owned()).collect()
}

const WORK_EVENTS: [&str; 4] =
    ["conformance.work.start", "conformance.work.stop", "conformance.work.exception", "conformance.work.aborted"];

#[test]
fn a_span_starts_and_stops_with_its_own_duration_and_merged_metadata() {
    let clock = freeze_clock();
    let events = capture(&WORK_EVENTS);
    let mut span = WORK.start(&[("form", "first".into())]);
    clock.advance(Duration::from_millis(7));
    span.set("outcome", "half");
    span.stop(&[("items", 2u8.into()), ("duration", 99u8.into())], &[("outcome", "ok".into())]);
    let [start, stop] = &events.take()[..] else { panic!("two events") };
    assert_eq!(start.get("form"), Some("first"));
    assert_eq!(stop.measurement("duration"), Some(Value::Duration(Duration::from_millis(7))), "never overridden");
    assert_eq!(stop.measurement("items"), Some(Value::Uint(2)));
    assert_eq!((stop.get("form"), stop.get("outcome")), (Some("first"), Some("ok")));
    assert_eq!(stop.metadata.len(), 2);
    assert_eq!(start.context, stop.context);
}

#[test]
fn children_have_their_parents_id_and_trace() {
    let events = capture(&WORK_EVENTS);
    let parent = WORK.start(&[]);
    parent.in_scope(|| WORK.start(&[]).stop(&[], &[]));
    parent.stop(&[], &[]);
    let events = events.take();
    let [parent_start, child_start, ..] = &events[..] else { panic!("four events") };
    let (parent, child) = (parent_start.context.unwrap(), child_start.context.unwrap());
    assert_eq!(child.trace_id, parent.trace_id);
    assert_ne!(child.span_id, parent.span_id);
    assert_eq!(child_start.parent_id, Some(parent.span_id));
    assert_eq!(parent_start.parent_id, None);
}

#[test]
fn an_early_return_and_a_question_mark_abort() {
    fn fails() -> Result<(), std::num::ParseIntError> {
        let span = WORK.start(&[]);
        let _number: i32 = "no number".parse()?;
        span.stop(&[], &[]);
        Ok(())
    }
    let events = capture(&WORK_EVENTS);
    assert!(fails().is_err());
    assert_eq!(ends(&events), ["start", "aborted"]);
}

#[test]
fn a_panic_ends_the_span_as_exception_and_goes_on() {
    let events = capture(&WORK_EVENTS);
    let result = catch_unwind(AssertUnwindSafe(|| WORK.run(&[], || panic!("on purpose"))));
    assert!(result.is_err());
    assert_eq!(ends(&events), ["start", "exception"]);
    assert_eq!(Context::current(), None, "what was current is put back");
}

#[test]
fn a_failure_says_its_kind_and_reason() {
    let events = capture(&WORK_EVENTS);
    WORK.start(&[("form", "x".into())]).exception("io", "no space left");
    let [_, exception] = &events.take()[..] else { panic!("two events") };
    assert_eq!((exception.get("kind"), exception.get("reason")), (Some("io"), Some("no space left")));
}

#[test]
fn a_future_that_is_dropped_before_its_end_aborts() {
    let events = capture(&WORK_EVENTS);
    {
        let mut future = pin!(async {
            let span = WORK.start(&[]);
            std::future::pending::<()>().await;
            span.stop(&[], &[]);
        });
        assert_eq!(future.as_mut().poll(&mut Task::from_waker(Waker::noop())), Poll::Pending);
    }
    assert_eq!(ends(&events), ["start", "aborted"]);
}

#[test]
fn a_context_follows_a_future_across_its_awaits_and_does_not_leak() {
    let span = WORK.start(&[]);
    let context = span.context();
    let mut yielded = false;
    let mut future = pin!(
        async {
            let before = Context::current();
            std::future::poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            (before, Context::current())
        }
        .with_context(context)
    );
    let mut task = Task::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut task).is_pending());
    assert_eq!(Context::current(), None);
    assert_eq!(future.as_mut().poll(&mut task), Poll::Ready((Some(context), Some(context))));
    assert_eq!(Context::current(), None);
}

#[test]
fn a_start_has_count_and_system_time_and_the_end_the_duration() {
    let clock = freeze_clock();
    let events = capture(&WORK_EVENTS);
    let span = WORK.start(&[("form", "x".into())]);
    clock.advance(Duration::from_millis(3));
    span.stop(&[], &[]);
    let [start, stop] = &events.take()[..] else { panic!("two events") };
    let now = tachymeter::clock::system_time() - Duration::from_millis(3);
    assert_eq!(start.measurements, [("count".to_owned(), Value::Uint(1)), ("system_time".to_owned(), Value::Duration(now))]);
    assert_eq!(stop.measurements, [("duration".to_owned(), Value::Duration(Duration::from_millis(3)))]);
    assert_eq!(start.metadata, stop.metadata, "the start's metadata are the stop's too");
}

#[test]
fn a_soft_error_is_a_stop_with_error() {
    let events = capture(&WORK_EVENTS);
    WORK.start(&[]).stop(&[], &[("error", "not found".into())]);
    assert_eq!(events.take()[1].get("error"), Some("not found"));
}

#[test]
fn the_message_of_a_panic_is_the_reason() {
    let events = capture(&WORK_EVENTS);
    let result = catch_unwind(|| WORK.run(&[], || -> u8 { panic!("number {}", std::hint::black_box(5)) }));
    assert_eq!(result.unwrap_err().downcast_ref::<String>().unwrap(), "number 5", "the original panic goes on");
    let [_, exception] = &events.take()[..] else { panic!("two events") };
    assert_eq!((exception.get("kind"), exception.get("reason")), (Some("panic"), Some("number 5")));
}

#[test]
fn a_guard_that_a_panic_drops_is_an_exception_and_one_that_a_drop_during_it_makes_is_aborted() {
    struct Cleanup;
    impl Drop for Cleanup {
        fn drop(&mut self) {
            drop(WORK.start(&[("form", "cleanup".into())]));
        }
    }
    let events = capture(&WORK_EVENTS);
    let result = catch_unwind(|| {
        let _cleanup = Cleanup;
        let _span = WORK.start(&[("form", "work".into())]);
        panic!("on purpose");
    });
    assert!(result.is_err());
    let seen = events.take();
    let seen: Vec<_> = seen.iter().map(|event| (event.get("form").unwrap(), event.name.rsplit('.').next().unwrap())).collect();
    assert_eq!(seen, [("work", "start"), ("work", "exception"), ("cleanup", "start"), ("cleanup", "aborted")]);
}

#[test]
fn a_handler_that_panics_while_a_panic_drops_a_span_does_no_harm() {
    let here = std::thread::current().id();
    let _attached = attach("conformance panics twice", &["conformance.work.exception"], move |_| {
        assert_ne!(std::thread::current().id(), here, "on purpose");
    })
    .unwrap();
    let result = catch_unwind(|| {
        let _span = WORK.start(&[]);
        panic!("the first");
    });
    assert_eq!(*result.unwrap_err().downcast_ref::<&str>().unwrap(), "the first");
}

#[test]
fn a_future_that_panics_is_an_exception() {
    let events = capture(&WORK_EVENTS);
    let mut future = Box::pin(async {
        let _span = WORK.start(&[]);
        std::future::ready(()).await;
        panic!("on purpose");
    });
    assert!(catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_ready())).is_err());
    drop(future);
    assert_eq!(ends(&events), ["start", "exception"]);
}

#[test]
fn a_task_that_is_aborted_in_another_thread_ends_there_with_its_own_context() {
    let events = capture(&WORK_EVENTS);
    let scope = events.scope();
    let mut future = Box::pin(async {
        let mut span = WORK.start(&[]);
        std::future::pending::<()>().await;
        span.set("outcome", "never");
    });
    assert!(future.as_mut().poll(&mut Task::from_waker(Waker::noop())).is_pending());
    std::thread::spawn(move || scope.run(|| drop(future))).join().unwrap();
    let [start, aborted] = &events.take()[..] else { panic!("two events") };
    assert_eq!(aborted.name, "conformance.work.aborted");
    assert_eq!(aborted.context, start.context);
}

#[test]
#[cfg(not(any(miri, target_arch = "wasm32")))] // tokio's runtime asks the operating system
fn a_task_that_is_aborted_and_a_runtime_that_shuts_down_end_their_spans() {
    let events = capture(&WORK_EVENTS);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let endless = |form: &'static str| async move {
        let span = WORK.start(&[("form", form.into())]);
        std::future::pending::<()>().await;
        span.stop(&[], &[]);
    };
    let task = runtime.spawn(endless("task"));
    runtime.spawn(endless("runtime"));
    runtime.block_on(async {
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    drop(runtime);
    let seen = events.take();
    let seen: Vec<_> = seen.iter().map(|event| (event.get("form").unwrap(), event.name.rsplit('.').next().unwrap())).collect();
    assert_eq!(seen, [("task", "start"), ("runtime", "start"), ("task", "aborted"), ("runtime", "aborted")]);
}

#[test]
fn a_future_is_aborted_before_it_was_ever_polled_without_a_start() {
    let events = capture(&WORK_EVENTS);
    drop(async { WORK.start(&[]).stop(&[], &[]) });
    assert!(events.take().is_empty());
}

#[test]
fn what_was_measured_so_far_is_in_every_end() {
    let events = capture(&WORK_EVENTS);
    let mut span = WORK.start(&[]);
    span.measure("items", 1u8);
    span.measure("items", 2u8);
    drop(span);
    assert_eq!(events.take()[1].measurement("items"), Some(Value::Uint(2)));
}

#[test]
fn a_span_that_nobody_heard_start_is_not_heard_to_end() {
    tachymeter::events! {
        /// One.
        EVENTS;
        /// Nobody listens at first.
        span UNHEARD = "conformance.unheard";
    }
    assert_eq!(EVENTS.len(), 4);
    let span = UNHEARD.start(&[]);
    assert_ne!(span.context(), Context::new_root());
    let events = capture(&["conformance.unheard.stop"]);
    span.stop(&[], &[]);
    assert!(events.take().is_empty(), "half a span is worse than none");
}

#[test]
fn much_and_long_metadata_arrive_whole() {
    let events = capture(&WORK_EVENTS);
    let long = "ü".repeat(100);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
    let metadata: Vec<_> = names.iter().map(|name| (*name, Value::from(&long))).collect();
    let mut span = WORK.start(&metadata);
    span.set("a", "ö");
    span.set("n", "ä");
    span.set("n", &long[..20]);
    span.stop(&[], &[("b", 1u8.into()), ("z", true.into())]);
    let stop = &events.take()[1];
    assert_eq!((stop.get("a"), stop.get("n"), stop.get("b")), (Some("ö"), Some(&long[..20]), Some("1")));
    assert_eq!((stop.get("m"), stop.get("z"), stop.metadata.len()), (Some(&*long), Some("true"), 15));
}

#[test]
fn an_explicit_parent_wins_and_none_begins_a_new_trace() {
    let events = capture(&WORK_EVENTS);
    let remote: Context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    Context::new_root().in_scope(|| {
        WORK.start_under(Some(remote), &[]).stop(&[], &[]);
        WORK.start_under(None, &[]).stop(&[], &[]);
    });
    let seen = events.take();
    assert_eq!((seen[0].parent_id, seen[0].context.unwrap().trace_id), (Some(remote.span_id), remote.trace_id));
    assert_eq!(seen[2].parent_id, None);
    assert_ne!(seen[2].context.unwrap().trace_id, remote.trace_id);
}

#[test]
fn a_plain_event_has_the_context_around_it_and_one_from_elsewhere_its_own() {
    let events = capture(&["conformance.plain"]);
    let (around, elsewhere) = (Context::new_root(), Context::new_root());
    around.in_scope(|| tachymeter::execute("conformance.plain", &[], &[]));
    tachymeter::execute_for(Some(elsewhere), Some(around.span_id), "conformance.plain", &[], &[]);
    let seen = events.take();
    assert_eq!((seen[0].context, seen[0].parent_id), (Some(around), None));
    assert_eq!((seen[1].context, seen[1].parent_id), (Some(elsewhere), Some(around.span_id)));
}

#[test]
fn ids_differ_and_are_never_zero() {
    const MANY: usize = if cfg!(miri) { 100 } else { 10_000 };
    let ids: std::collections::HashSet<_> = (0..MANY).map(|_| Context::new_root()).collect();
    assert_eq!(ids.len(), MANY);
    assert!(ids.iter().all(|id| id.trace_id.0 != [0; 16] && id.span_id.0 != [0; 8]));
}

#[test]
fn an_open_span_and_its_future_may_go_to_another_thread() {
    fn send<T: Send>(_: &T) {}
    let span = WORK.start(&[]);
    send(&span);
    send(&async { span.stop(&[], &[]) }.with_context(Context::new_root()));
}
