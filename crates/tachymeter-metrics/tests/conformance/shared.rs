//! What is added up once for several readers: each sees the whole table, and nothing is lost between them.

use tachymeter_metrics::reporter::{Format, Prometheus};
use tachymeter_metrics::{Aggregate, Buckets, Limits, Live, Metric};

use crate::{Table, live, prometheus};

const NOW: u64 = 1_700_000_000_000;

#[test]
fn a_store_and_a_page_over_one_aggregate_show_the_table_whoever_reads_first() {
    for page_first in [true, false] {
        let table = Table::load();
        let shared = Aggregate::shared(table.metrics(), Limits::default());
        let (store, page) = (Live::over(&shared), Prometheus::over(&shared).unwrap());
        let attached = shared.attach("shared").unwrap();
        table.run();
        if page_first {
            prometheus::check(&table, &page, Format::Text);
        }
        live::check(&table, &store);
        prometheus::check(&table, &page, Format::Text);
        drop(attached);
    }
}

#[test]
fn readers_that_come_in_between_each_get_everything_once() {
    let metrics = [
        Metric::sum("shared.between.amount"),
        Metric::distribution("shared.between.size").buckets(Buckets::explicit([5.0, 50.0]).unwrap()),
    ];
    let shared = Aggregate::shared(metrics.map(|metric| metric.build().unwrap()).to_vec(), Limits::default());
    let (store, page) = (Live::over(&shared), Prometheus::over(&shared).unwrap());
    let _attached = shared.attach("shared").unwrap();
    for n in 1..=1_000u64 {
        tachymeter::execute("shared.between", &[("amount", n.into()), ("size", (n % 100).into())], &[]);
        if n % 3 == 0 {
            store.tick(NOW);
        }
        if n % 7 == 0 {
            let text = page.page(Format::Text);
            assert!(text.contains(&format!("shared_between_amount_total {}.0\n", n * (n + 1) / 2)), "{n}: {text}");
        }
    }
    let points = store.snapshot(NOW).points;
    assert_eq!(points.iter().map(|(_, points)| points[0].count).collect::<Vec<_>>(), [1_000, 1_000]);
    assert_eq!(points[0].1[0].sum, 500_500.0);
    let text = page.page(Format::Text);
    for (bound, count) in [("5.0", 60), ("50.0", 510), ("+Inf", 1_000)] {
        assert!(text.contains(&format!("shared_between_size_bucket{{le=\"{bound}\"}} {count}\n")), "{bound}: {text}");
    }
}

#[test]
fn a_series_that_only_the_store_remembers_is_not_on_the_page() {
    let metric = Metric::last_value("shared.kept.level").build().unwrap();
    let before = Live::new(vec![metric.clone()], Limits::default());
    let attached = before.attach().unwrap();
    tachymeter::execute("shared.kept", &[("level", 7u64.into())], &[]);
    let minutes = before.all_minutes(NOW);
    drop(attached);
    let shared = Aggregate::shared(vec![metric], Limits::default());
    let (store, page) = (Live::over(&shared), Prometheus::over(&shared).unwrap());
    store.restore(NOW + 60_000, &minutes);
    assert!(!store.history(NOW + 60_000).points.is_empty());
    assert!(!page.page(Format::Text).contains("shared_kept"), "{}", page.page(Format::Text));
}
