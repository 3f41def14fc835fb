//! 100,000 events per second into all reporters at once: what it costs, and that nothing is lost that isn't counted.
//!
//! `cargo bench -p tachymeter-metrics --features full --bench reporters`, which takes a minute, or 5 seconds with `-- --short`. StatsD and
//! OTLP go over real sockets to receivers in threads whose time is not counted; the log goes to a subscriber that counts its lines.
#![expect(clippy::print_stdout, reason = "a benchmark talks to a person")]

#[path = "../tests/receivers/otlp.rs"]
mod receiver;

use std::fmt::Debug;
use std::fs;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use tachymeter_metrics::reporter::otlp::{self, Otlp, Traced};
use tachymeter_metrics::reporter::statsd::{self, Receiver, Statsd};
use tachymeter_metrics::reporter::{DROPPED, Format, Log, LogOptions, Prometheus};
use tachymeter_metrics::{Limits, Live, Metric, Unit};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

tachymeter::events! {
    /// Events of this benchmark.
    pub EVENTS;

    /// A request ended.
    pub span REQUEST = "bench.request" { bytes } [method, route, status];
}

const PER_SECOND: u64 = 100_000;
/// Emitted in bursts, ten milliseconds apart.
const BURST: u64 = PER_SECOND / 100;
/// The share of one core that it may cost.
const BUDGET: f64 = 0.5;
const ROUTES: [&str; 8] = ["/", "/about", "/buttons", "/sign-in", "/sign-up", "/account", "/interactions", "/dashboard"];

fn main() {
    let seconds = match std::env::args().collect::<Vec<_>>() {
        args if args.iter().any(|arg| arg == "--short") => 5,
        args if args.iter().any(|arg| arg == "--bench") => 60,
        // `cargo test --benches` only wants to know that it runs.
        _ => 1,
    };
    let (lost, lines) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&lost);
    let _dropped = tachymeter::attach("lost", &[DROPPED.name()], move |event| {
        if event.get("reporter") == Some("statsd".into()) {
            let count = event.measurement("count").and_then(|count| count.as_f64()).unwrap_or_default();
            counted.fetch_add(count as u64, Ordering::Relaxed);
        }
    })
    .expect("is free");
    tracing_subscriber::registry().with(Count(Arc::clone(&lines))).init();
    let receiver = receiver::Otlp::start("127.0.0.1:0");
    let (address, received) = count_statsd();
    let reporters = Reporters::start(&receiver, address);
    let (events, cost) = emit(seconds, &reporters.live);
    let (live, page) = (reporters.live_count(), reporters.prometheus.page(Format::Text));
    let Reporters { statsd, otlp, .. } = reporters;
    drop((statsd, otlp));
    let knock = UdpSocket::bind("127.0.0.1:0").expect("a port");
    knock.send_to(b"end", address).expect("sent");
    let statsd = received.join().expect("it counted");

    println!("{events} events in {seconds} s into live, Prometheus, log, StatsD and OTLP, 4 metrics each");
    println!(
        "cost: {:.1} % of one core (budget {:.0} %), {:.2} µs per event",
        cost * 100.0,
        BUDGET * 100.0,
        cost * 1e6 / PER_SECOND as f64
    );
    let lost = lost.load(Ordering::Relaxed);
    let prometheus = count_on(&page);
    let otlp = count_in(&receiver);
    let lines = lines.load(Ordering::Relaxed);
    println!(
        "counted: live {live}, Prometheus {prometheus}, log {lines}, StatsD {statsd} (and {lost} datapoints said to be lost), OTLP {otlp}"
    );
    assert_eq!([live, prometheus, lines, otlp], [events; 4], "nothing is lost");
    assert!(statsd + lost >= events && statsd <= events, "nothing is lost that isn't counted");
}

fn metrics() -> Vec<Metric> {
    let event = "bench.request.stop";
    let builders = [
        Metric::counter("bench.requests").event(event).measurement("duration").tags(&["route", "status"]),
        Metric::sum("bench.bytes").event(event).measurement("bytes").tags(&["route"]).unit(Unit::Byte),
        Metric::summary("bench.time").event(event).measurement("duration").tags(&["route"]).unit(Unit::Millisecond),
        Metric::distribution("bench.spread").event(event).measurement("duration").tags(&["method"]).unit(Unit::Millisecond),
    ];
    builders.map(|builder| builder.build().expect("is well formed")).into()
}

