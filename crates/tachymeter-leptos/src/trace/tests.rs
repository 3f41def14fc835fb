//! What is joined, kept and let go, in every order in which reports may come.

use std::time::Duration;

use tachymeter::testing::freeze_clock;
use tachymeter::{SpanId, TraceId};

use super::ended::Ended;
use super::part::{Part, Pieces, now};
use super::store::{LATEST, MAX_NAMES, MAX_PARTS, RECENT, SLOWEST, Traces};
use super::waiting::MAX_WAITING;
use super::{Filter, MarkKind, Place, Row, Trace};
use crate::interaction::Outcome;

fn trace(number: u64) -> TraceId {
    let mut id = [1; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    TraceId(id)
}

fn span(number: u8) -> Option<SpanId> {
    Some(SpanId([number; 8]))
}

fn part(kind: &'static str, name: &str, ids: (u8, u8), start: f64, duration: f64, pieces: &[(&str, f64)]) -> Part {
    let mut measured = Pieces::default();
    pieces.iter().for_each(|(name, ms)| measured.set(name, *ms));
    Part {
        kind,
        name: name.into(),
        in_browser: false,
        span: Some(ids.0).filter(|id| *id > 0).and_then(span),
        parent: span(ids.1),
        start,
        duration,
        outcome: "ok".into(),
        pieces: measured,
    }
}

/// The browser's call of a server function, from 12 ms after the input to 118.
fn call() -> Part {
    let pieces = [("queue", 1.0), ("request", 104.0), ("decode", 1.0)];
    Part { in_browser: true, ..part("leptos.server_fn", "press_red", (2, 1), 12.0, 106.0, &pieces) }
}

/// What the server did because of it, by a clock that says 70,000 when the browser's says 15.
fn served() -> [Part; 4] {
    [
        part("db.query", "find_user", (0, 4), 70_020.0, 10.0, &[("queue", 1.0), ("query", 8.0), ("decode", 1.0)]),
        part("leptos.server_fn", "press_red", (4, 3), 70_001.0, 98.0, &[("decode", 1.0), ("body", 96.0), ("encode", 1.0)]),
        part("http.request", "/api/press_red", (3, 2), 70_000.0, 130.0, &[("first_byte", 100.0)]),
        part("external.request", "example.org", (5, 4), 70_040.0, 20.0, &[]),
    ]
}

fn ended(number: u64, name: &str, total: f64, outcome: Outcome) -> Ended {
    Ended {
        trace: trace(number),
        number: 0,
        at: 0,
        since_start: now(),
        name: name.into(),
        event: "click".into(),
        outcome,
        input_delay: 2.0,
        handler: 10.0,
        network: 6.0,
        server: 100.0,
        render: 2.0,
        paint: total - 120.0,
        total,
        commit: 120.0,
        first_render: 13.0,
        settled: Some(121.0),
        frame: Some(126.0),
        event_timing: Some(24.0),
        renders: 2,
        shared: 0,
    }
}

fn red(number: u64) -> Ended {
    ended(number, "buttons.red", 130.0, Outcome::Rendered)
}

fn whole(traces: &Traces) -> Trace {
    traces.find(&trace(1).to_string()).expect("it is kept")
}

fn row<'t>(trace: &'t Trace, name: &str, kind: &str) -> &'t Row {
    trace.rows.iter().find(|row| row.name == name && row.kind == kind).unwrap_or_else(|| panic!("{name} of {kind} in {trace:#?}"))
}

/// All orders of these many things.
fn orders(many: usize) -> Vec<Vec<usize>> {
    if many == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(many - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..many).map(|place| {
            let mut order = order.clone();
            order.insert(place, many - 1);
            order
        })
    });
    longer.collect()
}

