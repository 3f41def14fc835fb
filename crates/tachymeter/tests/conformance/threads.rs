//! Many threads at once.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};

use tachymeter::{Emission, attach, attach_durable, detach, execute, failures, list_handlers};

use crate::counter;

const THREADS: usize = 4;
/// Miri is some hundred times slower.
const ROUNDS: usize = if cfg!(miri) { 10 } else { 500 };

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// Everything happens to it.
    pub event BUSY = "c23.busy" { count } [thread];
}

#[test]
fn many_threads_attach_detach_execute_and_fail_and_nothing_is_lost() {
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

/// Every thread has a durable handler that fails each time, attaches from inside a handler, and counts what it executes itself.
#[test]
fn handlers_that_fail_attach_and_detach_in_every_thread_lose_no_call_and_get_none_twice() {
    let (all_calls, all) = counter();
    let _all = attach("c23.all", &["c23.busy"], all).unwrap();
    let durable: Vec<_> =
        (0..THREADS).map(|n| attach_durable(&format!("c23.durable.{n}"), &["c23.busy"], |_| panic!("again")).unwrap()).collect();
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&"again") {
            quiet(info);
        }
    }));
    let start = Barrier::new(THREADS);
    let work = &|n: usize| {
        start.wait();
        for round in 0..ROUNDS {
            let id = format!("c23.{n}.{round}");
            let inner = format!("{id}.inner");
            let here = std::thread::current().id();
            let attach_and_go = {
                let id = id.clone();
                move |_: &Emission<'_>| {
                    if std::thread::current().id() == here && detach(&id).is_ok() {
                        attach(&inner, &["c23.busy"], |_| {}).unwrap().forget();
                    }
                }
            };
            attach(&id, &["c23.busy"], attach_and_go).unwrap().forget();
            tachymeter::execute!(BUSY, { count: 1u64 }, { thread: n });
            assert!(detach(&id).is_err(), "gone already");
            detach(&format!("{id}.inner")).expect("attached by the handler");
        }
    };
    std::thread::scope(|threads| (0..THREADS).for_each(|n| _ = threads.spawn(move || work(n))));
    _ = std::panic::take_hook();
    assert_eq!(all_calls.load(Ordering::Relaxed), THREADS * ROUNDS);
    for handler in &durable {
        assert_eq!(failures(handler.id()), Some((THREADS * ROUNDS) as u64), "each failure counted once");
    }
    assert_eq!(list_handlers("c23").len(), 1 + THREADS, "nobody is left behind");
}
