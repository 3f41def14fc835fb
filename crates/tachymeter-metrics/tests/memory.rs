//! Ten million events that nobody reads: what the reporters hold doesn't grow with them.

use allocation_counter::measure;
use tachymeter::Value;
use tachymeter_metrics::reporter::{Format, Prometheus};
use tachymeter_metrics::{Aggregate, Detail, Limits, Live, Metric};

const EVENTS: u64 = 10_000_000;
const SERIES: u64 = 1_000_000;
/// What a thread may have at a time for the text of one series that has no room.
const ONE_KEY: u64 = 4_096;

/// Spans two decades, in an order that has nothing to do with size.
fn value(n: u64) -> f64 {
    1.0 + (n.wrapping_mul(2_654_435_761) % 10_000) as f64 / 100.0
}

#[test]
fn ten_million_events_of_known_series_allocate_nothing() {
    let metrics = vec![
        Metric::summary("memory.known.took").tags(&["route"]).build().unwrap(),
        Metric::distribution("memory.known.spread").measurement("took").build().unwrap(),
    ];
    let detail = |metric: &Metric| metric.buckets().map_or(Detail::Sketch, |buckets| Detail::Buckets(buckets.bounds().into()));
    let aggregate = Aggregate::new(metrics, Limits::default(), detail);
    let _attached = aggregate.attach("memory").unwrap();
    let routes = ["/", "/about", "/users/{id}"];
    let execute = |n: u64| {
        let route = Value::Str(routes[(n % 3) as usize]);
        tachymeter::execute("memory.known", &[("took", value(n).into())], &[("route", route)]);
    };
    (0..30_000).for_each(execute);
    let info = measure(|| (0..EVENTS).for_each(execute));
    assert_eq!((info.count_total, info.bytes_total), (0, 0));
    let taken = aggregate.take();
    let counts: Vec<u64> = taken.iter().map(|(_, all)| all.count).collect();
    assert_eq!((counts.iter().sum::<u64>(), taken.len()), (2 * (EVENTS + 30_000), 4));
    let buckets: usize = taken.iter().map(|(_, all)| all.buckets.len() + all.sketch.heap_bytes() / 4).sum();
    assert!(buckets < 2_000, "{buckets}");
}

#[test]
fn a_million_series_that_have_no_room_leave_nothing_behind() {
    let limits = Limits { series: 100, series_per_metric: 50, ..Limits::default() };
    let metric = || vec![Metric::summary("memory.new.took").tags(&["id"]).build().unwrap()];
    let live = Live::new(metric(), limits);
    let _attached = live.attach().unwrap();
    let prometheus = Prometheus::start(metric(), limits).unwrap();
    let execute = |n: u64| tachymeter::execute("memory.new", &[("took", value(n).into())], &[("id", n.into())]);
    (0..30_000).for_each(execute);
    // Each builds its text, twice.
    let info = measure(|| (30_000..30_000 + SERIES).for_each(execute));
    assert_eq!((info.count_current, info.bytes_current), (0, 0));
    assert!(info.bytes_max < ONE_KEY, "{info:?}");
    let page = prometheus.page(Format::Text);
    let lines = page.lines().filter(|line| line.starts_with("memory_new_took_count")).count();
    assert_eq!((lines, live.tick(1_700_000_000_000).series.len()), (51, 51));
    assert_eq!(live.dropped(), SERIES + 30_000 - 50);
}
