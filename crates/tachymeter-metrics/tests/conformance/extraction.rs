//! The table against the extraction itself, row by row.

use std::sync::{Arc, Mutex};

use tachymeter_metrics::{Skip, extract};

use crate::Table;
use crate::table::Tags;

type Found = Result<(f64, Tags), Skip>;

#[test]
fn every_row_gives_what_the_table_says() {
    let table = Table::load();
    let found: Arc<Mutex<Vec<Found>>> = Arc::default();
    let attached: Vec<_> = (table.metrics().into_iter())
        .map(|metric| {
            let (found, event) = (found.clone(), metric.event().to_owned());
            tachymeter::attach(&format!("extraction {event}"), &[&event], move |emission| {
                let datapoint = extract(&metric, emission).map(|point| (point.value, point.tags().into_iter().collect()));
                found.lock().unwrap().push(datapoint);
            })
        })
        .collect::<Result<_, _>>()
        .unwrap();
    table.run();
    let mut found = std::mem::take(&mut *found.lock().unwrap()).into_iter();
    for case in &table.cases {
        for (number, row) in (1..).zip(&case.rows) {
            assert_eq!(found.next().as_ref(), Some(&row.expected), "{}, row {number}", case.what);
        }
    }
    assert_eq!((found.next(), attached.len()), (None, table.cases.len()));
}
