//! The table against the live store: the points of its snapshot, and its counts of what was skipped.

use tachymeter_metrics::{Limits, Live, Skip};

use crate::{Seen, Table};

const NOW: u64 = 1_700_000_000_000;

#[test]
fn the_live_store_shows_the_table() {
    let table = Table::load();
    let live = Live::new(table.metrics(), Limits::default());
    let _attached = live.attach().unwrap();
    table.run();
    check(&table, &live);
}

pub(crate) fn check(table: &Table, live: &Live) {
    let snapshot = live.snapshot(NOW);
    let mut seen = Vec::new();
    for (id, points) in &snapshot.points {
        let [point] = points[..] else { panic!("one second has one point: {points:?}") };
        let series = &snapshot.series[*id as usize];
        let definition = &snapshot.definitions[series.metric as usize];
        let quantiles = [(0.5, point.p50), (0.95, point.p95), (0.99, point.p99)];
        seen.push(Seen {
            metric: definition.name.clone(),
            tags: series.tags.iter().cloned().collect(),
            count: Some(point.count),
            sum: Some(point.sum),
            last: Some(point.last),
            quantiles: if definition.kind.has_quantiles() { quantiles.to_vec() } else { vec![] },
            buckets: vec![],
        });
    }
    table.check("the live store", &seen, 0.0);
    let rows = || table.cases.iter().flat_map(|case| &case.rows);
    for skip in Skip::ALL {
        let expected = rows().filter(|row| row.expected.as_ref().err() == Some(&skip)).count() as u64;
        let skipped = live.skipped().into_iter().filter(|skipped| skipped.reason == skip);
        assert_eq!(skipped.map(|skipped| skipped.count).sum::<u64>(), expected, "{skip:?}");
    }
}
