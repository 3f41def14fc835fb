//! Requests per second with all server instrumentation, and without: `cargo bench --features ssr --bench requests`.
//!
//! The same application is served twice, by a process each. The first is as it ships: the request layer, spans, queries, the live store, traces.
//! The second has no layer, and nobody is attached to any event, so that its spans and queries measure nothing. A client asks both in turns, in
//! short rounds, over sockets that stay open. Printed are the medians of the rounds' ratios, by requests per second and by the processor time
//! that the server took for each: the second is the better one on a machine that does other things as well.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod server;

use server::{Compared, Server};

/// What is asked: a page, a server function with a query, and next to nothing.
const REQUESTS: [(&str, &str); 3] = [
    ("a page", "GET /buttons HTTP/1.1\r\naccept: text/html\r\n"),
    ("a server function with a query", "POST /api/landing_facts HTTP/1.1\r\naccept: application/json\r\ncontent-length: 0\r\n"),
    ("next to nothing", "GET /health HTTP/1.1\r\n"),
];

fn main() {
    server::serve_if_told();
    let (mut with, mut without) = (Server::start("with", &[]), Server::start("without", &[]));
    for (what, request) in REQUESTS {
        let Compared { by_rate, by_processor, each } = server::compare(&mut with, &mut without, request);
        println!(
            "{what}: with ÷ without {by_rate:.3} by requests per second, {by_processor:.3} by processor time ({:.1} µs each with)",
            each * 1e6,
        );
    }
}
