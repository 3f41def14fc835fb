//! The test kit: what this test emits, and no other.

use tachymeter::execute;
use tachymeter::testing::capture;

#[test]
fn a_capture_sees_its_own_thread_only() {
    let events = capture(&["c20.event"]);
    std::thread::spawn(|| execute("c20.event", &[], &[])).join().unwrap();
    assert!(events.take().is_empty());
    execute("c20.event", &[], &[]);
    assert_eq!(events.take().len(), 1);
}

#[test]
fn a_scope_carries_a_capture_into_another_thread() {
    let events = capture(&["c20b.event"]);
    let scope = events.scope();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            execute("c20b.event", &[], &[("who", "outside".into())]);
            scope.run(|| execute("c20b.event", &[], &[("who", "inside".into())]));
            execute("c20b.event", &[], &[("who", "after".into())]);
        });
    });
    let who: Vec<_> = events.take().iter().map(|event| event.get("who").unwrap().to_owned()).collect();
    assert_eq!(who, ["inside"]);
}

#[test]
fn two_captures_see_the_same_event_once_each_and_an_ended_one_sees_nothing() {
    let (first, second) = (capture(&["c20c.event", "c20c.event"]), capture(&["c20c.event"]));
    first.scope().run(|| execute("c20c.event", &[], &[]));
    assert_eq!((first.take().len(), second.take().len()), (1, 1));
    drop(first);
    execute("c20c.event", &[], &[]);
    assert_eq!(second.take().len(), 1);
}

#[test]
fn a_capture_is_no_handler_that_anybody_else_could_see() {
    let _events = capture(&["c20d.event"]);
    assert!(tachymeter::list_handlers("c20d").is_empty());
}

#[test]
fn a_frozen_clock_stands_still_in_its_own_thread_only() {
    let clock = tachymeter::testing::freeze_clock();
    let (before, calendar) = (tachymeter::clock::now(), tachymeter::clock::system_time());
    assert_eq!(tachymeter::clock::now(), before);
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(tachymeter::clock::system_time() - calendar, std::time::Duration::from_secs(60));
    let elsewhere = std::thread::spawn(tachymeter::clock::system_time).join().unwrap();
    assert_ne!(elsewhere, tachymeter::clock::system_time());
}
