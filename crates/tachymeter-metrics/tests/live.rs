//! The live store, with time given by the test.

use std::sync::Arc;
use std::time::Duration;

use tachymeter::{Attached, Value};
use tachymeter_metrics::{Frame, Limits, Live, Metric, MetricBuilder, Point, Skip, Skipped};

/// A full second, in milliseconds since 1970.
const T: u64 = 1_700_000_000_000;
const SECOND: u64 = T / 1_000;

struct Store {
    live: Arc<Live>,
    event: &'static str,
    _attached: Attached,
}

impl Store {
    /// One metric on one event; each test has its own event, for they run at once.
    fn new(event: &'static str, builder: MetricBuilder, limits: Limits) -> Self {
        let metric = builder.event(event).build().unwrap();
        let live = Live::new(vec![metric], limits);
        let attached = live.attach().unwrap();
        Self { live, event, _attached: attached }
    }

    fn summary(event: &'static str) -> Self {
        Self::new(event, Metric::summary("n").tags(&["tag"]), Limits::default())
    }

    fn add<'a>(&self, value: impl Into<Value<'a>>, tag: impl Into<Value<'a>>) {
        tachymeter::execute(self.event, &[("n", value.into())], &[("tag", tag.into())]);
    }
}

fn only_point(frame: &Frame) -> Point {
    assert_eq!(frame.points.len(), 1, "{frame:?}");
    frame.points[0].1
}

#[test]
fn a_frame_has_what_changed_and_nothing_else() {
    let store = Store::summary("live.frames");
    for n in [3.0, 1.0, 2.0] {
        store.add(n, "a");
    }
    let first = store.live.tick(T);
    assert_eq!((first.seq, first.now, first.series.len()), (1, T, 1));
    let point = only_point(&first);
    assert_eq!((point.time, point.count, point.sum), (SECOND, 3, 6.0));
    assert_eq!((point.min, point.max, point.last), (1.0, 3.0, 2.0));
    assert!((point.p50 - 2.0).abs() <= 0.02 && (point.p99 - 3.0).abs() <= 0.03, "{point:?}");

    let second = store.live.tick(T + 1_000);
    assert!(second.is_empty() && second.seq == 2);

    store.add(5.0, "b");
    let third = store.live.tick(T + 2_000);
    assert_eq!((third.series[0].id, third.points[0].0), (1, 1));
    assert_eq!(third.series[0].tags, [("tag".to_owned(), "b".to_owned())]);
}

#[test]
fn what_came_in_a_second_counts_for_it_when_the_tick_comes_right_after() {
    let store = Store::summary("live.attribution");
    store.live.tick(T);
    for late in [1_000, 2_003, 2_999, 4_200] {
        store.add(1.0, "a");
        let point = only_point(&store.live.tick(T + late));
        let expected = match late {
            1_000 => SECOND,
            2_003 => SECOND + 1,
            2_999 => SECOND + 2,
            _ => SECOND + 3,
        };
        assert_eq!(point.time, expected, "{late}");
    }
}

#[test]
fn a_second_that_is_collected_twice_is_sent_whole_and_once() {
    let store = Store::summary("live.twice");
    store.live.tick(T);
    store.add(1.0, "a");
    let seen = store.live.snapshot(T + 500);
    assert_eq!((seen.seq, seen.points[0].1[0].count), (1, 1));
    store.add(3.0, "a");
    let point = only_point(&store.live.tick(T + 1_000));
    assert_eq!((point.time, point.count, point.sum), (SECOND, 2, 4.0));
    assert!((point.p99 - 3.0).abs() <= 0.03);
}

#[test]
fn a_snapshot_goes_back_ten_minutes_and_the_history_an_hour() {
    let store = Store::summary("live.hour");
    for second in 0..4_000 {
        store.add(second as f64, "a");
        store.live.tick(T + second * 1_000 + 1_000);
    }
    let now = T + 4_000_000 - 1;
    let snapshot = store.live.snapshot(now);
    let points = &snapshot.points[0].1;
    assert_eq!((snapshot.bucket_seconds, points.len()), (1, 600));
    assert_eq!((points[0].time, points[599].time), (SECOND + 3_400, SECOND + 3_999));
    assert!(points.iter().all(|point| point.last == (point.time - SECOND) as f64));
    assert_eq!(store.live.snapshot_of(now, Duration::from_secs(60)).points[0].1.len(), 60);

    let history = store.live.history(now);
    let points = &history.points[0].1;
    assert_eq!((history.bucket_seconds, points.len()), (10, 360));
    assert!(points.iter().all(|point| point.count == 10 && point.time % 10 == 0));
    let middle = points[100].sum / 10.0;
    assert!((points[100].p50 - middle).abs() <= middle * 0.02);
}

