//! The application's HTTP surface, without a browser and without a socket.

mod app;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, REFERER, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use leptos::prelude::FromServerFnError;
use tachymeter_app::error::AppError;
use tachymeter_app::server::config::Config;
use tachymeter_app::server::router;
use tempfile::TempDir;
use tokio::sync::{MutexGuard, watch};
use tower::ServiceExt;

/// The application on a database of its own, with a breach list that knows one password.
struct App {
    router: Router,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
    _alone: MutexGuard<'static, ()>,
}

const STOLEN: &str = "stolen password";
const GOOD: &str = "a long enough passphrase";

impl App {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let alone = app::alone().await;
        let folder = tempfile::tempdir().expect("a folder");
        let breach_list = breach_list().await;
        let (state, stop) = app::state(&folder, |config| {
            config.landing.delay_min_ms = 0;
            config.landing.delay_max_ms = 1;
            config.auth.breach_list_url = breach_list;
            change(config);
        })
        .await;
        Self { router: router(state), _folder: folder, _stop: stop, _alone: alone }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    async fn get(&self, path: &str, cookie: &str) -> Response<Body> {
        let request = Request::get(path).header(HOST, "localhost").header(ACCEPT, "text/html").header(COOKIE, cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// As a browser without scripts posts a form from `page`.
    async fn post_form(&self, page: &str, path: &str, fields: &str, cookie: &str) -> Response<Body> {
        let request = Request::post(path)
            .header(HOST, "localhost")
            .header(ORIGIN, "http://localhost")
            .header("sec-fetch-site", "same-origin")
            .header(REFERER, format!("http://localhost{page}"))
            .header(ACCEPT, "text/html,*/*")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(COOKIE, cookie);
        self.send(request.body(Body::from(fields.to_owned())).expect("a request")).await
    }

    /// As our own code in the browser posts it.
    async fn call(&self, path: &str, fields: &str) -> Response<Body> {
        let request = Request::post(path)
            .header(HOST, "localhost")
            .header(ACCEPT, "application/x-postcard")
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(fields.to_owned())).expect("a request")).await
    }

    async fn sign_up(&self, email: &str) -> String {
        let answer = self.post_form("/sign-up", "/api/sign_up", &form(email, GOOD), "").await;
        assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "/account"));
        session(&answer)
    }
}

/// A list that knows [`STOLEN`], and pads.
async fn breach_list() -> String {
    use axum::extract::Path;
    use axum::routing::get;
    // SHA-1 of STOLEN, in two parts.
    let (prefix, suffix) = ("A02C8", "E13ED96DBEEA2A1252F1EB8D6FFBFD0F7CB");
    let answer = move |Path(asked): Path<String>| async move {
        if asked == prefix { format!("{suffix}:12\r\n{}:0", "0".repeat(35)) } else { format!("{}:0", "0".repeat(35)) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/range/{prefix}", get(answer))).await });
    format!("http://{address}/range/")
}

fn form(email: &str, password: &str) -> String {
    format!("email={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"))
}

fn location(answer: &Response<Body>) -> &str {
    answer.headers().get(LOCATION).map_or("", |value| value.to_str().expect("text"))
}

fn set_cookies(answer: &Response<Body>) -> Vec<String> {
    answer.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("text").to_owned()).collect()
}

/// The session cookie as a browser would send it back.
fn session(answer: &Response<Body>) -> String {
    let cookies = set_cookies(answer);
    let cookie = cookies.iter().find(|cookie| cookie.contains("session=")).unwrap_or_else(|| panic!("{cookies:?}"));
    cookie.split(';').next().expect("a pair").to_owned()
}