#[test]
fn a_waterfall_has_a_row_per_part_below_its_cause_and_one_clock() {
    let traces = Traces::new();
    traces.add(trace(1), call());
    served().into_iter().for_each(|part| traces.add(trace(1), part));
    traces.end(trace(1), red(1));
    let seen = whole(&traces);
    let drawn: Vec<_> = seen.rows.iter().map(|row| (row.depth, row.name.as_str(), row.start, row.duration)).collect();
    assert_eq!(
        drawn,
        [
            (0, "buttons.red", 0.0, 130.0),
            (1, "input delay", 0.0, 2.0),
            (1, "handler", 2.0, 10.0),
            (1, "press_red", 12.0, 106.0),
            (2, "queue", 12.0, 1.0),
            // 104 ms of waiting, 100 of them the server's: two there and two back.
            (2, "request", 13.0, 2.0),
            (2, "/api/press_red", 15.0, 130.0),
            (3, "press_red", 16.0, 98.0),
            (4, "decode", 16.0, 1.0),
            (4, "body", 17.0, 96.0),
            (5, "find_user", 35.0, 10.0),
            (6, "queue", 35.0, 1.0),
            (6, "query", 36.0, 8.0),
            (6, "decode", 44.0, 1.0),
            (5, "example.org", 55.0, 20.0),
            (4, "encode", 113.0, 1.0),
            (2, "response", 115.0, 2.0),
            (2, "decode", 117.0, 1.0),
            (1, "first re-render", 13.0, 0.0),
            (1, "re-render", 118.0, 2.0),
            (1, "paint", 120.0, 10.0),
        ]
    );
    let places = ["handler", "request", "body", "re-render", "paint"].map(|name| row(&seen, name, "").place);
    assert_eq!(places, [Place::Handler, Place::Network, Place::Server, Place::Render, Place::Paint]);
    assert_eq!(row(&seen, "find_user", "db.query").place, Place::Database);
    let marks: Vec<_> = seen.marks.iter().map(|mark| (mark.kind, mark.at)).collect();
    assert_eq!(
        marks,
        [
            (MarkKind::FirstRender, 13.0),
            (MarkKind::LastRender, 120.0),
            (MarkKind::Settled, 121.0),
            (MarkKind::Frame, 126.0),
            (MarkKind::Paint, 130.0),
            (MarkKind::EventTiming, 24.0)
        ]
    );
    assert_eq!((seen.end, seen.parts.iter().map(|(_, ms)| ms).sum::<f64>()), (145.0, seen.summary.total));
}

#[test]
fn a_rerender_with_another_cause_says_so() {
    let traces = Traces::new();
    traces.end(trace(1), Ended { shared: 1, ..red(1) });
    assert_eq!(row(&whole(&traces), "re-render", "").outcome, "shared");
}

#[test]
fn the_order_in_which_reports_come_changes_nothing() {
    let expected = {
        let traces = Traces::new();
        traces.add(trace(1), call());
        served().into_iter().for_each(|part| traces.add(trace(1), part));
        traces.end(trace(1), red(1));
        whole(&traces)
    };
    for order in orders(6) {
        let traces = Traces::new();
        for what in &order {
            match what {
                0 => traces.end(trace(1), red(1)),
                1 => traces.add(trace(1), call()),
                other => traces.add(trace(1), served()[other - 2].clone()),
            }
        }
        let mut seen = whole(&traces);
        seen.summary.at = expected.summary.at;
        assert_eq!(seen, expected, "{order:?}");
    }
}

#[test]
fn told_twice_it_is_one() {
    let traces = Traces::new();
    traces.end(trace(1), red(1));
    traces.end(trace(1), ended(1, "buttons.red", 999.0, Outcome::Failed));
    let overview = traces.overview(&Filter::default());
    assert_eq!((overview.events[0].count, overview.latest.len(), overview.latest[0].total), (1, 1, 130.0));
}

#[test]
fn what_the_browser_never_said_is_laid_into_the_time_it_waited() {
    let traces = Traces::new();
    served().into_iter().for_each(|part| traces.add(trace(1), part));
    traces.end(trace(1), red(1));
    let seen = whole(&traces);
    let request = row(&seen, "/api/press_red", "http.request");
    assert_eq!((request.depth, request.start), (1, 15.0), "in the middle of 12 to 118");
    assert_eq!(row(&seen, "find_user", "db.query").depth, 4);
}

#[test]
fn what_the_server_never_said_leaves_the_browsers_word() {
    let traces = Traces::new();
    traces.add(trace(1), call());
    traces.end(trace(1), red(1));
    let seen = whole(&traces);
    assert_eq!((row(&seen, "request", "").start, row(&seen, "request", "").duration), (13.0, 104.0));
    assert!(!seen.rows.iter().any(|row| row.name == "response"));
}

#[test]
fn a_server_that_says_it_took_longer_than_the_browser_waited_begins_with_the_wait() {
    let traces = Traces::new();
    traces.add(trace(1), call());
    traces.add(trace(1), part("http.request", "/slow", (3, 2), 5.0, 500.0, &[]));
    traces.end(trace(1), red(1));
    let seen = whole(&traces);
    assert_eq!((row(&seen, "/slow", "http.request").start, row(&seen, "response", "").duration, seen.end), (13.0, 0.0, 513.0));
}

