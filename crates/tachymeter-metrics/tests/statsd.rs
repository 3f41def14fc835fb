//! StatsD: what goes over the socket, what doesn't and is counted, and that nobody waits for it.

mod health;

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use health::{Health, until};
use proptest::prelude::*;
use tachymeter_metrics::reporter::statsd::{Flavor, Options, Receiver, Statsd};
use tachymeter_metrics::reporter::{DROPPED, FAILED, SENT};
use tachymeter_metrics::{Metric, Unit};

/// A flush happens when the reporter is dropped, and not before.
const NEVER: Duration = Duration::from_secs(3_600);

struct Udp(UdpSocket);

impl Udp {
    fn bind(address: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    fn options(&self) -> Options {
        Options { receiver: Receiver::Udp(self.0.local_addr().unwrap().to_string()), flush: NEVER, ..Options::default() }
    }

    /// The packets that have come; on the loopback they are there when they are sent.
    fn packets(&self) -> Vec<String> {
        let mut packet = vec![0; 65_536];
        std::iter::from_fn(|| {
            let length = self.0.recv(&mut packet).ok()?;
            Some(String::from_utf8(packet[..length].to_vec()).unwrap())
        })
        .collect()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.packets().iter().flat_map(|packet| packet.split('\n')).map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

fn execute(name: &str, value: impl Into<tachymeter::Value<'static>>, tags: &[(&str, tachymeter::Value<'_>)]) {
    tachymeter::execute(name, &[("n", value.into())], tags);
}

fn all_kinds() -> Vec<Metric> {
    let make = |builder: tachymeter_metrics::MetricBuilder| builder.event("test.kinds").measurement("n").tags(&["result"]);
    let builders = [
        Metric::counter("a.c"),
        Metric::sum("a.s"),
        Metric::last_value("a.g"),
        Metric::summary("a.t"),
        Metric::distribution("a.d"),
    ];
    builders.map(|builder| make(builder).build().unwrap()).into()
}

#[test]
fn every_kind_has_its_line_in_both_dialects() {
    let _health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let statsd = Statsd::start(all_kinds(), Options { prefix: "app.web".into(), ..udp.options() }).unwrap();
    execute("test.kinds", 131.5, &[("result", "a.b/c".into())]);
    execute("test.kinds", -2.25, &[]);
    drop(statsd);
    let standard = [
        "app.web.a.c.a_b_c:1|c",
        "app.web.a.c.none:1|c",
        "app.web.a.d.a_b_c:131.5|ms",
        "app.web.a.d.none:-2.25|ms",
        "app.web.a.g.a_b_c:131.5|g",
        "app.web.a.g.none:-2.25|g",
        "app.web.a.g.none:0|g",
        "app.web.a.s.a_b_c:131.5|c",
        "app.web.a.s.none:-2.25|c",
        "app.web.a.t.a_b_c:131.5|ms",
        "app.web.a.t.none:-2.25|ms",
    ];
    assert_eq!(udp.lines(), standard);

    let tags = vec![("env".to_owned(), "test".to_owned()), ("result".to_owned(), "unknown".to_owned())];
    let statsd = Statsd::start(all_kinds(), Options { flavor: Flavor::Datadog, tags, ..udp.options() }).unwrap();
    execute("test.kinds", 3, &[("result", "a|b,c:d".into())]);
    execute("test.kinds", -1, &[]);
    drop(statsd);
    let datadog = [
        "a.c:1|c|#env:test,result:unknown",
        "a.c:1|c|#result:a_b_c:d,env:test",
        "a.d:-1|d|#env:test,result:unknown",
        "a.d:3|d|#result:a_b_c:d,env:test",
        "a.g:-1|g|#env:test,result:unknown",
        "a.g:3|g|#result:a_b_c:d,env:test",
        "a.s:-1|c|#env:test,result:unknown",
        "a.s:3|c|#result:a_b_c:d,env:test",
        "a.t:-1|h|#env:test,result:unknown",
        "a.t:3|h|#result:a_b_c:d,env:test",
    ];
    assert_eq!(udp.lines(), datadog);
}

/// In the standard a common tag stands in for one that the event lacks, and is no part of names that don't ask for it.
#[test]
fn common_tags_in_the_standard_stand_in_for_absent_ones() {
    let _health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let metrics = vec![
        Metric::counter("b.c.n").tags(&["host", "result"]).build().unwrap(),
        Metric::counter("b.c.plain").measurement("n").build().unwrap(),
    ];
    let tags = vec![("host".to_owned(), "web-1".to_owned())];
    let statsd = Statsd::start(metrics, Options { tags, ..udp.options() }).unwrap();
    execute("b.c", 1, &[("result", "".into())]);
    execute("b.c", 1, &[("host", "own".into()), ("result", 200.into())]);
    drop(statsd);
    assert_eq!(udp.lines(), ["b.c.n.own.200:1|c", "b.c.n.web-1.empty:1|c", "b.c.plain:2|c"]);
}

#[test]
fn a_million_events_are_a_few_lines_and_their_count_is_exact() {
    let health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let metrics = vec![
        Metric::counter("million.event.count").measurement("n").build().unwrap(),
        Metric::sum("million.event.n").build().unwrap(),
        Metric::summary("million.event.time").measurement("n").unit(Unit::Millisecond).build().unwrap(),
    ];
    let statsd = Statsd::start(metrics, udp.options()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            scope.spawn(move || (0..250_001u64).for_each(|i| execute("million.event", i % 1_000 + thread, &[])));
        }
    });
    drop(statsd);
    let packets = udp.packets();
    let bytes: usize = packets.iter().map(String::len).sum();
    assert!(bytes < 5_000, "{bytes} bytes in {} packets", packets.len());
    let lines: Vec<&str> = packets.iter().flat_map(|packet| packet.split('\n')).collect();
    assert_eq!(lines[0], "million.event.count:1000004|c");
    let sum: u64 = (0..4u64).map(|thread| (0..250_001u64).map(|i| i % 1_000 + thread).sum::<u64>()).sum();
    assert_eq!(lines[1], format!("million.event.n:{sum}|c"));
    let times = &lines[2..];
    assert_eq!(times.len(), 100);
    let rate = |line: &&str| line.rsplit_once("|@").map_or(1.0, |(_, rate)| rate.parse::<f64>().unwrap());
    assert_eq!(times.iter().map(|line| 1.0 / rate(line)).sum::<f64>(), 1_000_004.0, "to the last one");
    assert_eq!((health.total(&SENT, ""), health.total(&DROPPED, "")), (102, 0));
}

