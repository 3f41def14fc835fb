//! The reporters that send, as Leptos.toml starts them: the real server, a StatsD and an OTLP receiver, and what arrives when it stops.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use opentelemetry_proto::tonic::trace::v1::Span;
use receiver::Otlp;

#[path = "../crates/tachymeter-metrics/tests/receivers/otlp.rs"]
mod receiver;

/// A server that is stopped at the end.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tachymeter-app"))
            .current_dir(folder)
            .env("APP_CONFIG", concat!(env!("CARGO_MANIFEST_DIR"), "/Leptos.toml"))
            .env("APP__SERVER__ADDRESS", "127.0.0.1:0")
            .env("APP__LANDING__DELAY_MIN_MS", "0")
            .env("APP__LANDING__DELAY_MAX_MS", "0")
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let address = lines.by_ref().find_map(|line| Some(line.ok()?.split_once("serving http://")?.1.to_owned()));
        // Somebody reads what else it says, or it would wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("it says where it serves").trim_end_matches("\u{1b}[0m").to_owned() }
    }

    fn send(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    /// As systemd would.
    fn stop(mut self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success() && self.child.wait().expect("it ends").success());
    }
}

fn packets(socket: &UdpSocket) -> Vec<String> {
    socket.set_nonblocking(true).expect("set");
    let mut packet = [0; 65_536];
    let packets = std::iter::from_fn(|| {
        socket.recv(&mut packet).ok().map(|length| String::from_utf8(packet[..length].into()).expect("text"))
    });
    packets.flat_map(|packet| packet.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn what_is_left_arrives_when_the_server_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let statsd = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let otlp = Otlp::start("127.0.0.1:0");
    let server = Server::start(
        folder.path(),
        &[
            ("APP__REPORTERS__STATSD__ENABLED", "true"),
            ("APP__REPORTERS__STATSD__RECEIVER", &statsd.local_addr().expect("an address").to_string()),
            ("APP__REPORTERS__STATSD__PREFIX", "shop"),
            ("APP__REPORTERS__STATSD__FLUSH_MS", "3600000"),
            ("APP__REPORTERS__OTLP__ENABLED", "true"),
            ("APP__REPORTERS__OTLP__ENDPOINT", &otlp.endpoint()),
            ("APP__REPORTERS__OTLP__SERVICE", "shop"),
            ("APP__REPORTERS__OTLP__HEADERS", "[\"authorization: Bearer abc\"]"),
            ("APP__REPORTERS__OTLP__INTERVAL_MS", "3600000"),
        ],
    );
    for _ in 0..3 {
        server.send("GET /health HTTP/1.1");
    }
    server.send(concat!(
        "POST /api/landing_facts HTTP/1.1\r\nsec-fetch-site: same-origin\r\naccept: application/json\r\ncontent-length: 0\r\n",
        "content-type: application/x-www-form-urlencoded\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ));
    // The server has looked at itself, too.
    let looked = |page: String| {
        ["process_usage_memory", "host_usage", "tokio_runtime_tasks", "db_pool_used", "dashboard_open"]
            .iter()
            .all(|name| page.contains(name))
    };
    assert!((0..1_000).any(|_| looked(server.send("GET /metrics HTTP/1.1"))));
    server.stop();

    let lines = packets(&statsd);
    assert!(lines.contains(&"shop.http.request.count._health.200:3|c".to_owned()), "{lines:?}");
    assert!(lines.contains(&"shop.db.pool.size.write:1|g".to_owned()), "the pools were looked at: {lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("shop.process.usage.memory:")), "{lines:?}");

    let requests: Vec<_> = otlp.requests.try_iter().collect();
    assert!(requests.iter().all(|request| request.head.to_lowercase().contains("authorization: bearer abc")));
    let names: Vec<String> =
        requests.iter().filter(|r| r.path == "/v1/metrics").flat_map(|r| r.metrics()).map(|m| m.name).collect();
    for name in ["http.request.count", "process.usage.memory", "tokio.runtime.tasks", "db.pool.used"] {
        assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
    }
    let spans: Vec<Span> = requests.iter().filter(|r| r.path == "/v1/traces").flat_map(|r| r.spans()).collect();
    let trace: HashMap<&str, &Span> = spans
        .iter()
        .filter(|span| span.trace_id.starts_with(&[0x0a, 0xf7, 0x65, 0x19]))
        .map(|span| (span.name.as_str(), span))
        .collect();
    let request = trace["http.request /api/landing_facts"];
    assert_eq!(request.parent_span_id, [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]);
    let function = trace["leptos.server_fn landing_facts"];
    assert_eq!(function.parent_span_id, request.span_id);
    assert_eq!(trace["db.query count_users"].parent_span_id, function.span_id);
}

#[test]
fn receivers_that_are_not_there_keep_the_server_neither_from_serving_nor_from_stopping() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(
        folder.path(),
        &[
            ("APP__REPORTERS__STATSD__ENABLED", "true"),
            ("APP__REPORTERS__STATSD__RECEIVER", "unix:nowhere.sock"),
            ("APP__REPORTERS__STATSD__FLUSH_MS", "10"),
            ("APP__REPORTERS__OTLP__ENABLED", "true"),
            ("APP__REPORTERS__OTLP__ENDPOINT", "http://127.0.0.1:1"),
            ("APP__REPORTERS__OTLP__INTERVAL_MS", "10"),
        ],
    );
    server.send("GET /health HTTP/1.1");
    let page = server.send("GET /metrics HTTP/1.1");
    // What they could not send is on the page by the next time, at the latest.
    let lost = std::iter::repeat_with(|| server.send("GET /metrics HTTP/1.1")).take(1_000);
    let says = |page: &String, reporter| {
        let is = |line: &str| line.starts_with("telemetry_reporter_failed_count_total{") && line.contains(reporter);
        page.lines().any(is)
    };
    assert!(lost.chain([page]).any(|page| says(&page, "reporter=\"statsd\"") && says(&page, "reporter=\"otlp\"")));
    server.stop();
}
