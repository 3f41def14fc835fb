//! One trace from end to end, over HTTP and without a browser: a page's prefix, its requests, its report, and who may look at it.

mod app;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use leptos::server_fn::ServerFn;
use tachymeter_app::features::buttons::api::{PressGreen, PressRed};
use tachymeter_app::features::dashboard::api::{Interaction, Interactions};
use tachymeter_app::server::config::{Access, Config};
use tachymeter_app::server::{AppState, router};
use tachymeter_leptos::trace::{Filter, Row, Trace};
use tempfile::TempDir;
use tokio::sync::{MutexGuard, watch};
use tower::ServiceExt;

struct App {
    router: Router,
    state: AppState,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
    _alone: MutexGuard<'static, ()>,
}

impl App {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let alone = app::alone().await;
        let folder = tempfile::tempdir().expect("a folder");
        let (state, stop) = app::state(&folder, |config| {
            config.auth.breach_list_url = "http://127.0.0.1:9/range/".into();
            change(config);
        })
        .await;
        Self { router: router(state.clone()), state, _folder: folder, _stop: stop, _alone: alone }
    }

    async fn get(&self, path: &str) -> Response<Body> {
        let kind = if path.starts_with("/api/") { "application/json" } else { "text/html" };
        let request = Request::get(path).header(HOST, "localhost").header("accept", kind);
        self.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
    }

    async fn post(&self, path: &str, kind: &str, traceparent: &str, body: String) -> Response<Body> {
        let request = Request::post(path).header(HOST, "localhost").header("sec-fetch-site", "same-origin");
        let request = request.header(CONTENT_TYPE, kind).header("traceparent", traceparent).header("accept", "application/json");
        self.router.clone().oneshot(request.body(Body::from(body)).expect("a request")).await.expect("an answer")
    }

    /// What the server has written into a page of its own.
    async fn prefix(&self) -> String {
        let page = text(self.get("/buttons").await).await;
        let (_, rest) = page.split_once("name=\"tachymeter-page\" content=\"").unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().expect("a value").to_owned()
    }

    fn find(&self, trace: &str) -> Option<Trace> {
        self.state.telemetry.traces.find(trace)
    }
}

async fn text(answer: Response<Body>) -> String {
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// As the browser reports a call and the interaction that made it.
fn report(page: &str, trace: &str, total: f64) -> String {
    let ids = |span: &str, parent: &str| format!("[\"trace_id\",\"{trace}\"],[\"span_id\",\"{span}\"]{parent}");
    let call = format!(
        "[\"leptos.server_fn.stop\",[[\"duration\",{total},true],[\"offset\",0.001,true],[\"queue\",0.001,true],[\"request\",{total},true]],\
         [[\"name\",\"sign_up\"],[\"side\",\"client\"],[\"outcome\",\"ok\"],{}]]",
        ids("00000000000000bb", ",[\"parent_id\",\"00000000000000aa\"]")
    );
    let stop = format!(
        "[\"leptos.interaction.stop\",[[\"total\",{total},true],[\"server\",{total},true]],\
         [[\"name\",\"auth.sign_up\"],[\"event\",\"submit\"],[\"outcome\",\"rendered\"],{}]]",
        ids("00000000000000aa", "")
    );
    format!("{{\"page\":\"{page}\",\"events\":[{call},{stop}]}}")
}

/// The row of this name, and that of its cause.
fn row<'t>(trace: &'t Trace, name: &str, kind: &str) -> (&'t Row, &'t str) {
    let place = trace.rows.iter().position(|row| row.name == name && row.kind == kind);
    let place = place.unwrap_or_else(|| panic!("no {name} of {kind} in {:#?}", trace.rows));
    let row = &trace.rows[place];
    let cause = trace.rows[..place].iter().rev().find(|above| above.depth < row.depth);
    (row, cause.map_or("", |cause| &cause.name))
}