async fn text(answer: Response<Body>) -> String {
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Follows a refused form back to its page, as a browser without scripts does.
async fn page_after(app: &App, answer: Response<Body>) -> String {
    assert_eq!(answer.status(), StatusCode::FOUND);
    let back = location(&answer).strip_prefix("http://localhost").expect("our own page").to_owned();
    let cookies: Vec<String> = set_cookies(&answer).iter().filter_map(|c| c.split(';').next().map(str::to_owned)).collect();
    text(app.get(&back, &cookies.join("; ")).await).await
}

#[tokio::test]
async fn every_route_answers() {
    let app = App::start().await;
    for (path, says) in [
        ("/", "Somebody clicked."),
        ("/sign-up", "Sign up"),
        ("/sign-in", "Sign in"),
        ("/buttons", "Buttons"),
        ("/dashboard", "Dashboard"),
    ] {
        let answer = app.get(path, "").await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(text(answer).await.contains(says), "{path}");
    }
    let answer = app.get("/health", "").await;
    assert_eq!((answer.status(), text(answer).await.as_str()), (StatusCode::OK, "ok"));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_with_status_404() {
    let app = App::start().await;
    for path in ["/nowhere", "/pkg/nothing.js", "/account/deeper", "/../Cargo.toml"] {
        let answer = app.get(path, "").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(text(answer).await.contains("Page not found"), "{path}");
    }
}

#[tokio::test]
async fn the_landing_page_has_its_shell_first_and_its_data_later() {
    let app = App::start_with(|config| (config.landing.delay_min_ms, config.landing.delay_max_ms) = (300, 300)).await;
    let mut body = app.get("/", "").await.into_body();
    let first = body.frame().await.expect("a frame").expect("no error").into_data().expect("data");
    let first = String::from_utf8_lossy(&first).into_owned();
    assert!(first.contains("Somebody clicked.") && first.contains("skeleton"), "{first}");
    assert!(!first.contains(env!("CARGO_PKG_VERSION")), "{first}");
    let rest = body.collect().await.expect("a body").to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains(env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn pages_have_a_policy_with_a_nonce_and_everything_has_the_rest() {
    let app = App::start().await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let answer = app.get("/", "").await;
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("connect-src 'self';"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        let page = text(answer).await;
        assert!(page.contains(&format!("nonce=\"{nonce}\"")), "the scripts carry it");
        assert_eq!(page.matches("<script").count(), page.matches(&format!("nonce=\"{nonce}\"")).count(), "all of them");
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
    for path in ["/", "/health", "/nowhere"] {
        let answer = app.get(path, "").await;
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers()["referrer-policy"], "same-origin", "{path}");
        assert!(answer.headers().contains_key(CONTENT_SECURITY_POLICY), "{path}");
    }
}

#[tokio::test]
async fn a_form_signs_up_and_out_and_in_again() {
    let app = App::start().await;
    let cookie = app.sign_up("Some.Body@Example.org").await;
    let page = text(app.get("/account", &cookie).await).await;
    assert!(page.contains("some.body@example.org"), "{page}");
    let answer = app.post_form("/account", "/api/log_out", "", &cookie).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "/"));
    assert!(set_cookies(&answer).iter().any(|cookie| cookie.starts_with("session=;") && cookie.contains("Max-Age=0")));
    let answer = app.get("/account", &cookie).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "/sign-in?next=/account"), "the old cookie is dead");
    let answer = app.post_form("/sign-in", "/api/sign_in", &form("some.body@example.org", GOOD), "").await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "/account"));
}

