//! Models of the table of handlers: loom runs each with every order in which the threads may come by its locks and atomics (with at most
//! [`PREEMPTIONS`] unforced changes of thread), and with every old value that an atomic may still show. A thread that waits for ever is an
//! error too. `RUSTFLAGS="--cfg loom" cargo test --release -p tachymeter --test model`
//!
//! | at the same time | what holds in every order |
//! |---|---|
//! | attach, execute | who was there is called once; who comes is called at most once; afterwards both are |
//! | detach, execute, execute | each calls at most once; afterwards nobody is called |
//! | attach, attach, one id | one of them gets it; afterwards that one alone is called |
//! | attach, execute by name, first look at the declared event | nothing is lost: the event's own slot shows what was attached |
//! | execute, execute, a handler that fails | each failure is told; it is gone afterwards; who stands behind it is called every time |
//! | execute with a handler that attaches and detaches, detach | nobody waits for ever, whoever is first |
//! | attach, detach of an id that a third thread takes again | a guard takes out its own handler only |
#![cfg(loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use tachymeter::{Emission, attach, attach_durable, detach, execute, list_handlers};

/// How often a run changes threads where it need not. Two find nearly all mistakes that there are.
const PREEMPTIONS: usize = 3;

tachymeter::events! {
    /// What the models emit.
    pub EVENTS;
    /// Something happened.
    pub event EVENT = "model.event" { count };
}

fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    // Handlers that fail on purpose would fill the page.
    std::panic::set_hook(Box::new(|panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&ON_PURPOSE) {
            eprintln!("{panic}");
        }
    }));
    builder.check(run);
}

const ON_PURPOSE: &str = "on purpose";

#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn handler(&self) -> impl Fn(&Emission<'_>) + Send + Sync + use<> {
        let calls = self.0.clone();
        move |_| _ = calls.fetch_add(1, Ordering::Relaxed)
    }

    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn emit() {
    tachymeter::execute!(EVENT, { count: 1u8 });
}

#[test]
fn attach_while_it_is_executed() {
    model(|| {
        let (first, second) = (Calls::default(), Calls::default());
        let _first = attach("first", &["model.event"], first.handler()).unwrap();
        emit(); // This thread keeps the list as it is now.
        assert_eq!(first.take(), 1);
        let other = thread::spawn(emit);
        let _second = attach("second", &["model.event"], second.handler()).unwrap();
        other.join().unwrap();
        assert_eq!(first.take(), 1);
        assert!(second.take() <= 1);
        emit();
        assert_eq!((first.take(), second.take()), (1, 1));
    });
}

#[test]
fn detach_while_it_is_executed() {
    model(|| {
        let calls = Calls::default();
        let attached = attach("leaves", &["model.event"], calls.handler()).unwrap();
        emit();
        assert_eq!(calls.take(), 1);
        let others = [thread::spawn(emit), thread::spawn(emit)];
        drop(attached);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(calls.take() <= 2);
        emit();
        assert_eq!(calls.take(), 0);
        assert!(list_handlers("").is_empty());
    });
}

#[test]
fn one_id_for_two() {
    model(|| {
        let (here, there) = (Calls::default(), Calls::default());
        let handler = there.handler();
        let other = thread::spawn(move || attach("one", &["model.event"], handler).map(|attached| attached.forget()).is_ok());
        let mine = attach("one", &["model.event"], here.handler()).map(|attached| attached.forget()).is_ok();
        assert_ne!(mine, other.join().unwrap());
        emit();
        assert_eq!((here.take(), there.take()), (usize::from(mine), usize::from(!mine)));
    });
}

#[test]
fn first_looks_at_a_declared_event() {
    model(|| {
        let calls = Calls::default();
        let handler = calls.handler();
        let attaching = thread::spawn(move || attach("late", &["model.event"], handler).unwrap().forget());
        let looking = thread::spawn(|| EVENT.is_attached());
        execute("model.event", &[], &[]);
        attaching.join().unwrap();
        looking.join().unwrap();
        assert!(calls.take() <= 1);
        assert!(EVENT.is_attached());
        emit();
        assert_eq!(calls.take(), 1);
    });
}

#[test]
fn a_handler_that_fails_in_two_threads() {
    model(|| {
        let (failed, behind, told) = (Calls::default(), Calls::default(), Calls::default());
        let count = failed.handler();
        let _failing = attach("fails", &["model.event"], move |event| {
            count(event);
            std::panic::panic_any(ON_PURPOSE);
        });
        let _behind = attach("behind", &["model.event"], behind.handler()).unwrap();
        let _told = attach("told", &["telemetry.handler.failure"], told.handler()).unwrap();
        let other = thread::spawn(emit);
        emit();
        other.join().unwrap();
        let failures = failed.take();
        assert!((1..=2).contains(&failures));
        assert_eq!((behind.take(), told.take()), (2, failures));
        emit();
        assert_eq!((failed.take(), behind.take()), (0, 1));
    });
}

#[test]
fn a_handler_that_attaches_and_detaches() {
    model(|| {
        let calls = Calls::default();
        let handler = calls.handler();
        let _changes = attach_durable("changes", &["model.event"], move |event| {
            handler(event);
            _ = detach("other");
            _ = attach("new", &["model.event"], |_| {}).map(|attached| attached.forget());
        });
        attach("other", &["model.event"], |_| {}).unwrap().forget();
        let other = thread::spawn(|| detach("other").is_ok());
        emit();
        other.join().unwrap();
        assert_eq!(calls.take(), 1);
        let ids: Vec<_> = list_handlers("").into_iter().map(|handler| handler.id).collect();
        assert_eq!(ids, ["changes", "new"]);
    });
}

#[test]
fn an_id_that_another_takes_again() {
    model(|| {
        let calls = Calls::default();
        let old = attach("again", &["model.event"], |_| {}).unwrap();
        let handler = calls.handler();
        let other = thread::spawn(move || {
            _ = detach("again");
            attach("again", &["model.event"], handler).unwrap().forget();
        });
        drop(old);
        other.join().unwrap();
        emit();
        assert_eq!(calls.take(), 1);
    });
}
