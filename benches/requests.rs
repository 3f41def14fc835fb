//! Requests per second with all server instrumentation, and without: `cargo bench --features ssr --bench requests`.
//!
//! The same application is served twice, by a process each. The first is as it ships: the request layer, spans, queries, the live store, traces.
//! The second has no layer, and nobody is attached to any event, so that its spans and queries measure nothing. Both are started some times,
//! and a client asks them in turns, in short ones, over sockets that stay open and always wait. Printed are the medians of the turns' ratios and
//! where the middle half of them lies, by requests per second and by the processor time that the server took for each: the second is the better
//! one on a machine that does other things as well, and where the client, who needs a core of its own, is what limits. What a page's script asks
//! is part of a trace that no browser reports: the dearest, for the store of traces is full.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod server;

use server::{Compared, Request, Server};

/// A person opens a page, its script calls a server function with a query, and the browser asks for a file.
const VISIT: [(&str, Request); 3] = [
    ("a page", Request { head: "GET /buttons HTTP/1.1\r\naccept: text/html\r\n", by_script: false }),
    (
        "a server function with a query",
        Request {
            head: "POST /api/landing_facts HTTP/1.1\r\naccept: application/json\r\ncontent-length: 0\r\n",
            by_script: true,
        },
    ),
    ("a small file", Request { head: "GET /robots.txt HTTP/1.1\r\n", by_script: false }),
];

/// What somebody asks who looks whether the server is there.
const NEXT_TO_NOTHING: (&str, Request) = ("next to nothing", Request { head: "GET /health HTTP/1.1\r\n", by_script: false });

fn main() {
    server::serve_if_told();
    let (names, requests): (Vec<_>, Vec<_>) = VISIT.into_iter().chain([NEXT_TO_NOTHING]).unzip();
    let compared = server::compare(|| Server::start("with", &[]), || Server::start("without", &[]), &requests);
    for (what, compared) in names.iter().zip(&compared) {
        let (rate, each) = (compared.per_second()[0], compared.each()[0] * 1e6);
        println!(
            "{what}: with ÷ without {} by requests per second, {} by processor time \
             ({rate:.0} per second, {each:.1} µs each with; budget 0.970)",
            compared.by_rate(),
            compared.by_processor(),
        );
    }
    // As many of each: the times of one of each, added up.
    let visit = &compared[..VISIT.len()];
    let over = |[with, without]: [f64; 2]| without / with;
    let sum = |time: fn(&Compared) -> [f64; 2]| visit.iter().map(time).fold([0.0; 2], |sum, [a, b]| [sum[0] + a, sum[1] + b]);
    println!(
        "a visit, which is one of each but the last: with ÷ without {:.3} by visits per second, {:.3} by processor time (budget 0.970)",
        over(sum(|compared| compared.per_second().map(f64::recip))),
        over(sum(Compared::each)),
    );
}