#[test]
fn spans_that_claim_to_cause_each_other_are_drawn_once() {
    let traces = Traces::new();
    traces.add(trace(1), part("http.request", "a", (7, 8), 0.0, 1.0, &[]));
    traces.add(trace(1), part("http.request", "b", (8, 7), 0.0, 1.0, &[]));
    traces.add(trace(1), part("http.request", "c", (9, 9), 0.0, 1.0, &[]));
    let mut chain = (20..60).map(|id| part("work", "deep", (id, id - 1), 0.0, 1.0, &[]));
    chain.by_ref().for_each(|part| traces.add(trace(1), part));
    traces.end(trace(1), red(1));
    let seen = whole(&traces);
    for name in ["a", "b", "c"] {
        assert_eq!(seen.rows.iter().filter(|row| row.name == name).count(), 1, "{name}");
    }
    assert!(seen.rows.iter().all(|row| row.depth < 20));
}

#[test]
fn a_late_rerender_is_a_mark_of_the_same_trace() {
    let traces = Traces::new();
    traces.end(trace(1), red(1));
    traces.late(trace(1), Some(400.0));
    traces.late(trace(2), Some(400.0));
    let marks = whole(&traces).marks;
    assert_eq!(marks.last().map(|mark| (mark.kind, mark.at)), Some((MarkKind::Late, 400.0)));
    assert_eq!(traces.len(), 1, "nobody's lateness makes no trace");
}

#[test]
fn an_interaction_that_is_never_reported_is_let_go() {
    let clock = freeze_clock();
    let dropped = tachymeter::testing::capture(&["leptos.trace.dropped"]);
    let traces = Traces::new();
    traces.add(trace(1), call());
    clock.advance(Duration::from_secs(100));
    traces.add(trace(2), call());
    assert_eq!(traces.len(), 2);
    clock.advance(Duration::from_secs(21));
    traces.add(trace(3), call());
    assert_eq!((traces.len(), dropped.take().len()), (2, 1));
    traces.end(trace(2), red(2));
    clock.advance(Duration::from_secs(500));
    traces.add(trace(4), call());
    assert_eq!((traces.len(), traces.find(&trace(2).to_string()).is_some()), (2, true), "what has ended stays");
}

#[test]
fn when_too_many_parts_wait_the_oldest_go_and_are_counted() {
    let traces = Traces::new();
    let dropped = tachymeter::testing::capture(&["leptos.trace.dropped"]);
    traces.add(trace(0), call());
    traces.add(trace(1), call());
    // All but one of them; and each is the only part of its trace.
    (2..MAX_WAITING as u64).for_each(|number| traces.add(trace(number), call()));
    assert_eq!((traces.len(), dropped.take().len()), (MAX_WAITING, 0));
    traces.add(trace(1), served()[0].clone());
    assert_eq!(dropped.take().len(), 1, "the first one");
    traces.add(trace(1), served()[1].clone());
    assert_eq!(dropped.take().len(), 0, "only a part of the second: others are still there");
    traces.end(trace(1), red(1));
    let seen = whole(&traces);
    assert_eq!((seen.omitted, row(&seen, "find_user", "db.query").outcome.as_str()), (1, "ok"));
    assert_eq!(traces.len(), MAX_WAITING - 1);
}

#[test]
fn parts_that_come_mingled_are_each_joined_to_their_own() {
    // So many traces that some have their place in common.
    let (traces, many) = (Traces::new(), MAX_WAITING as u64 / 4);
    for part in served().iter().take(3) {
        (0..many).for_each(|number| traces.add(trace(number), part.clone()));
    }
    assert_eq!(traces.len(), many as usize);
    // Each is looked at before others push it out of the list.
    for number in 0..many {
        traces.end(trace(number), red(number));
        let found = traces.find(&trace(number).to_string()).expect("just ended");
        let kinds =
            ["db.query", "leptos.server_fn", "http.request"].map(|kind| found.rows.iter().filter(|row| row.kind == kind).count());
        assert_eq!((kinds, found.omitted), ([1, 1, 1], 0), "{number}");
    }
}

#[test]
fn a_rerender_is_late_also_before_its_interaction_is_told() {
    let traces = Traces::new();
    traces.add(trace(1), call());
    traces.late(trace(1), Some(400.0));
    traces.end(trace(1), red(1));
    assert_eq!(whole(&traces).marks.last().map(|mark| (mark.kind, mark.at)), Some((MarkKind::Late, 400.0)));
}

