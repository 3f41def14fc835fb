//! The application as a process of its own, and a client that asks it: what the benchmarks of whole requests share.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tachymeter_app::server::config::Config;
use tachymeter_app::server::router::unmeasured;
use tachymeter_app::server::{AppState, db, router};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Says to a process that it is a server, and which one.
const MODE: &str = "TACHYMETER_BENCH_SERVER";
const ROUND: Duration = Duration::from_millis(400);
const CONNECTIONS: usize = 4;
const ROUNDS: usize = 30;

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
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.expect("serving");
}

pub(crate) struct Server {
    process: Child,
    sockets: Vec<TcpStream>,
    prefix: String,
    asked: u64,
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
        let sockets = (0..CONNECTIONS).map(|_| TcpStream::connect(address).expect("a connection")).collect();
        let mut server = Self { process, sockets, prefix: String::new(), asked: 0 };
        server.prefix = server.page_prefix();
        server
    }

    /// As a page of this server has it, so that its requests are part of traces.
    fn page_prefix(&mut self) -> String {
        let page = ask(&mut self.sockets[0], b"GET /buttons HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n\r\n");
        let page = String::from_utf8_lossy(&page).into_owned();
        page.split("tachymeter-page\" content=\"").nth(1).map_or_else(|| "0".repeat(16), |rest| rest[..16].to_owned())
    }

    /// Requests per second, and seconds of processor time per request.
    pub(crate) fn round(&mut self, request: &str) -> (f64, f64) {
        let (before, from, mut count) = (self.processor_time(), Instant::now(), 0u32);
        while from.elapsed() < ROUND {
            for index in 0..self.sockets.len() {
                self.asked += 1;
                let trace = format!("00-{}{:016x}-00000000000000aa-01", self.prefix, self.asked);
                let text = format!("{request}host: localhost\r\ntraceparent: {trace}\r\n\r\n");
                self.sockets[index].write_all(text.as_bytes()).expect("sent");
            }
            for socket in &mut self.sockets {
                read(socket);
                count += 1;
            }
        }
        let taken = from.elapsed().as_secs_f64();
        (f64::from(count) / taken, (self.processor_time() - before) / f64::from(count))
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

fn ask(socket: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    socket.write_all(request).expect("sent");
    read(socket)
}

/// One answer: to its length, or to the last chunk.
fn read(socket: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::with_capacity(16_384);
    let mut buffer = [0; 16_384];
    loop {
        let read = socket.read(&mut buffer).expect("an answer");
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&buffer[..read]);
        let Some(head) = all.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&all[..head]).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse::<usize>().ok());
        let done = match length {
            Some(length) => all.len() >= head + 4 + length,
            None => all.ends_with(b"\r\n0\r\n\r\n"),
        };
        if done {
            return all;
        }
    }
}

/// Medians of the rounds' ratios, the first server's figures over the second's; below 1 the first does worse.
pub(crate) struct Compared {
    pub(crate) by_rate: f64,
    pub(crate) by_processor: f64,
    /// Processor time that the first took for each request, in seconds.
    pub(crate) each: f64,
}

/// Asks both in turns.
pub(crate) fn compare(first: &mut Server, second: &mut Server, request: &str) -> Compared {
    // Both warm, and not always the same one first.
    first.round(request);
    second.round(request);
    let (mut rates, mut times, mut each) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (a, b) = if round % 2 == 0 {
            let a = first.round(request);
            (a, second.round(request))
        } else {
            let b = second.round(request);
            (first.round(request), b)
        };
        rates.push(a.0 / b.0);
        times.push(b.1 / a.1);
        each.push(a.1);
    }
    Compared { by_rate: median(rates), by_processor: median(times), each: median(each) }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
