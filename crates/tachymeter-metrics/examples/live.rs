//! Defines three metrics, emits some events and prints what a dashboard would get.
//!
//! `cargo run -p tachymeter-metrics --features live --example live`

use std::time::{Duration, SystemTime};

use tachymeter_metrics::{Limits, Live, Metric, Unit};

tachymeter::events! {
    /// Events of this example.
    pub EVENTS;

    /// A page was loaded.
    pub event LOADED = "page.loaded" { duration, bytes } [route];
}

#[expect(clippy::print_stdout, reason = "an example talks to a person")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let metrics = vec![
        Metric::counter("page.loaded.count").measurement("duration").tags(&["route"]).build()?,
        Metric::summary("page.loaded.duration").tags(&["route"]).unit(Unit::Millisecond).build()?,
        Metric::sum("page.loaded.bytes").convert(Unit::Byte, Unit::Kilobyte).build()?,
    ];
    let live = Live::new(metrics, Limits::default());
    let _attached = live.attach()?;

    for n in 1..=100u64 {
        let route = if n % 4 == 0 { "/about" } else { "/" };
        let duration = Duration::from_micros(n * 500);
        tachymeter::execute!(LOADED, { duration: duration, bytes: n * 100 }, { route: route });
    }

    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis() as u64;
    let frame = live.tick(now);
    for (id, point) in &frame.points {
        let series = &frame.series[*id as usize];
        let metric = &live.metrics()[series.metric as usize];
        println!(
            "{:22} {:?}: {} × , sum {:.1} {}, p95 {:.1}",
            metric.name(),
            series.tags,
            point.count,
            point.sum,
            metric.unit(),
            point.p95
        );
    }
    println!("{}", serde_json::to_string(&frame)?);
    Ok(())
}
