//! The dashboard's numbers survive a restart: minutes go into the database and come back.

mod app;

use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tachymeter_app::server::{AppState, router};
use tachymeter_metrics::{Minute, Sketch, Snapshot};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

struct Server {
    state: AppState,
    folder: TempDir,
    _stop: watch::Sender<bool>,
}

impl Server {
    /// On a new database, or on that of a server that was stopped.
    async fn start(folder: TempDir) -> Self {
        let (state, stop) = app::state(&folder, |_| ()).await;
        state.telemetry.history.restore().await.expect("a history");
        Self { state, folder, _stop: stop }
    }

    async fn stop(self) -> TempDir {
        self.state.telemetry.history.finish().await;
        self.folder
    }

    async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let request = Request::get(path).header(HOST, "localhost").body(Body::empty()).expect("a request");
        let answer = router(self.state.clone()).oneshot(request).await.expect("an answer");
        (answer.status(), answer.into_body().collect().await.expect("a body").to_bytes().to_vec())
    }

    /// What a dashboard that opens now is shown first.
    async fn first_message(&self) -> Snapshot {
        let request = Request::get("/telemetry/stream").header(HOST, "localhost").body(Body::empty()).expect("a request");
        let mut body = router(self.state.clone()).oneshot(request).await.expect("an answer").into_body();
        let bytes = body.frame().await.expect("a message").expect("no error").into_data().expect("data");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        serde_json::from_str(text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data")).expect("a snapshot")
    }
}

/// Points of a series together: how many datapoints, their sum, the greatest median.
fn shown(snapshot: &Snapshot, metric: &str, tag: &str) -> Option<(u64, f64, f64)> {
    let series = snapshot.series.iter().find(|series| {
        snapshot.definitions[series.metric as usize].name == metric && series.tags.first().is_none_or(|(_, value)| value == tag)
    })?;
    let (_, points) = snapshot.points.iter().find(|(id, _)| *id == series.id)?;
    let median = points.iter().map(|point| point.p50).fold(f64::NAN, f64::max);
    Some((points.iter().map(|point| point.count).sum(), points.iter().map(|point| point.sum).sum(), median))
}

fn log_in(times: u64, result: &str) {
    (0..times).for_each(|_| tachymeter::execute("auth.login", &[("count", 1u64.into())], &[("result", result.into())]));
}

#[tokio::test]
async fn a_restart_loses_nothing_that_the_dashboard_shows() {
    let _alone = app::alone().await;
    let first = Server::start(tempfile::tempdir().expect("a folder")).await;
    log_in(5, "ok");
    let duration = Duration::from_millis(200);
    (0..3).for_each(|_| tachymeter::execute("landing.load", &[("duration", duration.into())], &[]));
    let second = Server::start(first.stop().await).await;
    let snapshot = second.first_message().await;
    assert_eq!(shown(&snapshot, "auth.login.count", "ok").map(|(count, _, _)| count), Some(5));
    let (count, sum, median) = shown(&snapshot, "landing.load.duration", "").expect("the landing page's series");
    assert!(count == 3 && (sum - 600.0).abs() < 1e-6 && (median / 200.0 - 1.0).abs() < 0.01, "{count} {sum} {median}");

    // What comes after joins what was before, also within one minute, and also after one more restart.
    log_in(2, "ok");
    log_in(1, "failed");
    let third = Server::start(second.stop().await).await;
    let (status, body) = third.get("/telemetry/history?seconds=3600").await;
    assert_eq!(status, StatusCode::OK);
    let history: Snapshot = serde_json::from_slice(&body).expect("a snapshot");
    assert_eq!(history.bucket_seconds, 60);
    for snapshot in [history, third.first_message().await] {
        assert_eq!(shown(&snapshot, "auth.login.count", "ok").map(|(count, _, _)| count), Some(7));
        assert_eq!(shown(&snapshot, "auth.login.count", "failed").map(|(count, _, _)| count), Some(1));
    }
}