#[test]
fn a_line_that_is_longer_than_a_packet_is_dropped_and_counted() {
    let health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let metric = Metric::counter("long.line.n").tags(&["tag"]).build().unwrap();
    let statsd = Statsd::start(vec![metric], Options { mtu: 64, ..udp.options() }).unwrap();
    for _ in 0..7 {
        execute("long.line", 1, &[("tag", "x".repeat(64).as_str().into())]);
    }
    execute("long.line", 1, &[("tag", "short".into())]);
    drop(statsd);
    assert_eq!(udp.packets(), ["long.line.n.short:1|c"]);
    assert_eq!((health.total(&DROPPED, "line too long"), health.total(&DROPPED, ""), health.total(&SENT, "")), (7, 7, 1));
}

#[test]
fn series_beyond_the_limit_are_reported_together_as_other() {
    let _health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let limits = tachymeter_metrics::Limits { series: 2, ..Default::default() };
    let metric = || vec![Metric::counter("over.limit.n").tags(&["tag"]).build().unwrap()];
    for (flavor, expected) in [
        (Flavor::Standard, ["over.limit.n.0:1|c", "over.limit.n.1:1|c", "over.limit.n.other:3|c"]),
        (Flavor::Datadog, ["over.limit.n:1|c|#tag:0", "over.limit.n:1|c|#tag:1", "over.limit.n:3|c|#other:true"]),
    ] {
        let statsd = Statsd::start(metric(), Options { flavor, limits, ..udp.options() }).unwrap();
        (0..5).for_each(|tag: i32| execute("over.limit", 1, &[("tag", tag.into())]));
        drop(statsd);
        assert_eq!(udp.lines(), expected);
    }
}

