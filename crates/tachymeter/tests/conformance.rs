//! One test per behaviour of `:telemetry` that users rely on, and per hole of it that is closed here.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use tachymeter::testing::{capture, freeze_clock};
use tachymeter::{AttachError, Context, Value, WithContext, attach, attach_durable, detach, execute, failures, list_handlers};

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// One for the laziness test.
    pub event LAZY = "conformance.lazy" { count } [text];
    /// Some work.
    pub span WORK = "conformance.work" { items } [form, outcome];
}

fn counter() -> (Arc<AtomicUsize>, impl Fn(&tachymeter::Emission<'_>) + Send + Sync + 'static) {
    let calls = Arc::new(AtomicUsize::new(0));
    let inner = calls.clone();
    (calls, move |_: &tachymeter::Emission<'_>| {
        inner.fetch_add(1, Ordering::Relaxed);
    })
}

#[test]
fn a_malformed_name_and_an_empty_list_are_refused() {
    for name in ["", ".", "a.", ".a", "a..b", "A.b", "a b", "ä"] {
        let error = attach("c1", &[name], |_| {}).unwrap_err();
        assert_eq!(error, AttachError::MalformedName(name.into()));
        assert!(error.to_string().contains("http.request.stop"), "{error}");
    }
    assert_eq!(attach("c1", &[], |_| {}).unwrap_err(), AttachError::NoEvents);
}

