//! The executor against a real SQLite.

use std::time::Duration;

use futures::TryStreamExt;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use tachymeter::testing::{Capture, Captured, capture};
use tachymeter_sqlx::{Label, note_idle};

async fn pool() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(50));
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    sqlx::query("create table users (id integer primary key, name text unique)").execute(&pool).await.unwrap();
    sqlx::query("insert into users (name) values ('a'), ('b'), ('c')").execute(&pool).await.unwrap();
    pool
}

fn only(events: &Capture) -> Captured {
    let mut events = events.take();
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

fn rows(event: &Captured) -> f64 {
    event.measurement("rows").unwrap().as_f64().unwrap()
}

#[tokio::test]
async fn each_way_to_fetch_is_one_event_with_its_rows() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let all: Vec<(i64, String)> = sqlx::query_as("select id, name from users").fetch_all(pool.label("all")).await.unwrap();
    assert_eq!(all.len(), 3);
    let event = only(&events);
    assert_eq!((event.get("label"), event.get("outcome"), rows(&event)), (Some("all"), Some("ok"), 3.0));
    for key in ["total", "queue", "query", "decode"] {
        assert!(event.measurement(key).is_some(), "{key}");
    }

    let one: (String,) =
        sqlx::query_as("select name from users where id = $1").bind(2).fetch_one(pool.label("one")).await.unwrap();
    assert_eq!(one.0, "b");
    let event = only(&events);
    assert_eq!((event.get("outcome"), rows(&event)), (Some("ok"), 1.0));
    assert_eq!(event.measurement("decode"), None, "unknown, so absent");

    let none: Option<(String,)> =
        sqlx::query_as("select name from users where id = 9").fetch_optional(pool.label("none")).await.unwrap();
    assert!(none.is_none());
    assert_eq!(rows(&only(&events)), 0.0);

    let done = sqlx::query("insert into users (name) values ($1)").bind("d").execute(pool.label("insert")).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    assert_eq!(only(&events).get("outcome"), Some("ok"));
}

#[tokio::test]
async fn parts_are_no_longer_than_the_whole() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let mut rows = sqlx::query("select id from users").fetch(pool.label("slow reader"));
    while rows.try_next().await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(rows);
    let event = only(&events);
    let seconds = |key: &str| event.measurement(key).unwrap().as_f64().unwrap();
    assert!(seconds("queue") + seconds("query") + seconds("decode") <= seconds("total"));
    assert!(seconds("decode") >= 0.006, "the reader's own time is not the database's");
}

#[tokio::test]
async fn errors_of_the_database_and_of_the_pool_are_errors() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let taken = sqlx::query("insert into users (name) values ('a')").execute(pool.label("taken")).await.unwrap_err();
    assert!(taken.as_database_error().unwrap().is_unique_violation());
    assert_eq!(only(&events).get("outcome"), Some("error"));

    let _only_connection = pool.acquire().await.unwrap();
    assert!(sqlx::query("select 1").fetch_optional(pool.label("no connection")).await.is_err());
    let event = only(&events);
    assert_eq!((event.get("outcome"), event.measurement("query")), (Some("error"), None));
    assert!(event.measurement("queue").unwrap().as_f64().unwrap() >= 0.05);
}

#[tokio::test]
async fn a_query_that_is_dropped_before_its_end_is_aborted() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let mut stream = sqlx::query("select id from users").fetch(pool.label("given up"));
    stream.try_next().await.unwrap();
    drop(stream);
    let event = only(&events);
    assert_eq!((event.get("outcome"), rows(&event)), (Some("aborted"), 1.0));
}

#[tokio::test]
async fn the_error_is_told_in_a_word() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let word = |events: &Capture| only(events).get("error").map(str::to_owned);
    let insert = sqlx::query("insert into users (name) values ('a')");
    assert!(insert.execute(pool.label("taken")).await.is_err());
    assert_eq!(word(&events).as_deref(), Some("unique_violation"));
    assert!(sqlx::query("select * from nowhere").execute(pool.label("no table")).await.is_err());
    assert_eq!(word(&events).as_deref(), Some("database"));
    let _only_connection = pool.acquire().await.unwrap();
    assert!(sqlx::query("select 1").execute(pool.label("full")).await.is_err());
    assert_eq!(word(&events).as_deref(), Some("pool_timed_out"));
}