#[test]
fn a_unix_socket_and_version_6_of_the_protocol_work_too() {
    let _health = Health::listen();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statsd.sock");
    let unix = UnixDatagram::bind(&path).unwrap();
    let udp = Udp::bind("[::1]:0");
    let metric = || vec![Metric::counter("way.out.n").build().unwrap()];
    let by_unix =
        Statsd::start(metric(), Options { receiver: Receiver::Unix(path), flush: NEVER, ..Options::default() }).unwrap();
    let by_six = Statsd::start(metric(), udp.options()).unwrap();
    execute("way.out", 1, &[]);
    drop((by_unix, by_six));
    let mut packet = [0; 100];
    let length = unix.recv(&mut packet).unwrap();
    assert_eq!(&packet[..length], b"way.out.n:1|c");
    assert_eq!(udp.packets(), ["way.out.n:1|c"]);
}

#[test]
fn what_a_receiver_that_is_down_does_not_get_is_counted_and_one_that_comes_back_gets_the_rest() {
    let health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let options = Options { flush: Duration::from_millis(10), ..udp.options() };
    let address = udp.0.local_addr().unwrap();
    drop(udp);
    let statsd = Statsd::start(vec![Metric::counter("down.event.n").build().unwrap()], options).unwrap();
    (0..1_000).for_each(|_| execute("down.event", 1, &[]));
    until("the loss of all 1,000", || health.total(&DROPPED, "not sent") == 1_000);
    assert!(health.total(&FAILED, "refused") >= 1 && health.total(&SENT, "") == 0);
    let udp = Udp::bind(&address.to_string());
    (0..10).for_each(|_| execute("down.event", 1, &[]));
    drop(statsd);
    let received: u64 = udp
        .lines()
        .iter()
        .map(|line| line.trim_start_matches("down.event.n:").trim_end_matches("|c").parse::<u64>().unwrap())
        .sum();
    assert_eq!((received, health.total(&DROPPED, "")), (10, 1_000));
}

#[test]
fn a_receiver_that_does_not_read_makes_nobody_wait_and_what_it_misses_is_counted() {
    let health = Health::listen();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.sock");
    let unix = UnixDatagram::bind(&path).unwrap();
    let metric = Metric::counter("slow.event.n").tags(&["tag"]).build().unwrap();
    let limits = tachymeter_metrics::Limits { series: 20_000, series_per_metric: 20_000, ..Default::default() };
    let receiver = Receiver::Unix(path);
    let statsd = Statsd::start(vec![metric], Options { receiver, limits, mtu: 64, flush: NEVER, ..Options::default() }).unwrap();
    (0..10_000u64).for_each(|tag| execute("slow.event", 1, &[("tag", tag.into())]));
    drop(statsd);
    // It took as much as its queue holds.
    unix.set_nonblocking(true).unwrap();
    let (mut packet, mut received) = ([0; 64], 0);
    while let Ok(length) = unix.recv(&mut packet) {
        received += packet[..length].split(|byte| *byte == b'\n').count() as u64;
    }
    assert!(received > 0 && received < 10_000, "{received}");
    assert_eq!((health.total(&SENT, ""), health.total(&DROPPED, "not sent")), (received, 10_000 - received));
}

