//! What a receiver that fails costs a request: `cargo bench --features ssr --bench receivers`.
//!
//! The application is served by a process each, with StatsD and OTLP switched on and flushing ten times a second: to receivers that work, and
//! to such that are down, that accept and never answer, that answer 500, and that come and go. A client asks both in turns, in short turns.
//! Printed is the median of the turns' ratios, failing ÷ working: by requests per second, and by the processor time that the server took
//! for each. The budget is 0.99; on a machine that does other things as well, the second is the better one.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

#[path = "../crates/tachymeter-metrics/tests/receivers/otlp.rs"]
mod receiver;
mod server;

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use receiver::{Answer, Otlp};
use server::{Request, Server};

const REQUEST: Request =
    Request { head: "POST /api/landing_facts HTTP/1.1\r\naccept: application/json\r\ncontent-length: 0\r\n", by_script: true };

fn main() {
    server::serve_if_told();
    let down = "127.0.0.1:9";
    compare("is down", down, &format!("http://{down}"));
    for (what, answer) in [("never answers", Answer::Never), ("answers 500", Answer::Refuse("500 Internal Server Error", ""))] {
        let (statsd, otlp) = (StatsdServer::start(false), Otlp::start("127.0.0.1:0"));
        otlp.answer(answer);
        compare(what, &statsd.address, &otlp.endpoint());
    }
    let statsd = StatsdServer::start(true);
    let otlp = Otlp::start("127.0.0.1:0");
    let end = Arc::new(AtomicBool::new(false));
    let (flips, over) = (Arc::clone(&otlp.how), Arc::clone(&end));
    let flipping = std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            for answer in [Answer::Refuse("503 Service Unavailable", "retry-after: 0\r\n"), Answer::Ok] {
                *flips.lock().expect("nobody panics with it") = answer;
                std::thread::sleep(Duration::from_millis(150));
            }
        }
    });
    compare("comes and goes", &statsd.address, &otlp.endpoint());
    end.store(true, Ordering::Relaxed);
    flipping.join().expect("it ends");
}

fn start(statsd: &str, otlp: &str) -> Server {
    Server::start(
        "with",
        &[
            ("APP__REPORTERS__STATSD__ENABLED", "true"),
            ("APP__REPORTERS__STATSD__RECEIVER", statsd),
            ("APP__REPORTERS__STATSD__FLUSH_MS", "100"),
            ("APP__REPORTERS__OTLP__ENABLED", "true"),
            ("APP__REPORTERS__OTLP__ENDPOINT", otlp),
            ("APP__REPORTERS__OTLP__INTERVAL_MS", "100"),
            ("APP__REPORTERS__OTLP__TIMEOUT_MS", "500"),
        ],
    )
}

/// A socket that is read, or not.
struct StatsdServer {
    address: String,
    _socket: UdpSocket,
}

impl StatsdServer {
    fn start(reads: bool) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let (address, reader) = (socket.local_addr().expect("an address").to_string(), socket.try_clone().expect("a handle"));
        if reads {
            std::thread::spawn(move || while reader.recv(&mut [0; 65_536]).is_ok() {});
        }
        Self { address, _socket: socket }
    }
}

fn compare(what: &str, statsd: &str, otlp: &str) {
    let (well_statsd, well_otlp) = (StatsdServer::start(true), Otlp::start("127.0.0.1:0"));
    let well = || start(&well_statsd.address, &well_otlp.endpoint());
    for compared in server::compare(|| start(statsd, otlp), well, &[REQUEST]) {
        println!(
            "a receiver that {what}: failing ÷ working {} by requests per second, {} by processor time \
             ({:.0} per second, {:.1} µs each failing; budget 0.990)",
            compared.by_rate(),
            compared.by_processor(),
            compared.per_second()[0],
            compared.each()[0] * 1e6,
        );
    }
}