#[test]
fn series_past_the_limit_share_one_and_are_counted() {
    let limits = Limits { series_per_metric: 3, ..Limits::default() };
    let store = Store::new("live.limits", Metric::sum("n").tags(&["tag"]), limits);
    for n in 0..10u64 {
        store.add(1.0, n);
        store.add(1.0, n);
    }
    let frame = store.live.tick(T);
    assert_eq!((frame.series.len(), frame.dropped), (4, 14));
    let other = frame.series.iter().find(|series| series.other).unwrap();
    assert!(other.tags.is_empty());
    let sum = |id| frame.points.iter().find(|(series, _)| *series == id).unwrap().1.sum;
    assert_eq!(sum(other.id), 14.0);
    assert_eq!(frame.points.iter().map(|(_, point)| point.sum).sum::<f64>(), 20.0);
    store.add(1.0, 0u64);
    assert_eq!(store.live.tick(T + 1_000).dropped, 14, "a known series goes on");
}

#[test]
fn all_metrics_share_the_limit_of_all_and_each_has_its_other() {
    let metric = |name: &str| Metric::sum(name).event("live.all").measurement("n").tags(&["tag"]).build().unwrap();
    let limits = Limits { series: 3, ..Limits::default() };
    let live = Live::new(vec![metric("first"), metric("second")], limits);
    let _attached = live.attach().unwrap();
    for n in 0..4u64 {
        tachymeter::execute("live.all", &[("n", 1u64.into())], &[("tag", n.into())]);
    }
    let frame = live.tick(T);
    assert_eq!(frame.series.iter().filter(|series| !series.other).count(), 3);
    assert_eq!(frame.series.iter().filter(|series| series.other).count(), 2);
    assert_eq!(frame.dropped, 5);
}

#[test]
fn one_text_is_one_series_however_it_was_typed() {
    let store = Store::summary("live.types");
    store.add(1.0, 200u64);
    store.add(1.0, 200i64);
    store.add(1.0, "200");
    store.add(1.0, 200.0);
    let frame = store.live.tick(T);
    assert_eq!((frame.series.len(), only_point(&frame).count), (1, 4));
}

#[test]
fn long_values_are_cut_between_characters() {
    let limits = Limits { tag_bytes: 5, ..Limits::default() };
    let store = Store::new("live.cut", Metric::sum("n").tags(&["tag"]), limits);
    for tag in ["ääää", "ääää and more", "ää"] {
        store.add(1.0, tag);
        store.add(1.0, tag);
    }
    let frame = store.live.tick(T);
    assert_eq!(frame.series.len(), 1);
    assert_eq!((frame.series[0].tags[0].1.as_str(), only_point(&frame).count), ("ää", 6));
}

#[test]
fn kinds_without_percentiles_have_none() {
    let store = Store::new("live.plain", Metric::last_value("n").tags(&["tag"]), Limits::default());
    store.add(3.0, "a");
    store.add(-2.0, "a");
    let point = only_point(&store.live.tick(T));
    assert_eq!((point.last, point.min, point.max), (-2.0, -2.0, 3.0));
    assert!(point.p50.is_nan() && point.p95.is_nan() && point.p99.is_nan());
}

#[test]
fn the_last_value_is_the_last_whichever_thread_it_came_from() {
    let store = Store::new("live.last", Metric::last_value("n").tags(&["tag"]), Limits::default());
    std::thread::scope(|scope| {
        for n in 0..20 {
            let store = &store;
            scope.spawn(move || store.add(f64::from(n), "a")).join().unwrap();
        }
    });
    assert_eq!(only_point(&store.live.tick(T)).last, 19.0);
}

#[test]
fn skipped_events_are_counted_by_reason() {
    let store = Store::summary("live.skipped");
    store.add("text", "a");
    store.add(f64::NAN, "a");
    tachymeter::execute("live.skipped", &[], &[]);
    let frame = store.live.tick(T);
    assert!(frame.is_empty());
    let skipped = [Skip::Missing, Skip::NotANumber, Skip::NotFinite].map(|reason| Skipped { metric: 0, reason, count: 1 });
    assert_eq!(frame.skipped, skipped);
    assert_eq!(store.live.snapshot(T).skipped, skipped);
}

