//! The application's numbers as Prometheus sees them: its page over HTTP, and Prometheus itself, which scrapes and is asked.

mod app;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::{Router, middleware};
use http_body_util::BodyExt;
use serde_json::Value;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tachymeter_app::server::config::{Access, Config};
use tachymeter_app::server::router;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{MutexGuard, watch};
use tower::ServiceExt;

/// What Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// How long Prometheus may take to start, to scrape and to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// A tag value with everything that has to be escaped, and more.
const AWKWARD: &str = "a\\b \"c\"\nd,e=\"f\"} 1 Ä {g}";

struct App {
    router: Router,
    folder: TempDir,
    _stop: watch::Sender<bool>,
    _alone: MutexGuard<'static, ()>,
}

impl App {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let alone = app::alone().await;
        let folder = tempfile::tempdir().expect("a folder");
        let (state, stop) = app::state(&folder, change).await;
        Self { router: router(state), folder, _stop: stop, _alone: alone }
    }

    async fn get(&self, path: &str, accept: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::get(path).header(HOST, "localhost").header(ACCEPT, accept).body(Body::empty()).expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    /// Something of every kind of metric.
    async fn use_it(&self) {
        for _ in 0..7 {
            assert_eq!(self.get("/health", "*/*").await.0, StatusCode::OK);
        }
        for result in ["ok", "ok", AWKWARD] {
            tachymeter::execute("auth.login", &[("count", 1u64.into())], &[("result", result.into())]);
        }
        for ms in [100, 200, 1_000] {
            tachymeter::execute("landing.load", &[("duration", Duration::from_millis(ms).into())], &[]);
        }
    }

    /// On a port of its own, until the test ends. Who asks for `/text` gets `/metrics` as it is for those who know no OpenMetrics.
    async fn serve(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let as_text = |mut request: Request<Body>, next: middleware::Next| async move {
            if request.uri().path() == "/text" {
                *request.uri_mut() = "/metrics".parse().expect("a path");
                request.headers_mut().remove(ACCEPT);
            }
            next.run(request).await
        };
        // Around the routes, for the path has to change before they look at it.
        let app = Router::new().fallback_service(self.router.clone()).layer(middleware::from_fn(as_text));
        tokio::spawn(async move { axum::serve(listener, app).await });
        port
    }
}

#[tokio::test]
async fn the_page_is_text_unless_open_metrics_is_asked_for() {
    let app = App::start(|_| ()).await;
    app.use_it().await;
    let (status, headers, text) = app.get("/metrics", "text/html,*/*;q=0.8").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("# TYPE http_request_stop_duration_seconds histogram\n"), "{text}");
    assert!(text.contains("http_request_count_total{route=\"/health\",status=\"200\"} 7\n"), "{text}");
    assert!(!text.contains("route=\"/metrics\""), "a scrape is no traffic: {text}");
    let (_, headers, open) = app.get("/metrics", OPEN_METRICS).await;
    assert_eq!(headers[CONTENT_TYPE], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.ends_with("# EOF\n") && open.contains("# UNIT landing_load_duration_seconds seconds\n"), "{open}");
}

#[tokio::test]
async fn who_may_not_see_the_dashboard_may_not_see_the_page() {
    for access in [Access::User, Access::Admin] {
        let app = App::start(|config| config.dashboard.access = access).await;
        assert_eq!(app.get("/metrics", "*/*").await.0, StatusCode::UNAUTHORIZED);
    }
    let app = App::start(|config| config.dashboard.access = Access::Public).await;
    assert_eq!(app.get("/metrics", "*/*").await.0, StatusCode::OK);
}

#[tokio::test]
async fn switched_off_there_is_no_page() {
    let app = App::start(|config| config.reporters.prometheus = false).await;
    let (status, _, text) = app.get("/metrics", "*/*").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("reporters.prometheus"), "{text}");
}

/// A program of Debian's package `prometheus`.
fn program(name: &str) -> Command {
    let found = Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found, "{name} is not installed: run `scripts/setup --tests`, or install the package prometheus");
    Command::new(name)
}

