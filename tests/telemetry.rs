//! The telemetry pipeline over HTTP, without a socket: what browsers report, and the live stream that shows it.

mod app;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, RETRY_AFTER, SET_COOKIE,
};
use axum::http::request::Builder;
use axum::http::{Request, Response, StatusCode};
use axum::{Json, Router};
use http_body_util::{BodyExt, Full};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tachymeter_app::server::config::{Access, Config};
use tachymeter_app::server::{AppState, router};
use tachymeter_metrics::{Frame, Snapshot};
use tempfile::TempDir;
use tokio::sync::{MutexGuard, watch};
use tokio::time::timeout;
use tower::ServiceExt;

struct App {
    router: Router,
    state: AppState,
    stop: watch::Sender<bool>,
    _folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl App {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let alone = app::alone().await;
        let folder = tempfile::tempdir().expect("a folder");
        let (state, stop) = app::state(&folder, |config| {
            // Nobody listens there, which keeps nobody from signing up.
            config.auth.breach_list_url = "http://127.0.0.1:9/range/".into();
            change(config);
        })
        .await;
        Self { router: router(state.clone()), state, stop, _folder: folder, _alone: alone }
    }

    async fn send(&self, request: Builder, body: impl Into<Body>) -> Response<Body> {
        let request: Request<Body> = request.header(HOST, "localhost").body(body.into()).expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    /// As our own page posts it.
    async fn report(&self, body: impl Into<Body>) -> Response<Body> {
        self.send(beacon().header("sec-fetch-site", "same-origin").header(CONTENT_TYPE, "application/json"), body).await
    }

    /// The status and the words of the answer to a report.
    async fn answer(&self, body: impl Into<Body>) -> (u16, String) {
        let answer = self.report(body).await;
        (answer.status().as_u16(), text(answer).await)
    }

    async fn open(&self, last: &str, cookie: &str) -> Response<Body> {
        let request = Request::get("/telemetry/stream").header(COOKIE, cookie);
        self.send(if last.is_empty() { request } else { request.header("last-event-id", last) }, Body::empty()).await
    }

    /// An open stream that was read up to where the browser is told nothing but what is new.
    async fn subscribe(&self, last: &str) -> Stream {
        let answer = self.open(last, "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        Stream(answer.into_body())
    }

    async fn snapshot(&self) -> Snapshot {
        self.subscribe("").await.next().await.read("snapshot")
    }

    fn tick(&self) {
        self.state.telemetry.feed.tick(now());
    }

    /// How many page loads of this route the store has seen.
    async fn loads(&self, route: &str) -> u64 {
        // The snapshot is made once per tick.
        self.tick();
        count(&self.snapshot().await, "leptos.page.load.total", route)
    }
}

struct Stream(Body);

impl Stream {
    /// The next message; `None` when the stream has ended.
    async fn try_next(&mut self) -> Option<Message> {
        let frame = timeout(Duration::from_secs(10), self.0.frame()).await.expect("a message or the end, not silence")?;
        Some(Message::parse(frame.expect("no error").into_data().expect("data")))
    }

    async fn next(&mut self) -> Message {
        self.try_next().await.expect("the stream goes on")
    }

    async fn is_silent(&mut self) -> bool {
        timeout(Duration::ZERO, self.0.frame()).await.is_err()
    }
}

#[derive(Debug)]
struct Message {
    life: u64,
    sequence: u64,
    kind: String,
    data: String,
    bytes: Bytes,
}

impl Message {
    fn parse(bytes: Bytes) -> Self {
        let text = std::str::from_utf8(&bytes).expect("text").strip_suffix("\n\n").expect("one whole event");
        let mut lines = text.lines();
        let mut field =
            |name: &str| lines.next().and_then(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}{text}"));
        let (life, sequence) = field("id: ").split_once('-').expect("a life and a sequence");
        let (life, sequence) = (life.parse().expect("a number"), sequence.parse().expect("a number"));
        let (kind, data) = (field("event: ").to_owned(), field("data: ").to_owned());
        Self { life, sequence, kind, data, bytes }
    }

    fn read<T: serde::de::DeserializeOwned>(&self, kind: &str) -> T {
        assert_eq!(self.kind, kind);
        Json::from_bytes(self.data.as_bytes()).expect("JSON").0
    }

    fn id(&self) -> String {
        format!("{}-{}", self.life, self.sequence)
    }
}

fn beacon() -> Builder {
    Request::post("/telemetry/beacon")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

/// A page load of a quarter of a second.
fn load(route: &str) -> String {
    format!(r#"["leptos.page.load",[["total",0.25,true]],[["route","{route}"]]]"#)
}

fn batch(events: &[String]) -> String {
    format!(r#"{{"events":[{}],"dropped":0}}"#, events.join(","))
}

fn count(snapshot: &Snapshot, metric: &str, tag: &str) -> u64 {
    let metric = snapshot.definitions.iter().position(|definition| definition.name == metric).expect("a metric") as u32;
    let named = |tags: &[(String, String)]| tags.iter().any(|(_, value)| value == tag);
    let Some(series) = snapshot.series.iter().find(|series| series.metric == metric && named(&series.tags)) else { return 0 };
    snapshot.points.iter().filter(|(id, _)| *id == series.id).flat_map(|(_, points)| points).map(|point| point.count).sum()
}

async fn text(answer: Response<Body>) -> String {
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn a_good_report_is_in_the_next_snapshot() {
    let app = App::start().await;
    let answer = app.report(batch(&[load("/good"), load("/good")])).await;
    assert_eq!((answer.status(), text(answer).await.as_str()), (StatusCode::NO_CONTENT, ""));
    let snapshot = app.snapshot().await;
    assert_eq!(count(&snapshot, "leptos.page.load.total", "/good"), 2);
    let (_, points) = snapshot.points.iter().find(|(_, points)| points[0].count == 2).expect("a series");
    assert_eq!((points[0].min, points[0].max), (250.0, 250.0), "seconds on the wire, milliseconds in the metric");
}

#[tokio::test]
async fn what_is_no_report_is_refused_with_words() {
    let app = App::start().await;
    for body in
        ["", "{", "[]", "{\"events\":[[1]]}", "{\"events\":[],\"more\":1}", "{\"events\":[[\"a\",[[\"total\",NaN,true]],[]]]}"]
    {
        let (status, says) = app.answer(body).await;
        assert_eq!(status, 400, "{body}");
        assert!(says.starts_with("a report is {\"events\""), "{says}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", "application/jsonp"] {
        let request = beacon().header("sec-fetch-site", "same-origin").header(CONTENT_TYPE, kind);
        assert_eq!(app.send(request, batch(&[load("/type")])).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let none = app.send(beacon(), batch(&[load("/type")])).await;
    assert_eq!((none.status(), text(none).await.as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "a report is application/json"));
    assert_eq!(app.loads("/type").await, 0);
    let request = beacon().header(CONTENT_TYPE, "Application/JSON; charset=utf-8");
    assert_eq!(app.send(request, batch(&[load("/type")])).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn too_much_at_once_is_refused_and_the_server_goes_on() {
    let app = App::start_with(|config| (config.beacon.max_bytes, config.beacon.max_events) = (2_000, 3)).await;
    let long = batch(&[load(&"x".repeat(3_000))]);
    let declared = beacon().header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, long.len());
    let answer = app.send(declared, long.clone()).await;
    assert_eq!(
        (answer.status(), text(answer).await.as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "a report may have 2000 bytes at most")
    );
    // With trailers to come its length is not known, as when it is sent in chunks.
    let chunked = Body::new(Full::new(Bytes::from(long)).with_trailers(std::future::pending()));
    assert_eq!(app.answer(chunked).await.0, 413);
    let (status, says) = app.answer(batch(&[load("/a"), load("/a"), load("/a"), load("/a")])).await;
    assert_eq!((status, says.as_str()), (413, "a report may have 3 events at most, this one has 4"));
    assert_eq!(app.loads("/a").await, 0, "none of them counts");
    assert_eq!(app.answer(batch(&[load("/a"), load("/a"), load("/a")])).await.0, 204);
    assert_eq!(app.loads("/a").await, 3);
}

#[tokio::test]
async fn what_is_wrong_is_listed_and_the_rest_of_the_report_counts() {
    let app = App::start().await;
    let event = |name: &str, measurements: &str, metadata: &str| format!(r#"["{name}",[{measurements}],[{metadata}]]"#);
    let load_of = |measurements: &str, metadata: &str| event("leptos.page.load", measurements, metadata);
    let server_fn =
        |side: &str| event("leptos.server_fn.stop", r#"["duration",0.1,true]"#, &format!(r#"["name","f"],["side","{side}"]"#));
    let wrong = [
        (event("db.query", "", ""), "unknown event \\\"db.query\\\""),
        (load_of(r#"["rss",1,false]"#, ""), "undeclared measurement \\\"rss\\\""),
        (load_of(r#"["total",1,true]"#, r#"["user","me"]"#), "undeclared metadata \\\"user\\\""),
        (load_of(r#"["total",61,true]"#, ""), "total must be between 0 and 60, not 61"),
        (load_of(r#"["total",-0.1,true]"#, ""), "total must be between 0 and 60, not -0.1"),
        (load_of(r#"["total",1e7,false]"#, ""), "total must be between 0 and 1000000, not 10000000"),
        (load_of("", r#"["route","a\u0000b"]"#), "no control characters"),
        (load_of("", &format!(r#"["route","{}"]"#, "x".repeat(101))), "100 characters at most"),
        (server_fn("server"), "side must be \\\"client\\\""),
        (server_fn("Client"), "side must be \\\"client\\\""),
    ];
    for (event, says) in &wrong {
        let (status, body) = app.answer(batch(&[load("/rest"), event.clone(), load("/rest")])).await;
        assert_eq!(status, 422, "{event}");
        assert!(body.starts_with(r#"{"accepted":2,"rejected":[{"index":1,"reason":""#) && body.contains(says), "{says}: {body}");
    }
    let all: Vec<String> = wrong.iter().map(|(event, _)| event.clone()).chain([server_fn("client")]).collect();
    let (status, body) = app.answer(batch(&all)).await;
    assert_eq!((status, body.matches("\"index\"").count()), (422, wrong.len()), "{body}");
    assert_eq!(app.loads("/rest").await, 2 * wrong.len() as u64);
    let snapshot = app.snapshot().await;
    assert_eq!(count(&snapshot, "leptos.server_fn.stop.duration", "client"), 1);
    assert_eq!(count(&snapshot, "leptos.server_fn.stop.duration", "server"), 0);
}

#[tokio::test]
async fn other_sites_cannot_report() {
    let app = App::start().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let request = beacon().header(name, value).header(CONTENT_TYPE, "application/json");
        assert_eq!(app.send(request, batch(&[load("/evil")])).await.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(app.loads("/evil").await, 0);
    let request = beacon().header("origin", "http://localhost").header(CONTENT_TYPE, "application/json");
    assert_eq!(app.send(request, batch(&[load("/evil")])).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_address_that_reports_too_often_is_told_when_to_come_back() {
    let app = App::start_with(|config| config.beacon.reports_per_minute = 2).await;
    let clock = tachymeter::testing::freeze_clock();
    // A report that is refused counts as well: reading it is what costs.
    assert_eq!(app.answer(batch(&[load("/often")])).await.0, 204);
    assert_eq!(app.answer("{").await.0, 400);
    let answer = app.report(batch(&[load("/often")])).await;
    assert_eq!((answer.status(), answer.headers()[RETRY_AFTER].to_str().expect("text")), (StatusCode::TOO_MANY_REQUESTS, "30"));
    clock.advance(Duration::from_millis(500));
    let answer = app.report(batch(&[load("/often")])).await;
    assert_eq!(answer.headers()[RETRY_AFTER], "30", "29.5 s: who comes after 29 is too early");
    clock.advance(Duration::from_secs(30));
    assert_eq!(app.answer(batch(&[load("/often")])).await.0, 204);
    assert_eq!(app.loads("/often").await, 2);
}

#[tokio::test]
async fn the_stream_begins_with_everything_and_goes_on_with_what_changed() {
    let app = App::start().await;
    app.report(batch(&[load("/before")])).await;
    let answer = app.send(Request::get("/telemetry/stream").header(ACCEPT_ENCODING, "gzip, br"), Body::empty()).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    assert!(!answer.headers().contains_key(CONTENT_ENCODING), "a compressor would hold frames back");
    let mut stream = Stream(answer.into_body());
    let first = stream.next().await;
    let snapshot: Snapshot = first.read("snapshot");
    assert_eq!((first.sequence, snapshot.seq), (0, 0));
    assert_eq!(count(&snapshot, "leptos.page.load.total", "/before"), 1);
    assert!(stream.is_silent().await, "nothing comes before a tick");

    app.tick();
    stream.next().await;
    app.report(batch(&[load("/after")])).await;
    app.tick();
    let second = stream.next().await;
    let frame: Frame = second.read("frame");
    assert_eq!((second.life, second.sequence, frame.seq), (first.life, 2, 2));
    let [series] = &frame.series[..] else { panic!("one new series: {frame:?}") };
    assert_eq!(series.tags, [("route".to_owned(), "/after".to_owned())]);
    let [(id, point)] = frame.points[..] else { panic!("one point: {frame:?}") };
    assert_eq!((id, point.count, point.sum), (series.id, 1, 250.0));

    app.tick();
    let third = stream.next().await;
    assert_eq!((third.sequence, third.kind.as_str()), (3, "heartbeat"));
    assert!(now() - third.data.parse::<u64>().expect("the server's time") < 10_000);
    assert!(stream.is_silent().await);
}

#[tokio::test]
async fn who_comes_back_gets_exactly_what_was_missed() {
    let app = App::start().await;
    let mut stream = app.subscribe("").await;
    let mut sent = vec![stream.next().await];
    for index in 0..4 {
        app.report(batch(&[load(&format!("/missed/{index}"))])).await;
        app.tick();
        sent.push(stream.next().await);
    }
    for from in 0..=4 {
        let by_query = Request::get(format!("/telemetry/stream?last={}", sent[from].id()));
        let by_query = Stream(app.send(by_query, Body::empty()).await.into_body());
        for mut again in [app.subscribe(&sent[from].id()).await, by_query] {
            for message in &sent[from + 1..] {
                assert_eq!(again.next().await.bytes, message.bytes);
            }
            assert!(again.is_silent().await);
        }
    }
    // The browser's own reconnect has the newer id in its header and the older one still in its address.
    let both = Request::get(format!("/telemetry/stream?last={}", sent[1].id())).header("last-event-id", sent[3].id());
    let mut again = Stream(app.send(both, Body::empty()).await.into_body());
    assert_eq!(again.next().await.id(), sent[4].id());
    app.tick();
    assert_eq!(again.next().await.sequence, 5, "and it goes on");
}

#[tokio::test]
async fn what_cannot_be_resumed_starts_anew() {
    let app = App::start().await;
    let life = app.subscribe("").await.next().await.life;
    for _ in 0..62 {
        app.tick();
    }
    let mut oldest = app.subscribe(&format!("{life}-2")).await;
    for sequence in 3..=62 {
        assert_eq!(oldest.next().await.sequence, sequence);
    }
    let max = u64::MAX;
    for last in [
        format!("{life}-1"),
        format!("{life}-63"),
        format!("{life}-{max}"),
        format!("{}-62", life - 1),
        format!("{life}-"),
        format!("{life}"),
        "nonsense".to_owned(),
    ] {
        let mut stream = app.subscribe(&last).await;
        let first = stream.next().await;
        assert_eq!((first.kind.as_str(), first.sequence), ("snapshot", 62), "{last}");
        assert!(stream.is_silent().await);
    }
}

#[tokio::test]
async fn who_falls_behind_gets_the_whole_instead_of_a_gap() {
    let app = App::start().await;
    let mut slow = app.subscribe("").await;
    slow.next().await;
    for index in 0..40 {
        app.report(batch(&[load(&format!("/lag/{index}"))])).await;
        app.tick();
    }
    let caught_up = slow.next().await;
    assert_eq!(caught_up.sequence, 40);
    let snapshot: Snapshot = caught_up.read("snapshot");
    assert!((0..40).all(|index| count(&snapshot, "leptos.page.load.total", &format!("/lag/{index}")) == 1));
    assert!(slow.is_silent().await, "nothing comes twice");
    app.tick();
    assert_eq!(slow.next().await.sequence, 41);
}

#[tokio::test]
async fn each_message_is_encoded_once_for_all() {
    let app = App::start().await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(app.subscribe("").await);
    }
    for round in 0..3 {
        let mut places = Vec::new();
        for stream in &mut streams {
            let message = stream.next().await;
            assert_eq!(message.sequence, round);
            places.push((message.bytes.as_ptr(), message.bytes.clone()));
        }
        assert!(places.iter().all(|(place, _)| *place == places[0].0), "the same memory, not equal memory");
        app.report(batch(&[load("/shared")])).await;
        app.tick();
    }
}

#[tokio::test]
async fn there_are_only_so_many_streams_at_once() {
    let app = App::start_with(|config| config.dashboard.max_subscribers = 2).await;
    let first = app.subscribe("").await;
    let _second = app.subscribe("").await;
    let answer = app.open("", "").await;
    assert_eq!(
        (answer.status(), &answer.headers()[RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"10".parse().expect("a value"))
    );
    assert!(text(answer).await.contains("dashboard.max_subscribers"));
    assert_eq!(app.state.telemetry.feed.subscribers(), 2);
    drop(first);
    assert_eq!(app.state.telemetry.feed.subscribers(), 1);
    assert_eq!(app.open("", "").await.status(), StatusCode::OK);
}

async fn sign_up(app: &App) -> String {
    let fields = "email=a%40example.org&password=a+long+enough+passphrase";
    let request = Request::post("/api/sign_up").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = app.send(request, fields).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookie
        .filter(|cookie| cookie.starts_with("session="))
        .map(|cookie| cookie.split(';').next().expect("a pair").to_owned())
        .collect()
}

#[tokio::test]
async fn a_stream_for_accounts_is_for_nobody_else() {
    for access in [Access::User, Access::Admin] {
        let app = App::start_with(|config| config.dashboard.access = access).await;
        for cookie in ["", "session=nonsense"] {
            let answer = app.open("", cookie).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{access:?}");
            assert!(!text(answer).await.contains("event:"));
        }
        assert_eq!(app.state.telemetry.feed.subscribers(), 0);
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_session_has_ended() {
    let app = App::start_with(|config| config.dashboard.access = Access::User).await;
    let cookie = sign_up(&app).await;
    let answer = app.open("", &cookie).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut stream = Stream(answer.into_body());
    stream.next().await;
    later(Duration::from_secs(31)).await;
    app.tick();
    assert_eq!(stream.next().await.sequence, 1, "the session is still there");
    let request = Request::post("/api/log_out").header(COOKIE, &cookie).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(app.send(request, "").await.status(), StatusCode::OK);
    later(Duration::from_secs(31)).await;
    app.tick();
    assert!(stream.try_next().await.is_none());
    assert_eq!(app.open("", &cookie).await.status(), StatusCode::UNAUTHORIZED);
}

/// The clock of the runtime is put forward; the database's threads don't notice.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let app = App::start().await;
    let (mut first, mut second) = (app.subscribe("").await, app.subscribe("").await);
    first.next().await;
    second.next().await;
    let ticking = tokio::spawn(app.state.telemetry.feed.clone().run());
    first.next().await;
    app.stop.send(true).expect("somebody listens");
    while first.try_next().await.is_some() {}
    while second.try_next().await.is_some() {}
    timeout(Duration::from_secs(10), ticking).await.expect("ticking stops as well").expect("no panic");
}
