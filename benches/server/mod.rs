//! The application as a process of its own, and a client that asks it: what the benchmarks of whole requests share.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tachymeter_app::server::config::Config;
use tachymeter_app::server::router::unmeasured;
use tachymeter_app::server::{AppState, db, router, without_delay};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Says to a process that it is a server, and which one.
const MODE: &str = "TACHYMETER_BENCH_SERVER";
/// Short turns, so that whatever else the machine does meets both servers alike.
const TURN: Duration = Duration::from_millis(200);
/// How often both servers are started, and their turns with one request each time.
const STARTS: usize = 6;
const TURNS: usize = 20;
/// So many that the server always has something to do while the client reads and writes.
const CONNECTIONS: usize = 16;
/// Turns until everything that fills up is full.
const WARM: usize = 15;

/// Serves for ever, if this process was started to.
pub(crate) fn serve_if_told() {
    if let Ok(mode) = std::env::var(MODE) {
        serve(mode == "with");
    }
}

#[tokio::main(worker_threads = 1)]
async fn serve(measured: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Leptos.toml"));
    let mut config = Config::load(file).expect("the shipped file, and what the environment says");
    config.database.url = format!("sqlite://{}/bench.db", folder.path().display());
    config.server.site_root = concat!(env!("CARGO_MANIFEST_DIR"), "/public").to_owned();
    (config.landing.delay_min_ms, config.landing.delay_max_ms) = (0, 0);
    let db = db::open(&config.database).await.expect("a database");
    let (_stop, stopping) = watch::channel(false);
    let state = AppState::new(Arc::new(config), db, stopping);
    let app = if measured {
        tokio::spawn(state.telemetry.feed.clone().run());
        router(state.clone())
    } else {
        tachymeter::list_handlers("").iter().for_each(|handler| _ = tachymeter::detach(&handler.id));
        unmeasured(state.clone())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    axum::serve(without_delay(listener), app.into_make_service_with_connect_info::<SocketAddr>()).await.expect("serving");
}

/// What is asked: the request line and headers of its own, and whether a page's script asks, which makes it part of a trace.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) head: &'static str,
    pub(crate) by_script: bool,
}

pub(crate) struct Server {
    process: Child,
    sockets: Vec<TcpStream>,
    prefix: String,
    asked: u64,
    buffer: Vec<u8>,
}

impl Server {
    /// `mode` is `with` or `without` instrumentation; `settings` are variables that override Leptos.toml.
    pub(crate) fn start(mode: &str, settings: &[(&str, &str)]) -> Self {
        let program = std::env::current_exe().expect("a path");
        let mut command = Command::new(program);
        let mut process =
            command.env(MODE, mode).envs(settings.iter().copied()).stdout(Stdio::piped()).spawn().expect("a server");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("an address");
        let address: SocketAddr = line.trim().parse().expect("an address");
        let sockets: Vec<_> = (0..CONNECTIONS).map(|_| TcpStream::connect(address).expect("a connection")).collect();
        sockets.iter().for_each(|socket| socket.set_nonblocking(true).expect("a socket"));
        let mut server = Self { process, sockets, prefix: String::new(), asked: 0, buffer: vec![0; 256 * 1024] };
        server.prefix = server.page_prefix();
        server
    }

    /// As a page of this server has it.
    fn page_prefix(&mut self) -> String {
        self.ask(0, Request { head: "GET /buttons HTTP/1.1\r\naccept: text/html\r\n", by_script: false });
        let length = self.answer(0);
        let page = String::from_utf8_lossy(&self.buffer[..length]);
        page.split("tachymeter-page\" content=\"").nth(1).expect("it names its prefix")[..16].to_owned()
    }

    fn turn(&mut self, request: Request) -> Turn {
        let (before, from, mut count) = (self.processor_time(), Instant::now(), 0u32);
        (0..self.sockets.len()).for_each(|index| self.ask(index, request));
        while from.elapsed() < TURN {
            for index in 0..self.sockets.len() {
                self.answer(index);
                self.ask(index, request);
                count += 1;
            }
        }
        let (taken, used) = (from.elapsed().as_secs_f64(), self.processor_time() - before);
        (0..self.sockets.len()).for_each(|index| _ = self.answer(index));
        (f64::from(count) / taken, used / f64::from(count))
    }

