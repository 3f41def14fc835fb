//! The dashboard's numbers beyond memory: minutes go into the database, and come back after a restart.
//!
//! These queries are not measured: what telemetry does must not look like the application.

use super::db::Db;
use super::{AppState, access};
use crate::features::auth::session;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::Deserialize;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;
use tachymeter_metrics::reporter::Health;
use tachymeter_metrics::{Live, Metric, Minute, Series, Sketch, Snapshot};
use tokio::sync::watch;

const HEALTH: Health = Health::of("history");
/// How often finished minutes are looked for; several times per minute, for the store holds only one of each series.
const EVERY: Duration = Duration::from_secs(15);
/// How far the store looks back.
const RESTORED_SECONDS: u64 = 3_600;
/// Steps of a chart at most.
const STEPS: u64 = 360;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select metric, tags, other, time, count, sum, min, max, last, sketch ",
            "from minutes join series on series.id = series_id ",
            $rest
        )
    };
}

/// Keeps a live store's minutes in a database for some time.
#[derive(Clone, Debug)]
pub struct History {
    db: Db,
    live: Arc<Live>,
    retention: Duration,
}

impl History {
    /// For this store.
    pub fn new(db: Db, live: Arc<Live>, retention: Duration) -> Self {
        Self { db, live, retention }
    }

    /// Gives the store what was kept of its last hour.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn restore(&self) -> sqlx::Result<()> {
        let now = now();
        let from = (now / 1_000).saturating_sub(RESTORED_SECONDS);
        let minutes = self.between(from, u64::MAX >> 1).await?;
        self.live.restore(now, &minutes);
        Ok(())
    }

    /// Saves minutes as they end, until shutdown; then [`finish`](Self::finish) what is left, when the last request has ended.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut round = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                _ = round.tick() => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
            self.report(self.live.finished_minutes(now())).await;
        }
    }

    /// Saves what there is of the minute that isn't over.
    pub async fn finish(&self) {
        self.report(self.live.all_minutes(now())).await;
    }

    async fn report(&self, minutes: Vec<Minute>) {
        if let Err(error) = self.save(&minutes, now()).await {
            tracing::warn!("{} series of the dashboard's history could not be saved: {error}", minutes.len());
            HEALTH.failed("database");
            HEALTH.dropped(minutes.len() as u64, "database");
        }
    }

    /// Saves minutes, and forgets those that are older than the retention. What is there of the same minute is added to.
    ///
    /// # Errors
    /// If the database can't be written; then nothing of it was.
    pub async fn save(&self, minutes: &[Minute], now: u64) -> sqlx::Result<()> {
        if minutes.is_empty() {
            return Ok(());
        }
        let mut transaction = self.db.write.begin().await?;
        for minute in minutes {
            save_one(&mut transaction, minute).await?;
        }
        let oldest = (now / 1_000).saturating_sub(self.retention.as_secs());
        sqlx::query("delete from minutes where time < ?").bind(oldest as i64).execute(&mut *transaction).await?;
        let unused = "delete from series where not exists (select 1 from minutes where series_id = series.id)";
        sqlx::query(unused).execute(&mut *transaction).await?;
        transaction.commit().await?;
        HEALTH.sent(minutes.len() as u64, 0);
        Ok(())
    }

    /// The minutes that began from one second on and before another, oldest first.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn between(&self, from: u64, to: u64) -> sqlx::Result<Vec<Minute>> {
        let rows = sqlx::query_as::<_, Row>(select!("where time >= ? and time < ? order by time, series_id"));
        let rows = rows.bind(from as i64).bind(to as i64).fetch_all(&self.db.read).await?;
        rows.into_iter().map(Minute::try_from).collect()
    }

    /// What was kept of the last `span`, in as many steps of whole minutes as a chart can show.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn snapshot(&self, now: u64, span: Duration) -> sqlx::Result<Snapshot> {
        let step = (span.as_secs() / Minute::SECONDS).div_ceil(STEPS).max(1) * Minute::SECONDS;
        let end = now / 1_000;
        let begin = end.saturating_sub(span.as_secs()).next_multiple_of(step);
        let mut steps = BTreeMap::<Key, BTreeMap<u64, Minute>>::new();
        // An hour at a time: the rows of a week are not in memory at once, and others get their turn.
        for from in (begin..end).step_by(RESTORED_SECONDS as usize) {
            for minute in self.between(from, end.min(from + RESTORED_SECONDS)).await? {
                let time = minute.time - minute.time % step;
                let key = (minute.metric.clone(), minute.tags.clone(), minute.other);
                match steps.entry(key).or_default().entry(time) {
                    Entry::Occupied(mut step) => step.get_mut().merge(&minute),
                    Entry::Vacant(step) => _ = step.insert(Minute { time, ..minute }),
                }
            }
        }
        let metric = |name: &str| self.live.metrics().iter().position(|metric| metric.name() == name);
        let known =
            steps.into_iter().filter_map(|((name, tags, other), steps)| Some((metric(&name)? as u32, tags, other, steps)));
        let (series, points) = (0..)
            .zip(known)
            .map(|(id, (metric, tags, other, steps))| {
                (Series { id, metric, tags, other }, (id, steps.values().map(Minute::point).collect()))
            })
            .unzip();
        let definitions = self.live.metrics().iter().map(Metric::definition).collect();
        Ok(Snapshot {
            seq: 0,
            now,
            bucket_seconds: step as u32,
            definitions,
            series,
            points,
            dropped: self.live.dropped(),
            skipped: self.live.skipped(),
        })
    }
}

