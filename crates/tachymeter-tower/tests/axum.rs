//! The layer around a real axum router.

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tachymeter::testing::{Capture, capture};
use tachymeter_tower::TelemetryLayer;
use tower::ServiceExt;

const EVENTS: [&str; 4] = ["http.request.start", "http.request.stop", "http.request.exception", "http.request.aborted"];

fn current() -> String {
    tachymeter::Context::current().map_or_else(String::new, |it| it.traceparent())
}

fn late_panic() -> std::io::Result<Bytes> {
    panic!("in the body")
}

fn app() -> Router {
    let chunks = || async { Body::from_stream(futures::stream::iter(["one", "two", "three"].map(Ok::<_, std::io::Error>))) };
    let broken = || async {
        let chunks = [Ok(Bytes::from("one")), Err(std::io::Error::other("the disk is gone"))];
        Body::from_stream(futures::stream::iter(chunks))
    };
    Router::new()
        .route("/users/{id}", get(|| async { "hello" }))
        .route("/chunks", get(chunks))
        .route("/broken", get(broken))
        .route("/late", get(|| async { Body::from_stream(futures::stream::once(async { Ok::<_, std::io::Error>(current()) })) }))
        .route("/late-panic", get(|| async { Body::from_stream(futures::stream::once(async { late_panic() })) }))
        .route(
            "/panics",
            get(|| async {
                if true {
                    panic!("on purpose")
                }
            }),
        )
        .route("/slow", get(std::future::pending::<()>))
        .route("/context", get(|| async { current() }))
        .layer(TelemetryLayer::new(|parts| Some(parts.extensions.get::<MatchedPath>()?.as_str().into())))
}

async fn ask(request: Request<Body>) -> Response<impl http_body::Body<Data = Bytes, Error = axum::Error>> {
    app().oneshot(request).await.unwrap()
}

fn to(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn names(events: &Capture) -> Vec<String> {
    events.take().into_iter().map(|event| event.name.trim_start_matches("http.request.").to_owned()).collect()
}

#[tokio::test]
async fn a_request_stops_at_the_end_of_its_body_with_route_status_and_bytes() {
    let events = capture(&EVENTS);
    let response = ask(to("/users/7")).await;
    assert_eq!(names(&events), ["start"]);
    assert!(response.headers()["server-timing"].to_str().unwrap().starts_with("total;dur="));
    response.into_body().collect().await.unwrap();
    let [stop] = &events.take()[..] else { panic!("one event") };
    assert_eq!(stop.name, "http.request.stop");
    assert_eq!((stop.get("method"), stop.get("route"), stop.get("status")), (Some("GET"), Some("/users/{id}"), Some("200")));
    assert_eq!(stop.measurement("bytes").unwrap().as_f64(), Some(5.0));
    assert!(stop.measurement("duration").is_some());
}

#[tokio::test]
async fn a_path_that_no_pattern_matches_and_a_made_up_method_are_one_series() {
    let events = capture(&EVENTS);
    let request = Request::builder().method("MADEUP").uri("/nowhere/at/all").body(Body::empty()).unwrap();
    let response = ask(request).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    response.into_body().collect().await.unwrap();
    let stop = events.take().pop().unwrap();
    assert_eq!((stop.get("route"), stop.get("method"), stop.get("status")), (Some("unmatched"), Some("other"), Some("404")));
}

#[tokio::test]
async fn a_client_that_goes_away_during_the_body_aborts() {
    let events = capture(&EVENTS);
    let mut body = ask(to("/chunks")).await.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(names(&events), ["start", "aborted"]);
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_answer_aborts() {
    let events = capture(&EVENTS);
    let answer = app().oneshot(to("/slow"));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(10), answer).await.is_err());
    assert_eq!(names(&events), ["start", "aborted"]);
}

#[tokio::test]
async fn a_panic_and_a_broken_body_are_exceptions() {
    let events = capture(&EVENTS);
    let panicked = tokio::spawn(app().oneshot(to("/panics"))).await;
    assert!(panicked.unwrap_err().is_panic());
    let exception = events.take().pop().unwrap();
    assert_eq!((exception.get("kind"), exception.get("reason")), (Some("panic"), Some("on purpose")));
    let broken = ask(to("/broken")).await.into_body().collect().await;
    assert!(broken.is_err());
    let exception = events.take().pop().unwrap();
    assert_eq!((exception.get("kind"), exception.get("status")), (Some("body"), Some("200")));
}

#[tokio::test]
async fn an_answer_to_head_stops_though_its_body_is_never_read() {
    let events = capture(&EVENTS);
    drop(ask(Request::head("/users/7").body(Body::empty()).unwrap()).await);
    assert_eq!(names(&events), ["start", "stop"]);
}

#[tokio::test]
async fn a_traceparent_is_the_parent_and_the_span_is_current_inside() {
    let events = capture(&EVENTS);
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let response = ask(Request::get("/context").header("traceparent", sent).body(Body::empty()).unwrap()).await;
    let seen = response.into_body().collect().await.unwrap().to_bytes();
    let start = events.take().swap_remove(0);
    assert_eq!(start.parent_id.unwrap().to_string(), "00f067aa0ba902b7");
    assert_eq!(start.context.unwrap().traceparent(), seen);
    assert!(seen.starts_with(b"00-4bf92f3577b34da6a3ce929d0e0e4736-"));
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_is_replaced() {
    let sane = "a-request-id-of-sane-length";
    for (sent, kept) in [(sane, true), ("short", false), ("with a space in the middle", false)] {
        let response = ask(Request::get("/users/7").header("x-request-id", sent).body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["x-request-id"] == sent, kept, "{sent}");
    }
}

#[tokio::test]
async fn a_streamed_body_is_counted_to_its_end_and_runs_in_the_span() {
    let events = capture(&EVENTS);
    let body = ask(to("/chunks")).await.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], b"onetwothree");
    let stop = events.take().pop().unwrap();
    assert_eq!((stop.name.as_str(), stop.measurement("bytes").unwrap().as_f64()), ("http.request.stop", Some(11.0)));

    let seen = ask(to("/late")).await.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(events.take()[0].context.unwrap().traceparent(), seen);
}

#[tokio::test]
async fn a_panic_in_the_body_is_an_exception_and_goes_on() {
    let events = capture(&EVENTS);
    let body = ask(to("/late-panic")).await.into_body();
    assert!(tokio::spawn(async { body.collect().await.map(drop) }).await.unwrap_err().is_panic());
    let exception = events.take().pop().unwrap();
    assert_eq!((exception.get("kind"), exception.get("reason")), (Some("panic"), Some("in the body")));
}

#[tokio::test]
async fn an_error_of_the_service_is_an_exception() {
    let events = capture(&EVENTS);
    let fails = tower::service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>("no answer") });
    let service = tower::Layer::layer(&TelemetryLayer::new(|_| None), fails);
    assert_eq!(service.oneshot(to("/")).await.unwrap_err(), "no answer");
    let exception = events.take().pop().unwrap();
    assert_eq!((exception.get("kind"), exception.get("reason")), (Some("error"), Some("no answer")));
    assert_eq!((exception.get("route"), exception.get("status")), (Some("unmatched"), None));
}