/// `minutes_ago` minutes before `now`, in milliseconds.
fn minute(now: u64, minutes_ago: u64, count: u64) -> Minute {
    let mut sketch = Sketch::new();
    (0..count).for_each(|_| sketch.add(10.0));
    let (metric, tags) = ("landing.load.duration".to_owned(), vec![]);
    let time = (now / 60_000 - minutes_ago) * 60;
    Minute { metric, tags, other: false, time, count, sum: 10.0 * count as f64, min: 10.0, max: 10.0, last: 10.0, sketch }
}

#[tokio::test]
async fn what_is_older_than_the_retention_is_forgotten() {
    let _alone = app::alone().await;
    let server = Server::start(tempfile::tempdir().expect("a folder")).await;
    let history = &server.state.telemetry.history;
    let now = tachymeter::clock::system_time().as_millis() as u64;
    let week = 7 * 24 * 60;
    let minutes = [minute(now, week + 5, 1), minute(now, week - 60, 2), minute(now, 100, 4), minute(now, 99, 8)];
    history.save(&minutes, now - (week + 5) * 60_000).await.expect("saved");
    let counts = async || {
        let all = history.between(0, u64::MAX >> 1).await.expect("minutes");
        all.iter().map(|minute| minute.count).collect::<Vec<_>>()
    };
    assert_eq!(counts().await, [1, 2, 4, 8]);
    history.save(&[minute(now, 1, 16)], now).await.expect("saved");
    assert_eq!(counts().await, [2, 4, 8, 16]);
    // A week is shown in steps that a chart can draw.
    let snapshot = history.snapshot(now, Duration::from_secs(week * 60)).await.expect("a snapshot");
    assert_eq!((snapshot.bucket_seconds, snapshot.series.len()), (1_680, 1));
    let points = &snapshot.points[0].1;
    assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), 30);
    assert!(points.iter().all(|point| point.time % 1_680 == 0 && (point.p99 / 10.0 - 1.0).abs() < 0.01));
}

#[tokio::test]
async fn a_span_that_is_not_kept_is_refused() {
    let _alone = app::alone().await;
    let server = Server::start(tempfile::tempdir().expect("a folder")).await;
    for seconds in ["0", "59", "604801"] {
        let (status, text) = server.get(&format!("/telemetry/history?seconds={seconds}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(String::from_utf8_lossy(&text).contains("from 60 to 604800"));
    }
}

/// The server as a process of its own, until it is told to stop.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    async fn start(folder: &TempDir) -> Self {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        let child = Command::new(env!("CARGO_BIN_EXE_tachymeter-app"))
            .env("APP_CONFIG", concat!(env!("CARGO_MANIFEST_DIR"), "/Leptos.toml"))
            .env("APP__SERVER__ADDRESS", free.to_string())
            .env("APP__SERVER__LOG", "warn")
            .env("APP__DATABASE__URL", format!("sqlite://{}/test.db", folder.path().display()))
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let process = Self { child, address: format!("http://{free}") };
        process.until("/health", |_| true).await;
        process
    }

    /// Asks until the answer is right.
    async fn until(&self, path: &str, right: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let answer = reqwest::get(format!("{}{path}", self.address)).await;
            let text = match answer {
                Ok(answer) if answer.status() == 200 => answer.text().await.unwrap_or_default(),
                _ => String::new(),
            };
            if !text.is_empty() && right(&text) {
                return text;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{path}: {text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As a service manager stops it.
    fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()));
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_process_that_is_stopped_has_its_history_when_it_starts_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(&folder).await;
    for _ in 0..4 {
        process.until("/buttons", |page| page.contains("</html>")).await;
    }
    process.stop();
    let process = Process::start(&folder).await;
    let text = process.until("/telemetry/history?seconds=600", |text| text.contains("\"/buttons\"")).await;
    let snapshot: Snapshot = serde_json::from_str(&text).expect("a snapshot");
    assert_eq!(shown(&snapshot, "http.request.stop.duration", "/buttons").map(|(count, _, _)| count), Some(4));
    process.stop();
}
