//! Requests per second with all server instrumentation, and without: `cargo bench --features ssr --bench requests`.
//!
//! The same application is served twice, by a process each. The first is as it ships: the request layer, spans, queries, the live store, traces.
//! The second has no layer, and nobody is attached to any event, so that its spans and queries measure nothing. A client asks both in turns, in
//! short ones, over sockets that stay open and always wait. Printed are the medians of the turns' ratios and where the middle half of them lies,
//! by requests per second and by the processor time that the server took for each: the second is the better one on a machine that does other
//! things as well, and where the client, who needs a core of its own, is what limits. What a page's script asks is part of a trace that no
//! browser reports: the dearest, for the store of traces is full.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod server;

use server::{Compared, Request, Server};

/// A person opens a page, its script calls a server function with a query, the browser asks for a file, and somebody for next to nothing.
const REQUESTS: [(&str, Request); 4] = [
    ("a page", Request { head: "GET /buttons HTTP/1.1\r\naccept: text/html\r\n", by_script: false }),
    (
        "a server function with a query",
        Request {
            head: "POST /api/landing_facts HTTP/1.1\r\naccept: application/json\r\ncontent-length: 0\r\n",
            by_script: true,
        },
    ),
    ("a small file", Request { head: "GET /robots.txt HTTP/1.1\r\n", by_script: false }),
    ("next to nothing", Request { head: "GET /health HTTP/1.1\r\n", by_script: false }),
];

fn main() {
    server::serve_if_told();
    let (mut with, mut without) = (Server::start("with", &[]), Server::start("without", &[]));
    for (what, request) in REQUESTS {
        let Compared { by_rate, by_processor, rate, each } = server::compare(&mut with, &mut without, request);
        println!(
            "{what}: with ÷ without {by_rate} by requests per second, {by_processor} by processor time \
             ({rate:.0} per second, {:.1} µs each with; budget 0.970)",
            each * 1e6,
        );
    }
}