#[tokio::test]
async fn signing_in_changes_the_token_and_ends_the_old_session() {
    let app = App::start().await;
    let first = app.sign_up("a@example.org").await;
    let answer = app.post_form("/sign-in", "/api/sign_in", &form("a@example.org", GOOD), &first).await;
    let second = session(&answer);
    assert_ne!(first, second);
    assert_eq!(app.get("/account", &first).await.status(), StatusCode::FOUND);
    assert_eq!(app.get("/account", &second).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach() {
    let app = App::start().await;
    let answer = app.call("/api/sign_up", &form("a@example.org", GOOD)).await;
    let cookie = set_cookies(&answer).into_iter().find(|cookie| cookie.starts_with("session=")).expect("a cookie");
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "on loopback");
    drop(app);
    let app = App::start_with(|config| {
        config.server.address = "192.0.2.1:80".parse().expect("an address");
    })
    .await;
    let answer = app.call("/api/sign_up", &form("a@example.org", GOOD)).await;
    let cookie = set_cookies(&answer).into_iter().find(|cookie| cookie.contains("session=")).expect("a cookie");
    assert!(cookie.starts_with("__Host-session=") && cookie.contains("; Secure"), "{cookie}");
    assert!(answer.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer() {
    let app = App::start().await;
    app.sign_up("a@example.org").await;
    let mut answers = Vec::new();
    for email in ["a@example.org", "nobody@example.org"] {
        let answer = app.call("/api/sign_in", &form(email, "not the password")).await;
        assert!(set_cookies(&answer).is_empty());
        answers.push((answer.status(), text(answer).await));
    }
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_refused_form_comes_back_with_its_email_and_says_why() {
    let app = App::start().await;
    app.sign_up("a@example.org").await;
    let answer = app.post_form("/sign-in?next=/buttons", "/api/sign_in", &form("a@example.org", "not the password"), "").await;
    let back = location(&answer).to_owned();
    let page = page_after(&app, answer).await;
    assert!(page.contains("role=\"alert\"") && page.contains("match an account"), "{page}");
    assert!(page.contains("value=\"a@example.org\""), "{page}");
    assert!(page.contains("value=\"/buttons\""), "where to go is not forgotten: {page}");
    // Sent again from the page with the error in its address, the error does not come along.
    let answer = app.post_form(back.strip_prefix("http://localhost").expect("ours"), "/api/sign_in", &form("", "x"), "").await;
    assert_eq!(location(&answer).matches("__err=").count(), 1);
    assert!(page_after(&app, answer).await.contains("Enter your email address."));
}

#[tokio::test]
async fn a_sign_up_is_refused_field_by_field() {
    let app = App::start().await;
    app.sign_up("taken@example.org").await;
    for (email, password, status, says) in [
        ("taken@example.org", GOOD, 409, "There is an account with this email already"),
        ("Taken@Example.Org ", GOOD, 409, "There is an account with this email already"),
        ("nonsense", GOOD, 422, "Enter an email address"),
        ("b@example.org", "short", 422, "at least 10"),
        ("b@example.org", &"x1".repeat(100), 422, "at most 128"),
        ("bbbbbbbbbb@example.org", "bbbbbbbbbb@example.org", 422, "your email address"),
        ("b@example.org", STOLEN, 422, "list of stolen ones"),
    ] {
        let answer = app.call("/api/sign_up", &form(email, password)).await;
        assert_eq!(answer.status().as_u16(), status, "{email} {password}");
        assert!(set_cookies(&answer).is_empty());
        let body = text(answer).await;
        assert!(body.contains(says), "{body}");
    }
    let both = AppError::de(text(app.call("/api/sign_up", &form("nonsense", "short")).await).await.into());
    assert!(both.for_field("email").is_some() && both.for_field("password").is_some(), "{both:?}");
    let answer = app.post_form("/sign-up", "/api/sign_up", &form("b@example.org", "short"), "").await;
    let page = page_after(&app, answer).await;
    assert!(page.contains("aria-invalid=\"true\"") && page.contains("at least 10"), "{page}");
}

#[tokio::test]
async fn a_breach_list_that_is_down_keeps_nobody_out() {
    let app = App::start_with(|config| config.auth.breach_list_url = "http://127.0.0.1:9/range/".into()).await;
    assert_eq!(app.call("/api/sign_up", &form("a@example.org", STOLEN)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn failures_are_limited_per_account_and_success_is_not() {
    let app = App::start_with(|config| config.auth.sign_in_per_account = 2).await;
    app.sign_up("a@example.org").await;
    for _ in 0..3 {
        assert_eq!(app.call("/api/sign_in", &form("a@example.org", GOOD)).await.status(), StatusCode::OK);
    }
    for _ in 0..2 {
        assert_eq!(app.call("/api/sign_in", &form("a@example.org", "not the password")).await.status(), 401);
    }
    let answer = app.call("/api/sign_in", &form("a@example.org", GOOD)).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn signing_in_leads_only_to_our_own_pages() {
    let app = App::start().await;
    app.sign_up("a@example.org").await;
    for (next, goes) in
        [("%2Fdashboard", "/dashboard"), ("https%3A%2F%2Fevil.example", "/account"), ("%2F%2Fevil.example", "/account")]
    {
        let fields = format!("{}&next={next}", form("a@example.org", GOOD));
        let answer = app.post_form("/sign-in", "/api/sign_in", &fields, "").await;
        assert_eq!(location(&answer), goes);
    }
}

#[tokio::test]
async fn the_account_page_is_for_those_who_signed_in_and_the_forms_for_those_who_did_not() {
    let app = App::start().await;
    let answer = app.get("/account", "").await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "/sign-in?next=/account"));
    let page = text(app.get("/sign-in?next=/account", "").await).await;
    assert!(page.contains("Sign in to see your account."), "says why: {page}");
    let cookie = app.sign_up("a@example.org").await;
    let answer = app.get("/sign-in", &cookie).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "/account"));
}

#[tokio::test]
async fn what_is_counted_is_emitted() {
    let app = App::start().await;
    let events =
        tachymeter::testing::capture(&["auth.login", "auth.sign_up", "landing.load", "external.request.stop", "db.query"]);
    app.sign_up("a@example.org").await;
    app.call("/api/sign_in", &form("a@example.org", "not the password")).await;
    app.call("/api/sign_in", &form("a@example.org", GOOD)).await;
    app.call("/api/landing_facts", "").await;
    let seen: Vec<(String, String)> = events
        .take()
        .iter()
        .map(|event| {
            let word = ["label", "result", "outcome", "side"].into_iter().find_map(|key| event.get(key));
            (event.name.clone(), word.unwrap_or_default().to_owned())
        })
        .collect();
    let session = ["begin", "expire_sessions", "insert_session", "commit"].map(|label| ("db.query", label));
    let expected = [
        &[("external.request.stop", "ok"), ("db.query", "create_user")][..],
        &session,
        &[("auth.sign_up", "ok"), ("db.query", "find_user"), ("auth.login", "wrong_credentials"), ("db.query", "find_user")],
        &session,
        &[("auth.login", "ok"), ("db.query", "count_users"), ("landing.load", "server")],
    ];
    assert_eq!(seen, expected.concat().iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect::<Vec<_>>());
}

#[tokio::test]
async fn other_sites_cannot_post() {
    let app = App::start().await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
        let request = Request::post("/api/sign_up")
            .header(HOST, "localhost")
            .header(name, value)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form("a@example.org", GOOD)))
            .expect("a request");
        assert_eq!(app.send(request).await.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(app.call("/api/sign_up", &form("a@example.org", GOOD)).await.status(), StatusCode::OK, "nothing was made");
}

#[tokio::test]
async fn malformed_and_oversized_requests_are_refused() {
    let app = App::start().await;
    assert_eq!(app.call("/api/sign_in", "nonsense").await.status(), StatusCode::BAD_REQUEST);
    let long = form("a@example.org", &"x".repeat(100_000));
    let declared = Request::post("/api/sign_in").header("content-length", long.len()).body(Body::from(long.clone()));
    assert_eq!(app.send(declared.expect("a request")).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let answer = app.call("/api/sign_in", &long).await;
    assert!(answer.status().is_client_error() || answer.status().is_server_error(), "{}", answer.status());
    assert_eq!(app.get("/api/nothing", "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.get("/health", "").await.status(), StatusCode::OK, "the server goes on");
}

#[tokio::test]
async fn the_theme_is_in_the_page_from_the_start() {
    let app = App::start().await;
    let answer = app.post_form("/buttons", "/api/set_theme", "theme=dark", "").await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::FOUND, "http://localhost/buttons"));
    assert!(set_cookies(&answer)[0].starts_with("theme=dark; Path=/"));
    assert!(text(app.get("/", "theme=dark").await).await.contains("data-theme=\"dark\""));
    assert!(text(app.get("/", "theme=<script>").await).await.contains("data-theme=\"system\""));
}
