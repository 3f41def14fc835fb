//! The layer under a real server: axum and hyper on a socket, and clients that behave and that don't.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::MatchedPath;
use axum::routing::get;
use futures::stream::{self, StreamExt};
use http::StatusCode;
use tachymeter::testing::{Capture, Captured, capture};
use tachymeter_tower::TelemetryLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const EVENTS: [&str; 4] = ["http.request.start", "http.request.stop", "http.request.exception", "http.request.aborted"];

/// Tells the test that what held it is gone.
#[derive(Clone)]
struct Held(mpsc::UnboundedSender<()>);

impl Drop for Held {
    fn drop(&mut self) {
        _ = self.0.send(());
    }
}

/// A server; the receiver hears when it has given up a body or a handler. All runs in the test's own thread, which captures its events.
async fn serve() -> (TcpStream, mpsc::UnboundedReceiver<()>) {
    let (gone, heard) = mpsc::unbounded_channel();
    let slow = gone.clone();
    let endless = move || async move {
        let held = Held(gone);
        Body::from_stream(stream::repeat(Bytes::from_static(&[b'x'; 1_000])).map(move |chunk| {
            let _held = &held;
            Ok::<_, std::convert::Infallible>(chunk)
        }))
    };
    let never = move || async move {
        let _held = Held(slow);
        std::future::pending::<()>().await
    };
    let chunks = || async { Body::from_stream(stream::iter(["one", "two"].map(Ok::<_, std::convert::Infallible>))) };
    let panics = || async { Err::<(), _>(StatusCode::OK).map_err(|_| -> StatusCode { panic!("on purpose") }) };
    let app = Router::new()
        .route("/users/{id}", get(|| async { "hello" }))
        .route("/nothing", get(|| async { StatusCode::NO_CONTENT }))
        .route("/chunks", get(chunks))
        .route("/endless", get(endless))
        .route("/never", get(never))
        .route("/panics", get(panics))
        .layer(TelemetryLayer::new(|parts| Some(parts.extensions.get::<MatchedPath>()?.as_str().into())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (TcpStream::connect(address).await.unwrap(), heard)
}

async fn ask(client: &mut TcpStream, method: &str, path: &str) {
    client.write_all(format!("{method} {path} HTTP/1.1\r\nhost: here\r\n\r\n").as_bytes()).await.unwrap();
}

/// Reads until `end` has come; what was read so far is returned with it. Without an end it would wait for ever, so the test has a limit.
async fn read_to(client: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    while !text.contains(end) {
        let read = tokio::time::timeout(Duration::from_secs(20), client.read(&mut buffer)).await.expect("an answer").unwrap();
        assert!(read > 0, "closed after {text}");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    text
}

async fn hear(heard: &mut mpsc::UnboundedReceiver<()>) {
    tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.expect("it is given up").expect("a sender");
}

fn ends(events: &Capture) -> Vec<Captured> {
    events.take().into_iter().filter(|event| event.name != "http.request.start").collect()
}

fn bytes(event: &Captured) -> f64 {
    event.measurement("bytes").expect("bytes").as_f64().unwrap()
}

#[tokio::test]
async fn requests_on_one_connection_are_one_span_each() {
    let events = capture(&EVENTS);
    let (mut client, _heard) = serve().await;
    let mut heads = Vec::new();
    for (method, path, end) in [
        ("GET", "/users/1", "hello"),
        ("GET", "/chunks", "\r\n0\r\n\r\n"),
        ("HEAD", "/users/2", "\r\n\r\n"),
        ("GET", "/nothing", "\r\n\r\n"),
    ] {
        ask(&mut client, method, path).await;
        heads.push(read_to(&mut client, end).await);
    }
    // One more, so that all before have surely been flushed.
    ask(&mut client, "GET", "/users/3").await;
    read_to(&mut client, "hello").await;
    let ends = ends(&events);
    let seen: Vec<_> = ends.iter().take(4).map(|it| (it.get("route").unwrap(), it.get("status").unwrap(), bytes(it))).collect();
    assert_eq!(
        seen,
        [("/users/{id}", "200", 5.0), ("/chunks", "200", 6.0), ("/users/{id}", "200", 0.0), ("/nothing", "204", 0.0)]
    );
    for (head, end) in heads.iter().zip(&ends) {
        assert_eq!(end.name, "http.request.stop");
        let (first_byte, all) = (end.measurement("first_byte").unwrap(), end.measurement("duration").unwrap());
        assert!(first_byte.as_f64() <= all.as_f64());
        let id = end.get("request_id").unwrap();
        assert!(head.contains(&format!("x-request-id: {id}\r\n")), "{head}");
        let told = head.split("server-timing: total;dur=").nth(1).and_then(|rest| rest.lines().next()).expect("it is told");
        let off = told.parse::<f64>().expect("a number") - first_byte.as_f64().unwrap() * 1000.0;
        assert!(off.abs() < 0.000_501, "{told} for {first_byte:?}");
    }
}

#[tokio::test]
async fn a_client_that_closes_in_the_middle_of_the_body_aborts() {
    let events = capture(&EVENTS);
    let (mut client, mut heard) = serve().await;
    ask(&mut client, "GET", "/endless").await;
    read_to(&mut client, "xxxx").await;
    drop(client);
    hear(&mut heard).await;
    let [aborted] = &ends(&events)[..] else { panic!("one end") };
    assert_eq!((aborted.name.as_str(), aborted.get("status")), ("http.request.aborted", Some("200")));
    assert!(bytes(aborted) >= 1_000.0 && aborted.measurement("first_byte").is_some());
}

#[tokio::test]
async fn a_client_that_closes_before_the_answer_aborts() {
    let events = capture(&EVENTS);
    let (mut client, mut heard) = serve().await;
    ask(&mut client, "GET", "/never").await;
    // Until the handler runs nobody could give it up.
    while events.take().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(client);
    hear(&mut heard).await;
    let [aborted] = &ends(&events)[..] else { panic!("one end") };
    assert_eq!(
        (aborted.name.as_str(), aborted.get("route"), aborted.get("status")),
        ("http.request.aborted", Some("/never"), None)
    );
    assert!(aborted.measurement("first_byte").is_none() && aborted.measurement("bytes").is_none());
}

#[tokio::test]
async fn a_panic_closes_the_connection_and_is_an_exception() {
    let events = capture(&EVENTS);
    let (mut client, _heard) = serve().await;
    ask(&mut client, "GET", "/panics").await;
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await.expect("closed").unwrap();
    assert!(rest.is_empty());
    let [exception] = &ends(&events)[..] else { panic!("one end") };
    assert_eq!((exception.name.as_str(), exception.get("reason")), ("http.request.exception", Some("on purpose")));
}