#[test]
fn nothing_is_lost_between_threads_and_ticks() {
    let store = Store::summary("live.threads");
    let (mut count, mut sum, mut now) = (0, 0.0, T);
    std::thread::scope(|scope| {
        let work = |tag: &'static str| {
            for n in 0..20_000u64 {
                store.add(n, if n % 3 == 0 { "shared" } else { tag });
            }
        };
        let threads = ["a", "b", "c", "d"].map(|tag| scope.spawn(move || work(tag)));
        while threads.iter().any(|thread| !thread.is_finished()) {
            now += 1;
            store.live.tick(now);
        }
    });
    store.live.tick(now + 1_000);
    for (_, points) in store.live.history(now + 1_000).points {
        count += points.iter().map(|point| point.count).sum::<u64>();
        sum += points.iter().map(|point| point.sum).sum::<f64>();
    }
    assert!(now < T + 3_000_000, "the hour is long enough for this test");
    assert_eq!((count, sum), (80_000, 4.0 * 19_999.0 * 10_000.0));
}

#[test]
fn a_clock_that_is_set_back_loses_nothing() {
    let store = Store::summary("live.back");
    store.add(1.0, "a");
    store.live.tick(T);
    store.add(2.0, "a");
    let point = only_point(&store.live.tick(T - 3_600_000));
    assert_eq!((point.time, point.sum), (SECOND - 3_600, 2.0));
}

#[test]
fn detached_it_hears_nothing() {
    let metric = Metric::sum("n").event("live.detached").build().unwrap();
    let live = Live::new(vec![metric], Limits::default());
    let attached = live.attach().unwrap();
    drop(attached);
    tachymeter::execute("live.detached", &[("n", 1u64.into())], &[]);
    assert!(live.tick(T).is_empty());
    assert!(Live::new(vec![], Limits::default()).attach().is_err());
}

/// The store after a restart, told what the one before it had to keep.
fn restarted(store: &Store, now: u64) -> Arc<Live> {
    let live = Live::new(store.live.metrics().to_vec(), Limits::default());
    live.restore(now, &store.live.all_minutes(now));
    live
}

#[test]
fn after_a_restart_the_charts_show_what_was_before() {
    let store = Store::summary("live.restart");
    for n in 1..=120 {
        store.add(f64::from(n), if n % 2 == 0 { "even" } else { "odd" });
    }
    // T is no full minute; what was before and after one is in two.
    store.live.collect(T);
    let minutes = store.live.finished_minutes(T + 60_000);
    assert_eq!(minutes.iter().map(|minute| (minute.count, minute.sum)).collect::<Vec<_>>(), [(60, 3_600.0), (60, 3_660.0)]);
    assert!(store.live.finished_minutes(T + 60_000).is_empty(), "each is taken once");

    let live = Live::new(store.live.metrics().to_vec(), Limits::default());
    live.restore(T + 60_000, &minutes);
    for snapshot in [live.snapshot(T + 60_000), live.history(T + 60_000)] {
        for (id, points) in &snapshot.points {
            let even = snapshot.series[*id as usize].tags[0].1 == "even";
            assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), 60);
            let sum: f64 = points.iter().map(|point| point.sum).sum();
            assert!((sum - if even { 3_660.0 } else { 3_600.0 }).abs() < 1e-6, "{sum}");
            assert!(points.iter().all(|point| (point.p50 / 60.0 - 1.0).abs() < 0.03 && point.max >= 119.0), "{points:?}");
        }
        assert_eq!(snapshot.points.len(), 2);
    }
    // One second has one datapoint of the sixty, and what comes now is added to the same series.
    assert_eq!(live.snapshot(T + 60_000).points[0].1.len(), 60);
    let _attached = live.attach().unwrap();
    store.add(7.0, "odd");
    assert_eq!(live.tick(T + 61_000).points[0].0, 0);
}

#[test]
fn a_minute_in_two_parts_is_one_again() {
    let store = Store::summary("live.parts");
    store.add(4.0, "a");
    store.live.collect(T);
    let mut first = store.live.all_minutes(T).remove(0);
    store.add(8.0, "a");
    store.live.collect(T + 1_000);
    first.merge(&store.live.all_minutes(T + 1_000)[0]);
    assert_eq!((first.count, first.sum, first.min, first.max, first.last), (2, 12.0, 4.0, 8.0, 8.0));
    assert_eq!((first.sketch.count(), first.time % 60), (2, 0));
}

#[test]
fn what_no_longer_fits_is_not_restored() {
    let store = Store::summary("live.gone");
    store.add(4.0, "a");
    let minutes = store.live.all_minutes(T);
    let metric = |builder: MetricBuilder| vec![builder.event("live.gone").build().unwrap()];
    for metrics in [metric(Metric::summary("m").measurement("n").tags(&["tag"])), metric(Metric::summary("n").tags(&["other"]))] {
        let live = Live::new(metrics, Limits::default());
        live.restore(T, &minutes);
        assert!(live.history(T).points.is_empty());
    }
    assert!(restarted(&store, T + 2 * 3_600_000).history(T + 2 * 3_600_000).points.is_empty());
}