#[test]
fn what_makes_no_sense_is_refused_with_what_is_allowed() {
    let start = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        Statsd::start(vec![Metric::counter("x.y.n").build().unwrap()], options).unwrap_err().to_string()
    };
    let refused = start(|options| options.receiver = Receiver::Udp("localhost".into()));
    assert!(refused.contains("\"localhost\"") && refused.contains("127.0.0.1:8125"), "{refused}");
    assert!(start(|options| options.receiver = Receiver::Udp("localhost:0".into())).contains("a host and a port"));
    assert!(start(|options| options.prefix = "a..b".into()).contains("\"a..b\""));
    assert!(start(|options| options.prefix = "a b".into()).contains("letters, digits"));
    assert!(start(|options| options.mtu = 63).contains("from 64 to 65507"));
    assert!(start(|options| options.samples = 1).contains("from 64 to 10000"));
    assert!(start(|options| options.flush = Duration::ZERO).contains("at least 10 ms"));
    let metric = Metric::summary("x.y.n").option("statsd.samples", "many").build().unwrap();
    let refused = Statsd::start(vec![metric], Options::default()).unwrap_err().to_string();
    assert!(refused.contains("\"statsd.samples\"") && refused.contains("\"x.y.n\"") && refused.contains("many"), "{refused}");
    assert!(Statsd::start(vec![], Options::default()).is_err());
}

#[test]
fn a_metric_says_itself_how_many_of_its_values_are_sent() {
    let _health = Health::listen();
    let udp = Udp::bind("127.0.0.1:0");
    let metric = Metric::summary("own.sample.n").option("statsd.samples", "200").build().unwrap();
    let statsd = Statsd::start(vec![metric], udp.options()).unwrap();
    (0..1_000).for_each(|n| execute("own.sample", n, &[]));
    drop(statsd);
    assert_eq!(udp.lines().len(), 200);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the tags are and however many, a packet holds as many lines as fit and not one byte more.
    #[test]
    fn packets_never_exceed_the_mtu_and_are_never_emptier_than_they_must_be(
        mtu in 64usize..1_500,
        tags in prop::collection::vec("\\PC{0,150}", 1..60),
        datadog in any::<bool>(),
    ) {
        let health = Health::listen();
        let udp = Udp::bind("127.0.0.1:0");
        let metrics = vec![
            Metric::counter("mtu.event.count").measurement("n").tags(&["tag"]).build().unwrap(),
            Metric::summary("mtu.event.n").tags(&["tag"]).build().unwrap(),
        ];
        let flavor = if datadog { Flavor::Datadog } else { Flavor::Standard };
        let statsd = Statsd::start(metrics, Options { mtu, flavor, ..udp.options() }).unwrap();
        for (n, tag) in (0u64..).zip(&tags) {
            execute("mtu.event", n, &[("tag", tag.as_str().into())]);
        }
        drop(statsd);
        let packets = udp.packets();
        let lines: u64 = packets.iter().map(|packet| packet.split('\n').count() as u64).sum();
        for (at, packet) in packets.iter().enumerate() {
            prop_assert!(packet.len() <= mtu && packet.split('\n').all(|line| line.contains(':')), "{packet:?}");
            if let Some(next) = packets.get(at + 1).and_then(|next| next.split('\n').next()) {
                prop_assert!(packet.len() + 1 + next.len() > mtu, "{next:?} would have fit behind {packet:?}");
            }
        }
        prop_assert_eq!(health.total(&SENT, ""), lines);
        let too_long = health.total(&DROPPED, "line too long");
        prop_assert_eq!(health.total(&DROPPED, ""), too_long);
        // A series' counter is one line, and each of its values another.
        let events: u64 = packets.iter().flat_map(|packet| packet.split('\n')).map(|line| match line.split(['|', '#']).next() {
            Some(counter) if line.contains("|c") && line.starts_with("mtu.event.count") => counter.rsplit(':').next().unwrap().parse().unwrap(),
            _ => 1,
        }).sum();
        prop_assert_eq!(events + too_long, 2 * tags.len() as u64);
    }
}
