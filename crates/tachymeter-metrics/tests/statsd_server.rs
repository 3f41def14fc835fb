//! StatsD against the real server, which `scripts/setup` installs from npm: it must agree to the last count.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tachymeter_metrics::reporter::statsd::{Flavor, Options, Receiver, Statsd};
use tachymeter_metrics::{Metric, Unit};

/// The server, until the test ends.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Server {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let program = root.join("node_modules/statsd/stats.js");
        assert!(program.exists(), "{} is missing: scripts/setup installs it", program.display());
        // Both are free a moment later; a server can't be asked for port 0 and say which it got.
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let console = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let backend = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receivers/statsd.js");
        let config = json!({
            "address": "127.0.0.1", "port": port, "mgmt_address": "127.0.0.1", "mgmt_port": console,
            "flushInterval": 200, "backends": [backend], "percentThreshold": [50, 95],
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.js");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut child = Command::new("node").arg(program).arg(file).stdout(Stdio::piped()).spawn().expect("node starts");
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, lines, address: format!("127.0.0.1:{port}"), _folder: folder };
        while server.next()["ready"] != true {}
        // It says ready before the socket is; an own counter that comes through says more.
        let knock = UdpSocket::bind("127.0.0.1:0").unwrap();
        let begin = Instant::now();
        loop {
            // Refused while nobody listens.
            _ = knock.send_to(b"knock:1|c", &server.address);
            if server.next()["counters"]["knock"].as_f64().is_some_and(|knocks| knocks > 0.0) {
                return server;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "the server does not listen");
        }
    }

    /// What it has when it flushes next.
    fn next(&mut self) -> Json {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the server has ended");
            if let Ok(json) = serde_json::from_str(&line) {
                return json;
            }
        }
    }

    /// Adds up what it flushes until all `events` have been counted by the counter of this name.
    fn read(&mut self, until: &str, events: f64) -> Totals {
        let mut totals = Totals::default();
        let begin = Instant::now();
        while totals.counters.get(until).copied().unwrap_or_default() < events {
            assert!(begin.elapsed() < Duration::from_secs(30), "{until} has only {:?}", totals.counters);
            totals.add(&self.next());
        }
        totals
    }
}

#[derive(Default)]
struct Totals {
    counters: BTreeMap<String, f64>,
    gauges: BTreeMap<String, f64>,
    /// How many, and the values that came.
    timers: BTreeMap<String, (f64, Vec<f64>)>,
}

impl Totals {
    fn add(&mut self, flushed: &Json) {
        let numbers = |json: &Json| -> Vec<(String, f64)> {
            json.as_object().into_iter().flatten().filter_map(|(name, n)| Some((name.clone(), n.as_f64()?))).collect()
        };
        numbers(&flushed["counters"]).into_iter().for_each(|(name, n)| *self.counters.entry(name).or_default() += n);
        self.gauges.extend(numbers(&flushed["gauges"]));
        for (name, count) in numbers(&flushed["timer_counters"]) {
            let (total, values) = self.timers.entry(name.clone()).or_default();
            *total += count;
            values.extend(flushed["timers"][&name].as_array().into_iter().flatten().filter_map(Json::as_f64));
        }
    }
}

fn metrics() -> Vec<Metric> {
    let of = |builder: tachymeter_metrics::MetricBuilder| builder.event("shop.order").tags(&["country"]);
    let builders = [
        of(Metric::counter("shop.orders")).measurement("price"),
        of(Metric::sum("shop.revenue")).measurement("price"),
        of(Metric::last_value("shop.stock")).measurement("stock"),
        of(Metric::summary("shop.time")).measurement("time").unit(Unit::Millisecond),
        Metric::counter("shop.all").event("shop.order").measurement("price"),
    ];
    builders.map(|builder| builder.build().unwrap()).into()
}

/// 30,000 orders from two countries by three threads; prices are quarters, so that their sum is exact in any order.
fn order_all() {
    std::thread::scope(|scope| {
        for thread in 0..3u64 {
            scope.spawn(move || {
                for n in 0..10_000u64 {
                    let country = if n % 4 == 0 { "at" } else { "de" };
                    let measurements = [
                        ("price", (n as f64 / 4.0).into()),
                        ("stock", (-5.5).into()),
                        ("time", Duration::from_millis(n % 100 + thread).into()),
                    ];
                    tachymeter::execute("shop.order", &measurements, &[("country", country.into())]);
                }
            });
        }
    });
}

fn check(flavor: Flavor, at: &str, de: &str, totals: &Totals) {
    let counter = |name: &str, tag: &str| totals.counters[&format!("{name}{tag}")];
    assert_eq!((counter("shop.orders", at), counter("shop.orders", de)), (7_500.0, 22_500.0));
    let sum = |is: fn(u64) -> bool| (0..10_000u64).filter(|n| is(*n)).map(|n| n as f64 / 4.0).sum::<f64>() * 3.0;
    assert_eq!(counter("shop.revenue", at), sum(|n| n % 4 == 0));
    assert_eq!(counter("shop.revenue", de), sum(|n| n % 4 != 0));
    assert_eq!(counter("statsd.bad_lines_seen", ""), 0.0);
    if flavor == Flavor::Standard {
        // This server knows Datadog's tags, and takes a sign for a change all the same.
        assert_eq!(totals.gauges[&format!("shop.stock{at}")], -5.5);
        let (count, values) = &totals.timers[&format!("shop.time{de}")];
        assert_eq!(*count, 22_500.0, "to the last one");
        assert!(values.len() >= 100 && values.iter().all(|value| (0.0..102.0).contains(value)));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean - 50.5).abs() < 5.0 * 29.0 / (values.len() as f64).sqrt(), "{mean}");
    }
}

#[test]
fn the_server_agrees_to_the_last_count() {
    let mut server = Server::start();
    for (flavor, at, de) in [(Flavor::Standard, ".at", ".de"), (Flavor::Datadog, ";country=at", ";country=de")] {
        let receiver = Receiver::Udp(server.address.clone());
        let flush = Duration::from_millis(20);
        let statsd = Statsd::start(metrics(), Options { receiver, flavor, flush, ..Options::default() }).unwrap();
        order_all();
        drop(statsd);
        let totals = server.read("shop.all", 30_000.0);
        assert_eq!(totals.counters["shop.all"], 30_000.0);
        check(flavor, at, de, &totals);
    }
}