    fn ask(&mut self, index: usize, Request { head, by_script }: Request) {
        self.asked += 1;
        let trace = match by_script {
            true => format!("traceparent: 00-{}{:016x}-00000000000000aa-01\r\n", self.prefix, self.asked),
            false => String::new(),
        };
        self.sockets[index].write_all(format!("{head}host: localhost\r\n{trace}\r\n").as_bytes()).expect("sent");
    }

    /// Reads one answer into the buffer, to its length or to its last chunk; how long it is.
    fn answer(&mut self, index: usize) -> usize {
        let (mut read, mut length) = (0, None);
        loop {
            let more = loop {
                // Never asleep: a client elsewhere doesn't have to be woken by the server either, and the slower one would do so more often.
                match self.sockets[index].read(&mut self.buffer[read..]) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
                    result => break result.expect("an answer"),
                }
            };
            read += more;
            let all = &self.buffer[..read];
            assert!(more > 0, "closed after {}", String::from_utf8_lossy(all));
            length = length.or_else(|| length_of(all));
            let done = match length {
                None => false,
                Some(Length::Known(length)) => read >= length,
                Some(Length::Chunked) => all.ends_with(b"\r\n0\r\n\r\n"),
            };
            if done {
                return read;
            }
        }
    }

    /// In seconds, of all threads (the first number of `schedstat`, in nanoseconds).
    fn processor_time(&self) -> f64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).expect("Linux");
        let of_thread = |thread: fs::DirEntry| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        threads.flatten().filter_map(of_thread).sum::<f64>() / 1e9
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

#[derive(Clone, Copy)]
enum Length {
    /// With the head.
    Known(usize),
    Chunked,
}

/// How long an answer will be, once its head is there.
fn length_of(answer: &[u8]) -> Option<Length> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..head]).expect("text");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some(length.map_or(Length::Chunked, |length| Length::Known(head + 4 + length.parse::<usize>().expect("a number"))))
}

/// What one server did in a turn: requests per second, and seconds of processor time for each.
type Turn = (f64, f64);

/// Turns of both with one request. Ratios are the first's figures over the second's; below 1 the first does worse.
#[derive(Default)]
pub(crate) struct Compared(Vec<[Turn; 2]>);

impl Compared {
    pub(crate) fn by_rate(&self) -> Spread {
        self.spread(|[first, second]| first.0 / second.0)
    }

    pub(crate) fn by_processor(&self) -> Spread {
        self.spread(|[first, second]| second.1 / first.1)
    }

    /// Requests per second of either.
    pub(crate) fn per_second(&self) -> [f64; 2] {
        [0, 1].map(|which| self.spread(|turns| turns[which].0).0[1])
    }

    /// Processor time that either took for a request, in seconds.
    pub(crate) fn each(&self) -> [f64; 2] {
        [0, 1].map(|which| self.spread(|turns| turns[which].1).0[1])
    }

    fn spread(&self, of: impl Fn(&[Turn; 2]) -> f64) -> Spread {
        let mut values: Vec<f64> = self.0.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        Spread([1, 2, 3].map(|quarter| values[values.len() * quarter / 4]))
    }
}

/// The median of many figures, and between which two the middle half of them lies.
pub(crate) struct Spread([f64; 3]);

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, median, high] = self.0;
        write!(f, "{median:.3} ({low:.3} to {high:.3})")
    }
}

/// Starts both some times, and asks both in turns, each of these.
pub(crate) fn compare(first: impl Fn() -> Server, second: impl Fn() -> Server, requests: &[Request]) -> Vec<Compared> {
    let mut all: Vec<Compared> = requests.iter().map(|_| Compared::default()).collect();
    for start in 0..STARTS {
        // Two of the same differ by 1 % as they happen to lie in memory, and the one that was started later does better.
        let (mut first, mut second) = in_turns(start, &first, &second);
        for (request, compared) in requests.iter().zip(&mut all) {
            for turn in 0..WARM + TURNS {
                let (first, second) = in_turns(turn, || first.turn(*request), || second.turn(*request));
                if turn >= WARM {
                    compared.0.push([first, second]);
                }
            }
        }
    }
    all
}

/// Not always the same one first.
fn in_turns<A, B>(turn: usize, first: impl FnOnce() -> A, second: impl FnOnce() -> B) -> (A, B) {
    if turn.is_multiple_of(2) {
        let first = first();
        (first, second())
    } else {
        let second = second();
        (first(), second)
    }
}