#[test]
fn too_many_parts_are_counted_and_not_kept() {
    let traces = Traces::new();
    (0..MAX_PARTS + 5).for_each(|_| traces.add(trace(1), served()[0].clone()));
    traces.end(trace(1), red(1));
    assert_eq!(whole(&traces).omitted, 5);
}

#[test]
fn the_latest_and_the_slowest_are_kept_and_no_more() {
    let traces = Traces::new();
    let many = 1_000;
    for number in 0..many {
        // The slowest are the first ones: a list of the latest alone would have lost them.
        traces.add(trace(number), call());
        traces.end(trace(number), ended(number, "buttons.red", 10_000.0 - number as f64, Outcome::Rendered));
    }
    assert_eq!(traces.len(), LATEST + SLOWEST);
    let overview = traces.overview(&Filter::default());
    assert_eq!(overview.latest[0].id, trace(many - 1).to_string());
    assert_eq!(overview.slowest[0].id, trace(0).to_string());
    assert_eq!(overview.slowest[SLOWEST - 1].total, 10_000.0 - (SLOWEST as f64 - 1.0));
}

#[test]
fn the_slowest_are_forgotten_after_an_hour() {
    let clock = freeze_clock();
    let traces = Traces::new();
    traces.end(trace(0), ended(0, "a", 9_000.0, Outcome::Rendered));
    clock.advance(Duration::from_secs(3_601));
    (1..=LATEST as u64).for_each(|number| traces.end(trace(number), ended(number, "a", 200.0, Outcome::Rendered)));
    assert!(traces.find(&trace(0).to_string()).is_none());
}

#[test]
fn failures_are_not_pushed_out_by_what_went_well() {
    let traces = Traces::new();
    traces.end(trace(0), ended(0, "a", 1.0, Outcome::Failed));
    (1..100).for_each(|number| traces.end(trace(number), ended(number, "a", 200.0, Outcome::Rendered)));
    let failed = Filter { outcome: "failed".into(), ..Filter::default() };
    let found = traces.overview(&failed).latest;
    assert_eq!((found.len(), found[0].id.clone()), (1, trace(0).to_string()));
}

#[test]
fn a_filter_chooses_by_name_and_outcome_and_leaves_the_figures() {
    let traces = Traces::new();
    for (number, (name, outcome)) in
        [("a", Outcome::Rendered), ("a", Outcome::Failed), ("b", Outcome::Rendered), ("b", Outcome::Rendered)]
            .into_iter()
            .enumerate()
    {
        traces.end(trace(number as u64), ended(number as u64, name, 100.0 + number as f64, outcome));
    }
    let ids = |name: &str, outcome: &str| {
        let overview = traces.overview(&Filter { name: name.into(), outcome: outcome.into() });
        assert_eq!(overview.events.len(), 2);
        overview.latest.iter().map(|it| it.total).collect::<Vec<_>>()
    };
    assert_eq!(ids("", ""), [103.0, 102.0, 101.0, 100.0]);
    assert_eq!(ids("a", ""), [101.0, 100.0]);
    assert_eq!(ids("", "failed"), [101.0]);
    assert_eq!(ids("b", "failed"), [0.0; 0]);
}

#[test]
fn percentiles_and_shares_are_those_of_the_recent_ones() {
    let traces = Traces::new();
    for number in 0..2 * RECENT as u64 {
        // The first half doesn't count any more.
        let total = if number < RECENT as u64 { 9_999.0 } else { (number - RECENT as u64 + 1) as f64 };
        let outcome = if number % 4 == 0 { Outcome::Superseded } else { Outcome::Rendered };
        traces.end(trace(number), ended(number, "a", total, outcome));
    }
    let overview = traces.overview(&Filter::default());
    let figures = &overview.events[0];
    assert_eq!((figures.count, figures.p50, figures.p95, figures.p99), (2_000, 500.0, 950.0, 990.0));
    assert_eq!(figures.outcomes, [("rendered".to_owned(), 0.75), ("superseded".to_owned(), 0.25)]);
}

#[test]
fn names_beyond_the_limit_are_other() {
    let traces = Traces::new();
    (0..3 * MAX_NAMES as u64)
        .for_each(|number| traces.end(trace(number), ended(number, &format!("name {number}"), 200.0, Outcome::Rendered)));
    let overview = traces.overview(&Filter::default());
    assert_eq!(overview.events.len(), MAX_NAMES + 1);
    assert_eq!(overview.events.iter().find(|it| it.name == "other").map(|it| it.count), Some(2 * MAX_NAMES as u64));
}
