//! An OTLP receiver for tests: a web server that decodes with the official messages, and fails in the ways that receivers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// How it answers.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "each test that includes this file uses some of it")]
pub(crate) enum Answer {
    /// As one that works.
    Ok,
    /// With this line, and these further lines, of a head; what came is thrown away.
    Refuse(&'static str, &'static str),
    /// Well, and with this body.
    Body(Vec<u8>),
    /// Not at all.
    Never,
}

/// A request that came.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "each test that includes this file looks at some of it")]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

#[allow(dead_code, reason = "each test that includes this file uses some of it")]
impl Request {
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let request = ExportMetricsServiceRequest::decode(&self.body[..]).expect("a message");
        request.resource_metrics.into_iter().flat_map(|of| of.scope_metrics).flat_map(|of| of.metrics).collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        let request = ExportTraceServiceRequest::decode(&self.body[..]).expect("a message");
        request.resource_spans.into_iter().flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
    }
}

/// The receiver, until it is dropped.
pub(crate) struct Otlp {
    pub(crate) address: SocketAddr,
    #[allow(dead_code, reason = "each test that includes this file uses some of it")]
    pub(crate) requests: Receiver<Request>,
    /// How it answers, for a thread that changes it.
    pub(crate) how: Arc<Mutex<Answer>>,
    stop: Arc<AtomicBool>,
}

impl Otlp {
    pub(crate) fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (send, requests) = channel();
        let (answers, stop) = (Arc::new(Mutex::new(Answer::Ok)), Arc::new(AtomicBool::new(false)));
        let (how, stopped) = (Arc::clone(&answers), Arc::clone(&stop));
        let accept = move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (send, how, stopped) = (send.clone(), Arc::clone(&how), Arc::clone(&stopped));
                spawn(move || serve(stream.expect("a connection"), &send, &how, &stopped));
            }
        };
        spawn(accept);
        Self { address, requests, how: answers, stop }
    }

    #[allow(dead_code, reason = "each test that includes this file uses some of it")]
    pub(crate) fn answer(&self, answer: Answer) {
        *self.how.lock().unwrap() = answer;
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes it up, to see that.
        _ = TcpStream::connect(self.address);
    }
}

/// Under a name by which a benchmark tells the receiver's time from the reporter's.
fn spawn(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("receiver-otlp".into()).spawn(run).expect("a thread");
}

fn serve(stream: TcpStream, send: &Sender<Request>, how: &Mutex<Answer>, stopped: &AtomicBool) {
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let answer = how.lock().unwrap().clone();
        let (line, more, body) = match answer {
            Answer::Ok => ("200 OK", "", Vec::new()),
            Answer::Body(body) => ("200 OK", "", body),
            Answer::Refuse(line, more) => (line, more, b"an error page".to_vec()),
            Answer::Never => {
                // Until the other side gives up.
                _ = reader.read(&mut [0]);
                return;
            }
        };
        if line.starts_with("200") {
            // A test that has seen enough doesn't listen any more.
            _ = send.send(request);
        }
        let head =
            format!("HTTP/1.1 {line}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n{more}\r\n", body.len());
        if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, head, body })
}