#[tokio::test]
async fn a_sign_up_is_one_trace_with_its_queries_and_its_question_to_the_breach_list() {
    let app = App::start(|_| ()).await;
    let page = app.prefix().await;
    let trace = format!("{page}0000000000000001");
    let sent = format!("00-{trace}-00000000000000bb-01");
    let form = "email=a%40example.org&password=a+long+enough+passphrase".to_owned();
    let answer = app.post("/api/sign_up", "application/x-www-form-urlencoded", &sent, form).await;
    assert_eq!(answer.status(), StatusCode::OK);
    text(answer).await;
    assert!(app.find(&trace).is_none(), "nobody has said yet what it was for");
    let answer = app.post("/telemetry/beacon", "application/json", "", report(&page, &trace, 5.0)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let seen = app.find(&trace).expect("it is kept");
    for (name, kind, cause) in [
        ("sign_up", "leptos.server_fn", "auth.sign_up"),
        ("/api/sign_up", "http.request", "sign_up"),
        ("127.0.0.1", "external.request", "sign_up"),
        ("create_user", "db.query", "sign_up"),
        ("create_session", "db.transaction", "sign_up"),
        ("begin", "db.query", "create_session"),
        ("insert_session", "db.query", "create_session"),
        ("commit", "db.query", "create_session"),
        ("query", "", "create_user"),
    ] {
        assert_eq!(row(&seen, name, kind).1, cause, "{name}");
    }
    assert_eq!(row(&seen, "127.0.0.1", "external.request").0.outcome, "error", "nobody listens there");
    let (request, _) = row(&seen, "/api/sign_up", "http.request");
    assert!(request.start > 0.0 && request.start + request.duration < 5_000.0, "inside of the time that the browser waited");
    assert!(seen.rows.iter().filter(|row| row.depth > 3).all(|row| row.start >= request.start), "{:#?}", seen.rows);
}

#[tokio::test]
async fn two_calls_at_once_have_each_its_own_work_of_the_server_below_it() {
    let app = App::start(|config| (config.buttons.red_ms, config.buttons.green_ms) = (1, 2)).await;
    let page = app.prefix().await;
    let trace = format!("{page}0000000000000002");
    let mut events = Vec::new();
    let call = |name: &str, span: &str| {
        format!(
            "[\"leptos.server_fn.stop\",[[\"duration\",5.0,true],[\"offset\",0.001,true],[\"queue\",0.001,true],[\"request\",4.9,true]],\
             [[\"name\",\"{name}\"],[\"side\",\"client\"],[\"outcome\",\"ok\"],[\"trace_id\",\"{trace}\"],[\"span_id\",\"{span}\"],\
             [\"parent_id\",\"00000000000000aa\"]]]"
        )
    };
    for (name, path, span) in
        [("press_green", PressGreen::PATH, "00000000000000cc"), ("press_red", PressRed::PATH, "00000000000000bb")]
    {
        let sent = format!("00-{trace}-{span}-01");
        let answer = app.post(path, "application/x-www-form-urlencoded", &sent, String::new()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        text(answer).await;
        events.push(call(name, span));
    }
    events.push(format!(
        "[\"leptos.interaction.stop\",[[\"total\",6.0,true],[\"server\",5.0,true]],[[\"name\",\"both\"],[\"event\",\"click\"],\
         [\"outcome\",\"rendered\"],[\"trace_id\",\"{trace}\"],[\"span_id\",\"00000000000000aa\"]]]"
    ));
    let body = format!("{{\"page\":\"{page}\",\"events\":[{}]}}", events.join(","));
    assert_eq!(app.post("/telemetry/beacon", "application/json", "", body).await.status(), StatusCode::NO_CONTENT);
    let seen = app.find(&trace).expect("it is kept");
    for name in ["press_red", "press_green"] {
        let served = row(&seen, &format!("/api/{name}"), "http.request");
        assert_eq!((served.1, served.0.depth), (name, 2));
        let [client, server] = &seen.rows.iter().filter(|row| row.name == name).collect::<Vec<_>>()[..] else {
            panic!("each side once: {:#?}", seen.rows)
        };
        assert_eq!((client.depth, server.depth), (1, 3), "{name}");
    }
}

#[tokio::test]
async fn a_trace_of_no_page_of_ours_is_none() {
    let app = App::start(|_| ()).await;
    let (page, another) = (app.prefix().await, app.prefix().await);
    assert_ne!(page, another);
    let foreign = format!("{another}0000000000000001");
    let answer = app.post("/telemetry/beacon", "application/json", "", report(&page, &foreign, 1.0)).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(answer).await.contains("another page load"));
    let made_up = format!("{:016x}{:016x}", 1, 1);
    let answer = app.post("/telemetry/beacon", "application/json", "", report(&made_up[..16], &made_up, 1.0)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT, "its measurements count");
    app.get("/").await;
    assert!(app.find(&foreign).is_none() && app.find(&made_up).is_none());
    assert!(app.find("nonsense").is_none());
}

#[tokio::test]
async fn who_may_see_the_charts_may_see_the_interactions() {
    for (access, status) in [(Access::Loopback, StatusCode::OK), (Access::User, StatusCode::UNAUTHORIZED)] {
        let app = App::start(|config| config.dashboard.access = access).await;
        let (list, one) =
            (format!("{}?filter[name]=&filter[outcome]=", Interactions::PATH), format!("{}?id=1", Interaction::PATH));
        for path in [&*list, &one, "/dashboard/interactions", "/dashboard/interactions/1"] {
            let answer = app.get(path).await;
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_used_says_what_will_be_there() {
    let app = App::start(|_| ()).await;
    let page = text(app.get("/dashboard/interactions").await).await;
    assert!(page.contains("No interactions yet") && !page.contains("style=\""), "{page}");
    assert_eq!(app.state.telemetry.traces.overview(&Filter::default()).events, []);
}
