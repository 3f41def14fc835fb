//! Attaching, detaching, listing, executing, and handlers that fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tachymeter::testing::capture;
use tachymeter::{AttachError, Value, attach, attach_durable, detach, execute, failures, list_handlers};

use crate::counter;

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// One for the laziness test.
    pub event LAZY = "conformance.lazy" { count } [text];
    /// Work at the end of a thread.
    pub span WORK = "c19.work";
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

#[test]
fn execute_without_metadata_gives_none() {
    let events = capture(&["c11b.event"]);
    execute("c11b.event", &[], &[]);
    assert!(events.take()[0].metadata.is_empty());
}

#[test]
fn handlers_run_in_the_order_of_attaching() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let _attached: Vec<_> = (0..5)
        .map(|n| {
            let order = order.clone();
            attach(&format!("c13.{n}"), &["c13.event"], move |_| order.lock().unwrap().push(n)).unwrap()
        })
        .collect();
    execute("c13.event", &[], &[]);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_handler_attached_before_the_program_comes_by_the_event_hears_it() {
    tachymeter::events! {
        /// One.
        EVENTS;
        /// Late.
        event LATE = "c14.late" { count };
    }
    let (calls, handler) = counter();
    let attached = attach("c14", &["c14.late"], handler).unwrap();
    for event in EVENTS {
        event.execute(&[], &[]);
    }
    tachymeter::execute!(LATE, { count: 1 });
    execute("c14.late", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    drop(attached);
    assert!(!LATE.is_attached());
    tachymeter::execute!(LATE, { count: 1 });
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[test]
fn two_declarations_of_one_name_share_their_handlers() {
    mod other {
        tachymeter::events! {
            /// One.
            pub(super) EVENTS;
            /// The same name, declared elsewhere.
            pub(super) event SAME = "c15.same" { count };
        }
    }
    tachymeter::events! {
        /// One.
        EVENTS;
        /// The same name.
        event SAME = "c15.same" { count };
    }
    assert_eq!((EVENTS.len(), other::EVENTS.len()), (1, 1));
    let (calls, handler) = counter();
    let _attached = attach("c15", &["c15.same"], handler).unwrap();
    tachymeter::execute!(SAME, { count: 1 });
    tachymeter::execute!(other::SAME, { count: 1 });
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn what_a_closure_does_when_it_is_dropped_harms_nobody() {
    struct Hostile(&'static str);
    impl Drop for Hostile {
        fn drop(&mut self) {
            execute(self.0, &[], &[]);
            if self.0 == "c16.event" {
                drop(attach("c16.again", &["c16.event"], |_| {}).unwrap());
                panic!("a drop that panics");
            }
        }
    }
    let hostile = Hostile("c16.event");
    let attached = attach("c16", &["c16.event"], move |_| _ = &hostile).unwrap();
    let (calls, handler) = counter();
    execute("c16.event", &[], &[]); // this thread keeps a snapshot
    std::thread::spawn(|| drop(attached)).join().unwrap();
    let _other = attach("c16.other", &["c16.event"], handler).unwrap();
    execute("c16.event", &[], &[]); // here it is dropped
    assert_eq!(calls.load(Ordering::Relaxed), 2, "once by the drop itself, once by us");
}

#[test]
fn a_panic_with_a_payload_whose_drop_panics_harms_nobody() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload's drop");
        }
    }
    let (calls, handler) = counter();
    let _hostile = attach("c17", &["c17.event"], |_| std::panic::panic_any(Payload)).unwrap();
    let _after = attach("c17.after", &["c17.event"], handler).unwrap();
    execute("c17.event", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(list_handlers("c17").iter().all(|info| info.id != "c17"));
}

#[test]
fn a_failed_handler_is_gone_before_its_failure_is_told() {
    let listed = Arc::new(Mutex::new(None));
    let seen = listed.clone();
    let _watcher = attach("c18.watcher", &["telemetry.handler.failure"], move |failure| {
        if failure.get("handler_id") == Some("c18".into()) {
            *seen.lock().unwrap() = Some(list_handlers("c18").len());
        }
    })
    .unwrap();
    let _failing = attach("c18", &["c18.event"], |_| panic!("on purpose")).unwrap();
    execute("c18.event", &[], &[]);
    assert_eq!(*listed.lock().unwrap(), Some(0));
}

#[test]
fn execute_is_safe_while_a_thread_ends() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            execute("c19.event", &[], &[]);
            WORK.start(&[]).stop(&[], &[]);
        }
    }
    thread_local!(static LAST: Last = const { Last });
    let (calls, handler) = counter();
    let _attached = attach("c19", &["c19.event", "c19.work.stop"], handler).unwrap();
    std::thread::spawn(|| {
        LAST.with(|_| {});
        execute("c19.event", &[], &[]);
        WORK.start(&[]).stop(&[], &[]);
    })
    .join()
    .unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

#[test]
fn a_forgotten_guard_stays_attached_and_says_its_id() {
    let (calls, handler) = counter();
    let attached = attach("c20f", &["c20f.event"], handler).unwrap();
    assert_eq!(attached.id(), "c20f");
    attached.forget();
    execute("c20f.event", &[], &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    detach("c20f").unwrap();
    execute("c20f.event", &[], &[]);
    let _other = attach("c20f", &["c20f.event"], |_| {}).unwrap();
    execute("c20f.event", &[], &[]);
    assert_eq!((calls.load(Ordering::Relaxed), Arc::strong_count(&calls)), (1, 1), "freed after all");
}
