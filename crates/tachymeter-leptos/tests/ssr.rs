//! Parents on the server: a page that is rendered, its resources, and the server functions that they call.
#![cfg(feature = "ssr")]

use axum::body::Body;
use axum::routing::get;
use axum::{Router, http};
use futures::StreamExt;
use http_body_util::BodyExt;
use leptos::prelude::*;
use tachymeter::testing::{Captured, capture};
use tachymeter::{Context, WithContext, execute};
use tachymeter_leptos::server;
use tachymeter_leptos::trace::follow_tasks;
use tower::ServiceExt;

tachymeter::events! {
    /// What this test emits.
    pub EVENTS;
    /// Work somewhere in the page.
    pub event WORK = "test.work" { count } [place];
}

fn work(place: &str) {
    execute!(WORK, { count: 1u64 }, { place: place });
}

/// What can go wrong.
#[derive(Clone, Debug, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Error {
    /// As asked.
    #[error("refused: {secret}")]
    Refused {
        /// Nobody's business.
        secret: String,
    },
    /// All others.
    #[error("other")]
    Other,
}

impl FromServerFnError for Error {
    type Encoder = leptos::server_fn::codec::JsonEncoding;

    fn from_server_fn_error(_: leptos::server_fn::error::ServerFnErrorErr) -> Self {
        Self::Other
    }
}

/// Fails if it is told to.
#[server(endpoint = "facts", server = leptos::server_fn::axum::AxumServerFnBackend)]
pub async fn facts(refuse: bool) -> Result<u32, Error> {
    tokio::task::yield_now().await;
    work("in the server function");
    if refuse { Err(Error::Refused { secret: "hidden".into() }) } else { Ok(7) }
}

/// Lets others work: a task of Leptos' executor, and one of tokio's that takes the span along.
#[server(endpoint = "spawns", server = leptos::server_fn::axum::AxumServerFnBackend)]
pub async fn spawns() -> Result<u32, Error> {
    let (done, waits) = futures::channel::oneshot::channel();
    leptos::task::spawn(async move {
        tokio::task::yield_now().await;
        work("in a task of Leptos");
        _ = done.send(());
    });
    let context = Context::current().expect("the function's span");
    let own = tokio::spawn(async { work("in a task of tokio") }.with_context(context));
    _ = (waits.await, own.await);
    Ok(7)
}

#[component]
fn Page() -> impl IntoView {
    let facts = Resource::new(|| (), |()| facts(false));
    work("while it is rendered");
    view! { <Suspense>{move || Suspend::new(async move { facts.await.ok() })}</Suspense> }
}

/// Renders as a server does, in a request that is a child of the span in `traceparent`.
fn app() -> Router {
    let page = || async {
        let owner = Owner::new();
        let html = owner.with(|| view! { <Page/> }.to_html_stream_in_order());
        let kept = owner.clone();
        Body::from_stream(html.map(move |chunk| {
            let _kept = &kept;
            Ok::<_, std::convert::Infallible>(chunk)
        }))
    };
    let call = |request: http::Request<Body>| async { leptos::server_fn::axum::handle_server_fn(request).await };
    Router::new().route("/", get(page)).fallback(call).layer(tachymeter_tower::TelemetryLayer::new(|_| None))
}

const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn parent_of(event: &Captured) -> Option<String> {
    event.parent_id.map(|parent| parent.to_string())
}

fn span_of(event: &Captured) -> Option<String> {
    event.context.map(|context| context.span_id.to_string())
}

#[tokio::test]
async fn a_rendered_page_its_resources_and_its_streamed_body_are_one_trace() {
    follow_tasks();
    let events = capture(&["test.work", "http.request.stop", "leptos.server_fn.stop"]);
    let request = http::Request::get("/").header("traceparent", SENT).body(Body::empty()).expect("a request");
    let body = app().oneshot(request).await.expect("an answer").into_body().collect().await.expect("a body").to_bytes();
    assert!(body.windows(1).any(|byte| byte == b"7"), "{body:?}");
    let seen = events.take();
    let find = |name: &str, place: Option<&str>| seen.iter().find(|it| it.name == name && it.get("place") == place).expect(name);
    let request = find("http.request.stop", None);
    let called = find("leptos.server_fn.stop", None);
    assert_eq!(parent_of(request).as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!((called.get("name"), called.get("side"), parent_of(called)), (Some("facts"), Some("server"), span_of(request)));
    assert_eq!(span_of(find("test.work", Some("while it is rendered"))), span_of(request));
    assert_eq!(span_of(find("test.work", Some("in the server function"))), span_of(called));
    let sent: Context = SENT.parse().expect("a context");
    assert!(seen.iter().all(|it| it.context.expect("a span").trace_id == sent.trace_id));
}

#[tokio::test]
async fn a_call_over_the_wire_says_its_parts_and_how_it_failed() {
    follow_tasks();
    let events = capture(&["test.work", "http.request.start", "leptos.server_fn.stop"]);
    for (refuse, outcome, error) in [(false, "ok", None), (true, "error", Some("Refused"))] {
        let request = http::Request::post("/api/facts").header("traceparent", SENT);
        let request = request.header("content-type", "application/x-www-form-urlencoded").header("accept", "application/json");
        let answer =
            app().oneshot(request.body(Body::from(format!("refuse={refuse}"))).expect("a request")).await.expect("an answer");
        answer.into_body().collect().await.expect("a body");
        let [request, work, call] = &events.take()[..] else { panic!("three events") };
        assert_eq!((call.get("name"), call.get("outcome"), call.get("error")), (Some("facts"), Some(outcome), error));
        assert_eq!((parent_of(call), span_of(work)), (span_of(request), span_of(call)), "once, and not twice");
        for part in ["decode", "body", "encode"] {
            assert!(call.measurement(part).is_some() || (refuse && part == "encode"), "{part}");
        }
    }
}

#[tokio::test]
async fn what_a_server_function_spawns_belongs_to_it() {
    follow_tasks();
    let events = capture(&["test.work", "leptos.server_fn.stop"]);
    let request = http::Request::post("/api/spawns").header("traceparent", SENT).header("accept", "application/json");
    let answer = app().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let seen = events.take();
    let (call, works): (Vec<_>, Vec<_>) = seen.into_iter().partition(|event| event.name.ends_with("stop"));
    let mut places: Vec<_> = works.iter().filter_map(|work| work.get("place")).collect();
    places.sort_unstable();
    assert_eq!(places, ["in a task of Leptos", "in a task of tokio"]);
    assert!(works.iter().all(|work| span_of(work) == span_of(&call[0])), "{works:?} {call:?}");
}