struct Reporters {
    live: Arc<Live>,
    prometheus: Prometheus,
    statsd: Statsd,
    otlp: Otlp,
    _log: Log,
    _live: tachymeter::Attached,
}

impl Reporters {
    fn start(receiver: &receiver::Otlp, statsd: std::net::SocketAddr) -> Self {
        let live = Live::new(metrics(), Limits::default());
        let _live = live.attach().expect("has an event");
        let second = Duration::from_secs(1);
        let statsd = statsd::Options { receiver: Receiver::Udp(statsd.to_string()), flush: second, ..statsd::Options::default() };
        // A trace in a hundred: 1,000 spans per second.
        let otlp =
            otlp::Options { endpoint: receiver.endpoint(), interval: second, trace_ratio: 0.01, ..otlp::Options::default() };
        Self {
            prometheus: Prometheus::start(metrics(), Limits::default()).expect("fits on a page"),
            statsd: Statsd::start(metrics(), statsd).expect("starts"),
            otlp: Otlp::start(metrics(), vec![Traced::span("bench.request")], otlp).expect("starts"),
            _log: Log::start(metrics(), LogOptions::default()).expect("has an event"),
            _live,
            live,
        }
    }

    fn live_count(&self) -> u64 {
        let snapshot = self.live.snapshot(now());
        let is = |series: u32| snapshot.definitions[snapshot.series[series as usize].metric as usize].name == "bench.requests";
        snapshot.points.iter().filter(|(series, _)| is(*series)).flat_map(|(_, points)| points).map(|point| point.count).sum()
    }
}

/// How many, and the share of one core that was used meanwhile.
fn emit(seconds: u64, live: &Live) -> (u64, f64) {
    let (from, before) = (Instant::now(), processor_time());
    let mut events = 0u64;
    for burst in 0..seconds * 100 {
        for n in 0..BURST {
            let route = ROUTES[(n % 8) as usize];
            let span = REQUEST.start(&[("method", "GET".into()), ("route", route.into())]);
            span.stop(&[("bytes", n.into())], &[("status", 200u16.into())]);
        }
        events += BURST;
        if burst % 100 == 99 {
            live.tick(now());
        }
        std::thread::sleep((Duration::from_millis(10) * (burst as u32 + 1)).saturating_sub(from.elapsed()));
    }
    (events, (processor_time() - before) / from.elapsed().as_secs_f64())
}

/// Milliseconds since 1970.
fn now() -> u64 {
    tachymeter::clock::system_time().as_millis() as u64
}

/// Seconds of all threads but the receivers'.
fn processor_time() -> f64 {
    let of_thread = |thread: fs::DirEntry| {
        let name = fs::read_to_string(thread.path().join("comm")).ok()?;
        let nanoseconds: f64 = fs::read_to_string(thread.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()?;
        (!name.starts_with("receiver")).then_some(nanoseconds / 1e9)
    };
    fs::read_dir("/proc/self/task").expect("Linux").flatten().filter_map(of_thread).sum()
}

/// Adds up the counters that come, until it is told to end.
fn count_statsd() -> (std::net::SocketAddr, JoinHandle<u64>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    let count = move || {
        let (mut packet, mut total) = ([0; 65_536], 0);
        loop {
            let length = socket.recv(&mut packet).expect("a packet");
            let text = std::str::from_utf8(&packet[..length]).expect("text");
            if text == "end" {
                return total;
            }
            let counters = text.lines().filter(|line| line.starts_with("bench.requests."));
            total += counters.filter_map(|line| line.split([':', '|']).nth(1)?.parse::<u64>().ok()).sum::<u64>();
        }
    };
    (address, Builder::new().name("receiver".into()).spawn(count).expect("a thread"))
}

fn count_on(page: &str) -> u64 {
    let lines = page.lines().filter(|line| line.starts_with("bench_requests_total{"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
}

fn count_in(receiver: &receiver::Otlp) -> u64 {
    let last = receiver.requests.try_iter().filter(|request| request.path == "/v1/metrics").last().expect("a message");
    let metrics = last.metrics().into_iter().filter(|metric| metric.name == "bench.requests");
    let points = metrics.flat_map(|metric| match metric.data {
        Some(Data::Sum(sum)) => sum.data_points,
        _ => Vec::new(),
    });
    points.map(|point| if let Some(Value::AsInt(count)) = point.value { count as u64 } else { 0 }).sum()
}

/// Counts the log's lines, which it looks at as one that writes them would.
struct Count(Arc<AtomicU64>);

impl<S: tracing::Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        if line.0.starts_with("bench.request.stop ") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
