//! The table against the packets that StatsD gets, in both dialects.

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::time::Duration;

use tachymeter_metrics::reporter::statsd::{Flavor, Options, Receiver, Statsd};
use tachymeter_metrics::{Kind, Metric};

use crate::exact::exact_sum;
use crate::table::Tags;
use crate::{Seen, Table};

/// What stands before the colon of a series' lines, or after it, in this dialect.
fn shown(flavor: Flavor, metric: &Metric, tags: &Tags) -> (String, Tags) {
    if flavor == Flavor::Datadog {
        let clean = |value: &String| value.replace(|c: char| c.is_control() || "|,#@".contains(c), "_");
        return (metric.name().to_owned(), tags.iter().map(|(key, value)| (key.clone(), clean(value))).collect());
    }
    // A function's tags come in the order in which it makes them, which is the alphabet's for the one in the table.
    let keys: Vec<&String> = if metric.tags().is_empty() { tags.keys().collect() } else { metric.tags().iter().collect() };
    let value = |key: &String| tags.get(key).map_or("none", |value| if value.is_empty() { "empty" } else { value });
    let clean = |value: &str| value.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-', "_");
    let name = keys.into_iter().fold(metric.name().to_owned(), |name, key| format!("{name}.{}", clean(value(key))));
    (name, Tags::new())
}

/// Name, value, kind, rate and tags of a line.
fn parse(line: &str) -> (String, f64, String, f64, Tags) {
    let (name, rest) = line.split_once(':').expect("a colon");
    let mut fields = rest.split('|');
    let value = fields.next().and_then(|value| value.parse().ok()).expect("a number");
    let kind = fields.next().expect("a kind").to_owned();
    let (mut rate, mut tags) = (1.0, Tags::new());
    for field in fields {
        match field.split_at(1) {
            ("@", text) => rate = text.parse().expect("a rate"),
            ("#", list) => {
                let pairs = list.split(',').map(|pair| pair.split_once(':').expect("a tag"));
                tags = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            }
            _ => panic!("{line}"),
        }
    }
    (name.to_owned(), value, kind, rate, tags)
}

/// All that came for one series.
#[derive(Default)]
struct Lines {
    values: Vec<f64>,
    kinds: Vec<String>,
    count: f64,
}

impl Lines {
    fn take_one(&mut self) -> Self {
        Self { values: self.values.drain(..1).collect(), kinds: self.kinds.drain(..1).collect(), count: 1.0 }
    }
}

fn seen(flavor: Flavor, metric: &Metric, tags: Tags, lines: Lines) -> Seen {
    let expected = match (metric.kind(), flavor) {
        (Kind::Counter | Kind::Sum, _) => "c",
        (Kind::LastValue, _) => "g",
        (_, Flavor::Standard) => "ms",
        (Kind::Summary, _) => "h",
        (Kind::Distribution, _) => "d",
    };
    assert!(lines.kinds.iter().all(|kind| kind == expected), "{:?} of {metric:?}", lines.kinds);
    let mut seen = Seen { metric: metric.name().to_owned(), tags, ..Seen::default() };
    match (metric.kind(), lines.values[..].as_ref()) {
        (Kind::Counter, [count]) => seen.count = Some(*count as u64),
        (Kind::Sum, [sum]) => seen.sum = Some(*sum),
        (Kind::LastValue, [last]) => seen.last = Some(*last),
        // A sign is a change, so that a negative value follows a zero.
        (Kind::LastValue, [0.0, last]) if flavor == Flavor::Standard && *last < 0.0 => seen.last = Some(*last),
        (Kind::Summary | Kind::Distribution, values) => {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            seen.quantiles = vec![(0.0, sorted[0]), (0.5, sorted[(sorted.len() - 1) / 2]), (1.0, sorted[sorted.len() - 1])];
            (seen.count, seen.sum) = (Some(lines.count as u64), Some(exact_sum(values)));
        }
        (kind, values) => panic!("{kind} of {} as {values:?}", metric.name()),
    }
    seen
}

fn check(flavor: Flavor) {
    let table = Table::load();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let receiver = Receiver::Udp(socket.local_addr().unwrap().to_string());
    let options = Options { receiver, flavor, flush: Duration::from_secs(3_600), ..Options::default() };
    let end = socket.try_clone().unwrap();
    let statsd = Statsd::start(table.metrics(), options).unwrap();
    table.run();
    drop(statsd);
    end.send_to(b"end", socket.local_addr().unwrap()).unwrap();
    let mut series: BTreeMap<(String, Tags), Lines> = BTreeMap::new();
    let mut packet = [0; 65_536];
    loop {
        let length = socket.recv(&mut packet).unwrap();
        assert!(length <= 1_432);
        let text = std::str::from_utf8(&packet[..length]).unwrap();
        if text == "end" {
            break;
        }
        for line in text.split('\n') {
            let (name, value, kind, rate, tags) = parse(line);
            let lines = series.entry((name, tags)).or_default();
            lines.values.push(value);
            lines.kinds.push(kind);
            lines.count += 1.0 / rate;
        }
    }
    let mut all = Vec::new();
    for case in &table.cases {
        let tags: BTreeSet<_> = case.rows.iter().filter_map(|row| Some(&row.expected.as_ref().ok()?.1)).collect();
        for tags in tags {
            let name = shown(flavor, &case.metric, tags);
            let Some(lines) = series.get_mut(&name) else { continue };
            // The standard has so few characters that series may share a name; each has a line in it all the same.
            let one = case.metric.kind() == Kind::Counter && lines.values.len() > 1;
            let lines = if one { lines.take_one() } else { series.remove(&name).expect("it is there") };
            all.push(seen(flavor, &case.metric, tags.clone(), lines));
        }
    }
    assert!(series.is_empty(), "sent, but not in the table: {:?}", series.keys());
    table.check(&format!("StatsD, {flavor:?}"), &all, 0.0);
}

#[test]
fn statsd_shows_the_table() {
    check(Flavor::Standard);
}

#[test]
fn dogstatsd_shows_the_table() {
    check(Flavor::Datadog);
}