#[test]
fn an_id_in_use_is_refused_whatever_the_event_and_the_first_stays() {
    let (calls, handler) = counter();
    let _first = attach("c2", &["c2.one"], handler).unwrap();
    assert_eq!(attach("c2", &["c2.other"], |_| {}).unwrap_err(), AttachError::AlreadyAttached("c2".into()));
    execute("c2.one", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_handler_receives_exactly_what_was_emitted() {
    let events = capture(&["c3.event"]);
    execute("c3.event", &[("n", 3u8.into()), ("took", Duration::from_millis(5).into())], &[("who", "me".into())]);
    let [event] = &events.take()[..] else { panic!("one event") };
    assert_eq!(event.name, "c3.event");
    assert_eq!(event.measurements, [("n".into(), Value::Uint(3)), ("took".into(), Value::Duration(Duration::from_millis(5)))]);
    assert_eq!(event.metadata, [("who".to_owned(), "me".to_owned())]);
}

#[test]
fn handlers_are_listed_by_prefix_of_whole_segments() {
    let _attached = attach("c5", &["c5.a.b", "c5.a.c"], |_| {}).unwrap();
    let listed = |prefix: &str| list_handlers(prefix).iter().filter(|info| info.id == "c5").count();
    assert_eq!([listed(""), listed("c5"), listed("c5.a"), listed("c5.a.b")], [2, 2, 2, 1]);
    assert_eq!([listed("c5.a.b.d"), listed("c5.a.bb"), listed("c")], [0, 0, 0]);
}

#[test]
fn a_handler_that_panics_is_gone_from_all_its_events_and_the_failure_says_why() {
    let failures = capture(&["telemetry.handler.failure"]);
    let (calls, handler) = counter();
    let attached = attach("c6", &["c6.one", "c6.two"], |_| panic!("broken on purpose")).unwrap();
    let _after = attach("c6.after", &["c6.one"], handler).unwrap();
    execute("c6.one", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1, "handlers after it still run");
    assert!(list_handlers("c6").iter().all(|info| info.id != "c6"));
    let [failure] = &failures.take()[..] else { panic!("one failure") };
    assert_eq!(failure.get("handler_id"), Some("c6"));
    assert_eq!(failure.get("event_name"), Some("c6.one"));
    assert_eq!(failure.get("reason"), Some("broken on purpose"));
    drop(attached);
}

#[test]
fn a_failing_handler_of_the_failure_event_does_not_go_on_for_ever() {
    let here = std::thread::current().id();
    let only_here = move |_: &tachymeter::Emission<'_>| {
        if std::thread::current().id() == here {
            panic!("fails at failures");
        }
    };
    let _durable = attach_durable("c6b", &["telemetry.handler.failure"], only_here).unwrap();
    let _failing = attach("c6c", &["c6c.event"], |_| panic!("first")).unwrap();
    execute("c6c.event", &[], &[]);
    assert_eq!(failures("c6b"), Some(1));
}

#[test]
fn a_durable_handler_stays_and_its_failures_are_counted() {
    let attached = attach_durable("c7d", &["c7d.event"], |_| panic!("again")).unwrap();
    execute("c7d.event", &[], &[]);
    execute("c7d.event", &[], &[]);
    assert_eq!(failures("c7d"), Some(2));
    attached.detach();
    assert_eq!(failures("c7d"), None);
}

#[test]
fn detaching_an_unknown_id_is_an_error() {
    assert!(detach("c7 nobody").unwrap_err().to_string().contains("c7 nobody"));
}

#[test]
fn after_detach_nobody_is_called() {
    let (calls, handler) = counter();
    attach("c8", &["c8.event"], handler).unwrap().forget();
    execute("c8.event", &[], &[]);
    detach("c8").unwrap();
    execute("c8.event", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_guard_does_not_detach_another_handler_that_took_its_id() {
    let first = attach("c8b", &["c8b.event"], |_| {}).unwrap();
    detach("c8b").unwrap();
    let (calls, handler) = counter();
    let _second = attach("c8b", &["c8b.event"], handler).unwrap();
    drop(first);
    execute("c8b.event", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn neither_a_prefix_nor_a_more_specific_event_reaches_a_handler() {
    let (calls, handler) = counter();
    let _attached = attach("c9", &["c9.a.b"], handler).unwrap();
    execute("c9.a", &[], &[]);
    execute("c9.a.b.c", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn one_handler_on_three_events_gets_all_three_and_a_doubled_name_once() {
    let (calls, handler) = counter();
    let _attached = attach("c10", &["c10.a", "c10.b", "c10.c", "c10.a"], handler).unwrap();
    for name in ["c10.a", "c10.b", "c10.c"] {
        execute(name, &[], &[]);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    assert_eq!(list_handlers("c10").len(), 3);
}

#[test]
fn nothing_is_built_for_nobody() {
    let built = AtomicUsize::new(0);
    let emit = || {
        tachymeter::execute!(LAZY, { count: built.fetch_add(1, Ordering::Relaxed) }, { text: "x" });
    };
    emit();
    assert_eq!(built.load(Ordering::Relaxed), 0);
    let _attached = attach("c11", &["conformance.lazy"], |_| {}).unwrap();
    emit();
    assert_eq!(built.load(Ordering::Relaxed), 1);
}

#[test]
fn attach_and_detach_from_inside_a_handler_take_effect_at_the_next_execute() {
    let (late_calls, late) = counter();
    let late = Mutex::new(Some(late));
    let (detached_calls, detached) = counter();
    let _changer = attach("c12.changer", &["c12.event"], move |_| {
        if let Some(late) = late.lock().unwrap().take() {
            attach("c12.late", &["c12.event"], late).unwrap().forget();
            detach("c12.detached").unwrap();
        }
    })
    .unwrap();
    attach("c12.detached", &["c12.event"], detached).unwrap().forget();
    execute("c12.event", &[], &[]);
    assert_eq!((late_calls.load(Ordering::Relaxed), detached_calls.load(Ordering::Relaxed)), (0, 1));
    execute("c12.event", &[], &[]);
    assert_eq!((late_calls.load(Ordering::Relaxed), detached_calls.load(Ordering::Relaxed)), (1, 1));
    detach("c12.late").unwrap();
}

#[test]
fn a_handler_may_detach_itself() {
    let (calls, count) = counter();
    attach("c12s", &["c12s.event"], move |event| {
        count(event);
        detach("c12s").unwrap();
    })
    .unwrap()
    .forget();
    execute("c12s.event", &[], &[]);
    execute("c12s.event", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
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
fn traceparent_reads_the_w3c_examples() {
    for good in [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
    ] {
        let context: Context = good.parse().unwrap();
        assert_eq!(context.traceparent(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    }
}

#[test]
fn traceparent_refuses_hostile_input() {
    let long = "0".repeat(1_000_000);
    for bad in [
        "",
        "-",
        "---",
        &long,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        assert!(bad.parse::<Context>().is_err(), "{bad:.60}");
    }
}

#[test]
fn a_capture_sees_its_own_thread_only() {
    let events = capture(&["c20.event"]);
    std::thread::spawn(|| execute("c20.event", &[], &[])).join().unwrap();
    assert!(events.take().is_empty());
    execute("c20.event", &[], &[]);
    assert_eq!(events.take().len(), 1);
}

#[test]
fn many_threads_attach_detach_execute_and_fail_and_nothing_is_lost() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 500;
    let (steady_calls, steady) = counter();
    let _steady = attach("c21.steady", &["c21.event"], steady).unwrap();
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let start = start.clone();
            std::thread::spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    let (own_calls, own) = counter();
                    let here = std::thread::current().id();
                    let own_thread = move |event: &tachymeter::Emission<'_>| {
                        if std::thread::current().id() == here {
                            own(event);
                        }
                    };
                    let id = format!("c21.{thread}");
                    let attached = attach(&id, &["c21.event"], own_thread).unwrap();
                    execute("c21.event", &[], &[]);
                    assert_eq!(own_calls.load(Ordering::Relaxed), 1, "called once, at once");
                    drop(attached);
                    if round % 50 == 0 {
                        attach(&id, &["c21.failing"], |_| panic!("on purpose")).unwrap().forget();
                        execute("c21.failing", &[], &[]);
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(steady_calls.load(Ordering::Relaxed), THREADS * ROUNDS);
    assert_eq!(list_handlers("c21").len(), 1);
}

#[test]
fn a_closure_is_freed_when_its_thread_executes_again() {
    let kept = Arc::new(());
    let inner = kept.clone();
    let attached = attach("c22", &["c22.event"], move |_| _ = &inner).unwrap();
    execute("c22.event", &[], &[]);
    attached.detach();
    let _other = attach("c22", &["c22.event"], |_| {}).unwrap();
    execute("c22.event", &[], &[]);
    assert_eq!(Arc::strong_count(&kept), 1);
}
