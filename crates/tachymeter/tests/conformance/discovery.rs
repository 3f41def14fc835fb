//! What is declared can be listed, and says who declared it and who handles it.

use tachymeter::{attach, attach_prefix, declare, declared, execute, list_handlers, reference, unhandled};

use crate::counter;

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// A tea was
    /// brewed | poured.
    pub event TEA = "discovery.tea" { count, grams } [sort];
    /// No keys at all.
    pub event NONE = "discovery.none";
    /// A pot.
    pub span POT = "discovery.pot" { litres } [sort];
}

#[test]
fn a_declared_event_says_its_name_doc_keys_module_and_handlers() {
    declare(EVENTS);
    declare(EVENTS);
    let all = declared();
    assert_eq!(all.iter().filter(|event| event.name() == "discovery.tea").count(), 1, "declaring twice changes nothing");
    assert_eq!((TEA.doc(), TEA.module()), ("A tea was\n brewed | poured.", "conformance::discovery"));
    assert_eq!((TEA.measurements(), TEA.metadata()), (&["count", "grams"][..], &["sort"][..]));
    assert_eq!((NONE.measurements().len(), NONE.metadata().len()), (0, 0));
    let _one = attach("discovery one", &["discovery.tea"], |_| {}).unwrap();
    let _two = attach("discovery two", &["discovery.tea"], |_| {}).unwrap();
    assert_eq!(TEA.handlers(), ["discovery one", "discovery two"]);
    let unhandled: Vec<_> = unhandled().iter().map(|event| event.name()).collect();
    assert!(unhandled.contains(&"discovery.none") && !unhandled.contains(&"discovery.tea"));
}

#[test]
fn a_span_declares_four_events() {
    let names: Vec<_> = EVENTS[2..].iter().map(|event| event.name()).collect();
    assert_eq!(names, ["discovery.pot.start", "discovery.pot.stop", "discovery.pot.exception", "discovery.pot.aborted"]);
    assert_eq!(POT.stop().measurements(), ["duration", "litres"]);
    assert_eq!(POT.stop().metadata(), ["sort", "error"]);
    assert_eq!(POT.exception().metadata(), ["sort", "kind", "reason"]);
    assert_eq!(POT.start_event().measurements(), ["count", "system_time"]);
}

#[test]
fn a_prefix_attaches_to_all_declared_events_below_it() {
    declare(EVENTS);
    let (calls, handler) = counter();
    let _attached = attach_prefix("discovery prefix", "discovery.pot", handler).unwrap();
    POT.start(&[]).stop(&[], &[]);
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 2);
    assert_eq!(list_handlers("discovery.pot").iter().filter(|info| info.id == "discovery prefix").count(), 4);
    assert!(attach_prefix("discovery nothing", "discovery.po", |_| {}).is_err(), "whole segments only");
}

#[test]
fn an_undeclared_key_at_run_time_still_arrives() {
    declare(EVENTS);
    let events = tachymeter::testing::capture(&["discovery.none"]);
    execute("discovery.none", &[("surprise", 1u64.into())], &[]);
    NONE.execute(&[], &[("other", "x".into())]);
    let events = events.take();
    assert!(events[0].measurement("surprise").is_some() && events[1].get("other") == Some("x"));
}

#[test]
fn the_reference_is_made_from_the_declarations() {
    let page = reference(EVENTS, "discovery.tea");
    let line = page.lines().nth(2).unwrap();
    assert_eq!(line, "| `discovery.tea` | `count` `grams` | `sort` | A tea was brewed \\| poured. |");
    assert_eq!(page.lines().count(), 3);
    assert!(reference(EVENTS, "").contains("| `discovery.none` | – | – | No keys at all. |"));
}

#[test]
fn the_reference_of_the_crate_s_own_events_is_up_to_date() {
    let page = include_str!("../../docs/events.md");
    assert!(
        page.ends_with(&reference(tachymeter::EVENTS, "")),
        "docs/events.md should end with\n{}",
        reference(tachymeter::EVENTS, "")
    );
}

#[test]
fn every_test_that_the_table_of_promises_names_exists() {
    let page = include_str!("../../docs/conformance.md");
    let sources = [
        ("discovery", include_str!("discovery.rs")),
        ("handlers", include_str!("handlers.rs")),
        ("kit", include_str!("kit.rs")),
        ("spans", include_str!("spans.rs")),
        ("threads", include_str!("threads.rs")),
        ("traceparent", include_str!("traceparent.rs")),
        ("allocations", include_str!("../allocations.rs")),
        ("measured", include_str!("../measured.rs")),
        ("model", include_str!("../model.rs")),
        ("web", include_str!("../web.rs")),
    ];
    let named: Vec<_> = page.split('`').filter_map(|word| word.split_once("::")).collect();
    assert!(named.len() > 80);
    for (file, test) in named {
        let (_, source) = sources.iter().find(|(name, _)| *name == file).unwrap();
        assert!(source.contains(&format!("fn {test}()")), "{file}::{test}");
    }
}