#[tokio::test]
async fn a_transaction_is_a_span_and_its_queries_are_in_it() {
    let pool = pool().await;
    let events = capture(&["db.query", "db.transaction.start", "db.transaction.stop"]);
    let mut transfer = pool.label("transfer").begin().await.unwrap();
    let all: Vec<(i64,)> = sqlx::query_as("select id from users").fetch_all(transfer.label("all")).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(sqlx::query("select 1").fetch_optional(transfer.label("one")).await.unwrap().is_some());
    transfer.commit().await.unwrap();
    let seen = events.take();
    let span = seen[0].context.expect("a span");
    let told: Vec<_> = seen.iter().map(|it| (it.name.as_str(), it.get("label").unwrap(), it.get("outcome"))).collect();
    assert_eq!(
        told,
        [
            ("db.transaction.start", "transfer", None),
            ("db.query", "begin", Some("ok")),
            ("db.query", "all", Some("ok")),
            ("db.query", "one", Some("ok")),
            ("db.query", "commit", Some("ok")),
            ("db.transaction.stop", "transfer", Some("commit")),
        ]
    );
    assert!(seen.iter().all(|it| it.context == Some(span)));
    assert!(seen[1].measurement("queue").is_some() && seen[2].measurement("queue").is_none());
    assert_eq!(rows(&seen[2]), 3.0);
}

#[tokio::test]
async fn a_transaction_ends_once_however_it_ends() {
    let pool = pool().await;
    let count = || async { sqlx::query_scalar::<_, i64>("select count(*) from users").fetch_one(&pool).await.unwrap() };
    let events = capture(&["db.transaction.stop", "db.transaction.aborted"]);
    for (how, name, outcome) in [("rollback", "db.transaction.stop", Some("rollback")), ("drop", "db.transaction.aborted", None)]
    {
        let mut transaction = pool.label("given up").begin().await.unwrap();
        sqlx::query("delete from users").execute(transaction.label("delete")).await.unwrap();
        if how == "drop" {
            drop(transaction)
        } else {
            transaction.rollback().await.unwrap()
        }
        let end = only(&events);
        assert_eq!((end.name.as_str(), end.get("outcome")), (name, outcome));
        assert_eq!(count().await, 3);
    }
    let _only_connection = pool.acquire().await.unwrap();
    assert!(pool.label("no connection").begin().await.is_err());
    let end = only(&events);
    assert_eq!((end.get("outcome"), end.get("error")), (Some("error"), Some("pool_timed_out")));
}

#[tokio::test]
async fn the_pool_tells_how_long_a_connection_lay_idle() {
    let options = note_idle(SqlitePoolOptions::new().max_connections(1));
    let pool = options.connect_lazy("sqlite::memory:").unwrap();
    let events = capture(&["db.query"]);
    sqlx::query("select 1").execute(pool.label("new")).await.unwrap();
    assert_eq!(only(&events).measurement("idle"), None, "it didn't lie anywhere");
    tokio::time::sleep(Duration::from_millis(20)).await;
    sqlx::query("select 1").execute(pool.label("used")).await.unwrap();
    let idle = only(&events).measurement("idle").unwrap().as_f64().unwrap();
    assert!((0.01..1.0).contains(&idle), "{idle}");
}

#[tokio::test]
async fn the_event_belongs_to_the_span_of_the_call_wherever_it_ends() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let context: tachymeter::Context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let mut stream = context.in_scope(|| sqlx::query("select id from users").fetch(pool.label("given up")));
    stream.try_next().await.unwrap();
    drop(stream);
    assert_eq!(only(&events).context, Some(context));
}

#[tokio::test]
async fn a_query_that_is_given_up_in_the_queue_was_all_queue() {
    let pool = pool().await;
    let events = capture(&["db.query"]);
    let _only_connection = pool.acquire().await.unwrap();
    let query = sqlx::query("select 1").execute(pool.label("waits"));
    assert!(tokio::time::timeout(Duration::from_millis(10), query).await.is_err());
    let event = only(&events);
    assert_eq!((event.get("outcome"), event.measurement("query")), (Some("aborted"), None));
    assert_eq!(event.measurement("queue"), event.measurement("total"));
}