/// The text format, which is all that promtool reads; OpenMetrics is read by Prometheus itself, below.
#[tokio::test]
async fn promtool_finds_nothing_to_say_about_the_page() {
    let app = App::start(|_| ()).await;
    app.use_it().await;
    let (_, _, page) = app.get("/metrics", "").await;
    let mut promtool = program("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().expect("promtool runs");
    child.stdin.take().expect("a pipe").write_all(page.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}\n{page}", String::from_utf8_lossy(&said));
}

/// Prometheus, until the test ends, however it ends.
struct Prometheus {
    child: Child,
    address: String,
    http: reqwest::Client,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    async fn start(app: &App, port: u16) -> Self {
        let file = app.folder.path().join("prometheus.yml");
        let job = |name: &str, path: &str| {
            format!("  - job_name: {name}\n    metrics_path: {path}\n    static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n")
        };
        let jobs = job("open", "/metrics") + &job("text", "/text");
        std::fs::write(&file, format!("global: {{ scrape_interval: 1s }}\nscrape_configs:\n{jobs}")).expect("a file");
        // Free a moment ago; Prometheus doesn't say which port it got if it may choose.
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        let child = program("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", app.folder.path().join("tsdb").display()))
            .arg(format!("--web.listen-address={free}"))
            .args(["--enable-feature=exemplar-storage", "--log.level=error"])
            .spawn()
            .expect("prometheus starts");
        Self { child, address: format!("http://{free}/api/v1"), http: reqwest::Client::new() }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let url = reqwest::Url::parse_with_params(&format!("{}/{path}", self.address), query).expect("an address");
        let text = self.http.get(url).send().await.ok()?.text().await.ok()?;
        Some(serde_json::from_str::<Value>(&text).expect("JSON")["data"].take())
    }

    /// Asks until the answer is right.
    async fn until<T: PartialEq + std::fmt::Debug>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        read: impl Fn(&Value) -> T,
        right: T,
    ) {
        let begun = Instant::now();
        loop {
            let answer = self.get(path, query).await;
            if answer.as_ref().is_some_and(|answer| read(answer) == right) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{query:?}: {answer:?} and not {right:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The values of a PromQL query, ascending.
    async fn shows(&self, query: &str, values: &[f64]) {
        let read = |answer: &Value| {
            let series = answer["result"].as_array().into_iter().flatten();
            let mut values: Vec<f64> = series.filter_map(|one| one["value"][1].as_str()?.parse().ok()).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        self.until("query", &[("query", query)], read, values.to_vec()).await;
    }
}

#[tokio::test]
async fn prometheus_scrapes_the_running_application_and_answers_with_its_numbers() {
    let app = App::start(|_| ()).await;
    app.use_it().await;
    let port = app.serve().await;
    let prometheus = Prometheus::start(&app, port).await;
    // Both formats, one job each.
    prometheus.shows("up", &[1.0, 1.0]).await;
    prometheus.shows("http_request_count_total{route=\"/health\",status=\"200\"}", &[7.0, 7.0]).await;
    prometheus.shows("sum by (job) (auth_login_count_total)", &[3.0, 3.0]).await;
    prometheus.shows("landing_load_duration_seconds_count", &[3.0, 3.0]).await;
    prometheus.shows("landing_load_duration_seconds_sum", &[1.3, 1.3]).await;
    prometheus.shows("abs(landing_load_duration_seconds{quantile=\"0.5\"} / 0.2 - 1) < bool 0.01", &[1.0, 1.0]).await;
    prometheus.shows("http_request_stop_duration_seconds_bucket{route=\"/health\",le=\"+Inf\"}", &[7.0, 7.0]).await;
    // Formats may write a bound differently, as long as one always writes it the same way.
    prometheus.shows("count(http_request_stop_duration_seconds_bucket{route=\"/health\",job=\"open\"})", &[14.0]).await;
    // The tag that is hard to write came through both parsers as it was.
    let results = |answer: &Value| {
        let mut found: Vec<String> = serde_json::from_value(answer.clone()).expect("a list");
        found.sort();
        found
    };
    prometheus.until("label/result/values", &[], results, vec![AWKWARD.to_owned(), "ok".to_owned()]).await;
    // The exemplar of a request names its trace.
    let trace = |answer: &Value| answer[0]["exemplars"][0]["labels"]["trace_id"].as_str().map(str::len);
    let span = [("query", "http_request_count_total{route=\"/health\"}"), ("start", "0"), ("end", "9999999999")];
    prometheus.until("query_exemplars", &span, trace, Some(32)).await;
    // What happens later is seen later.
    app.use_it().await;
    prometheus.shows("http_request_count_total{route=\"/health\",status=\"200\"}", &[14.0, 14.0]).await;
    prometheus.shows("tachymeter_other_datapoints_total", &[0.0, 0.0]).await;
}

/// A breach list that answers, fails or is silent, by the first letter of what it is asked; with the password for each.
async fn breach_list() -> (String, [&'static str; 3]) {
    use axum::extract::Path;
    use axum::response::IntoResponse;
    // Their SHA-1 begin with C, F and 8.
    let passwords = ["a quiet morning 2", "a broken bridge 0", "a long silence 21"];
    let answer = async |Path(asked): Path<String>| match asked.chars().next() {
        Some('C') => format!("{}:0", "0".repeat(35)).into_response(),
        Some('F') => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => std::future::pending().await,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let list = Router::new().route("/range/{prefix}", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, list).await });
    (format!("http://{address}/range/"), passwords)
}

#[tokio::test]
async fn questions_to_somebody_elses_server_are_counted_by_how_they_ended() {
    let (url, passwords) = breach_list().await;
    let app = App::start(|config| {
        config.auth.breach_list_url = url;
        config.auth.breach_list_timeout_ms = 300;
    })
    .await;
    for (number, password) in passwords.into_iter().chain([passwords[0]]).enumerate() {
        let request = Request::post("/api/sign_up").header(HOST, "localhost").header("sec-fetch-site", "same-origin");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(ACCEPT, "application/json");
        let form = format!("email=somebody{number}%40example.org&password={}", password.replace(' ', "+"));
        let answer = app.router.clone().oneshot(request.body(Body::from(form)).expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "a list that is down keeps nobody out: {password}");
        answer.into_body().collect().await.expect("a body");
    }
    let (_, _, text) = app.get("/metrics", "*/*").await;
    for (outcome, count) in [("ok", 2), ("error", 1), ("timeout", 1)] {
        let line = text.lines().find(|line| {
            line.starts_with("external_request_") && line.contains("_count{") && line.contains(&format!("\"{outcome}\""))
        });
        assert!(
            line.is_some_and(|line| line.contains("host=\"127.0.0.1\"") && line.ends_with(&format!(" {count}"))),
            "{outcome}: {line:?}"
        );
    }
}