/// A series: its metric's name, its tags, and whether it is the metric's `other` one.
type Key = (String, Vec<(String, String)>, bool);

/// A minute as it stands in the database.
#[derive(sqlx::FromRow)]
struct Row {
    metric: String,
    tags: String,
    other: bool,
    time: i64,
    count: i64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
    sketch: Vec<u8>,
}

impl TryFrom<Row> for Minute {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let tags = serde_json::from_str(&row.tags).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self {
            metric: row.metric,
            tags,
            other: row.other,
            time: row.time as u64,
            count: row.count as u64,
            sum: row.sum,
            min: row.min,
            max: row.max,
            last: row.last,
            // One in another format, of another version, has no percentiles any more; the rest is good.
            sketch: Sketch::from_bytes(&row.sketch).unwrap_or_default(),
        })
    }
}

async fn save_one(connection: &mut SqliteConnection, minute: &Minute) -> sqlx::Result<()> {
    let tags = serde_json::to_string(&minute.tags).expect("pairs of text are JSON");
    let series = "insert into series (metric, tags, other) values (?, ?, ?) \
                  on conflict (metric, tags, other) do update set other = excluded.other returning id";
    let series = sqlx::query_scalar::<_, i64>(series).bind(&minute.metric).bind(&tags).bind(minute.other);
    let series = series.fetch_one(&mut *connection).await?;
    // After a restart within a minute its first part is there already.
    let first = sqlx::query_as::<_, Row>(select!("where time = ? and series_id = ?"));
    let first = first.bind(minute.time as i64).bind(series).fetch_optional(&mut *connection).await?;
    let whole = match first.map(Minute::try_from).transpose()? {
        Some(mut whole) => {
            whole.merge(minute);
            whole
        }
        None => minute.clone(),
    };
    let save =
        "insert or replace into minutes (time, series_id, count, sum, min, max, last, sketch) values (?, ?, ?, ?, ?, ?, ?, ?)";
    let save = sqlx::query(save).bind(whole.time as i64).bind(series).bind(whole.count as i64);
    let save = save.bind(whole.sum).bind(whole.min).bind(whole.max).bind(whole.last).bind(whole.sketch.to_bytes());
    save.execute(&mut *connection).await?;
    Ok(())
}

/// `/telemetry/history?seconds=86400`, for whoever may see the dashboard: a snapshot as the stream sends it, by the minute or coarser.
pub fn routes(state: &AppState) -> Router<AppState> {
    let page = get(page).layer(middleware::from_fn_with_state(state.clone(), session::load));
    Router::new().route("/telemetry/history", page)
}

#[derive(Deserialize)]
struct Span {
    seconds: u64,
}

async fn page(State(state): State<AppState>, Query(span): Query<Span>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(error) = access::dashboard(&state, &parts) {
        return (StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN), error.to_string()).into_response();
    }
    let retention = state.config.dashboard.retention().as_secs();
    if !(Minute::SECONDS..=retention).contains(&span.seconds) {
        let text = format!("seconds must be from {} to {retention} (dashboard.retention_hours)", Minute::SECONDS);
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    match state.telemetry.history.snapshot(now(), Duration::from_secs(span.seconds)).await {
        Ok(snapshot) => Json(snapshot).into_response(),
        Err(error) => {
            tracing::error!("the dashboard's history can't be read: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn now() -> u64 {
    tachymeter::clock::system_time().as_millis() as u64
}
