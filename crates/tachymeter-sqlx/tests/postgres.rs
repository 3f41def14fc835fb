//! The executor against a real PostgreSQL, a server of this test's own. `scripts/setup --tests` installs one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tachymeter::testing::{Capture, Captured, capture};
use tachymeter_sqlx::{Label, note_idle, tell_statements};
use tempfile::TempDir;

/// A server in a folder of its own that listens on a socket there and nowhere else; stopped when it is dropped.
struct Server {
    folder: TempDir,
    programs: PathBuf,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let server = Self { folder, programs: programs() };
        let data = server.data();
        run(server.command("initdb").args(["--auth=trust", "--no-sync", "--username=postgres", "-D"]).arg(&data));
        let options = format!("-k {} -c listen_addresses= -c fsync=off", server.folder.path().display());
        run(server
            .command("pg_ctl")
            .args(["start", "--wait", "-l"])
            .arg(data.with_extension("log"))
            .arg("-D")
            .arg(&data)
            .args(["-o", &options]));
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// PostgreSQL refuses to be run by root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.current_dir(self.folder.path());
        command
    }

    fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new().socket(self.folder.path()).username("postgres").database("postgres")
    }

    async fn pool(&self) -> PgPool {
        let pool = note_idle(PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(20)));
        pool.connect_with(self.options()).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.command("pg_ctl").args(["stop", "-m", "immediate", "-D"]).arg(self.data()).output();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// On the path, or where Debian puts them.
fn programs() -> PathBuf {
    let here = |folder: &Path| folder.join("initdb").exists();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let found = std::env::split_paths(&path).chain(debian).find(|folder| here(folder));
    found.expect("PostgreSQL's server programs are missing: scripts/setup --tests installs them")
}

fn run(command: &mut Command) {
    // No pipes: the server that pg_ctl starts would keep them open.
    let status = command.stdout(std::process::Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

fn seconds(event: &Captured, key: &str) -> f64 {
    event.measurement(key).unwrap_or_else(|| panic!("{key} in {event:?}")).as_f64().unwrap()
}

#[tokio::test]
async fn queries_and_transactions_are_measured_as_on_sqlite() {
    let server = Server::start();
    let pool = server.pool().await;
    let events = capture(&["db.query", "db.transaction.stop", "db.transaction.aborted"]);
    sqlx::query("create table users (id int primary key, name text)").execute(pool.label("create")).await.unwrap();
    let mut insert = pool.label("insert").begin().await.unwrap();
    for id in 1..=3 {
        sqlx::query("insert into users values ($1, 'somebody')").bind(id).execute(insert.label("insert_user")).await.unwrap();
    }
    insert.commit().await.unwrap();
    let labels: Vec<_> = events.take().iter().map(|it| it.get("label").unwrap().to_owned()).collect();
    assert_eq!(labels, ["create", "begin", "insert_user", "insert_user", "insert_user", "commit", "insert"]);

    let mut rows = sqlx::query("select id from users, pg_sleep(0.05)").fetch(pool.label("all"));
    while rows.try_next().await.unwrap().is_some() {}
    drop(rows);
    let all = events.take().remove(0);
    assert_eq!((all.get("outcome"), seconds(&all, "rows")), (Some("ok"), 3.0));
    assert!(seconds(&all, "query") >= 0.05, "{all:?}");
    assert!(seconds(&all, "queue") + seconds(&all, "query") + seconds(&all, "decode") <= seconds(&all, "total"));
    assert!(all.measurement("idle").is_some());

    let twice = sqlx::query("insert into users values (1, 'another')").execute(pool.label("twice")).await;
    assert!(twice.is_err());
    assert_eq!(events.take()[0].get("error"), Some("unique_violation"));

    every_way_to_end(&pool, &events).await;
    statements(&pool, &events).await;
    // The only connection is taken, and nobody gives it back.
    let impatient = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(50));
    let impatient = impatient.connect_with(server.options()).await.unwrap();
    let _taken = impatient.acquire().await.unwrap();
    assert!(sqlx::query("select 1").execute(impatient.label("waits")).await.is_err());
    let waits = events.take().remove(0);
    assert_eq!((waits.get("outcome"), waits.get("error")), (Some("error"), Some("pool_timed_out")));
    assert!(seconds(&waits, "queue") >= 0.05 && waits.measurement("query").is_none());
}

/// Rolled back, dropped, failed; and a query that is given up.
async fn every_way_to_end(pool: &PgPool, events: &Capture) {
    let count = || async { sqlx::query_scalar::<_, i64>("select count(*) from users").fetch_one(pool).await.unwrap() };
    for how in ["rollback", "drop", "error"] {
        let mut delete = pool.label(how).begin().await.unwrap();
        sqlx::query("delete from users").execute(delete.label("delete")).await.unwrap();
        match how {
            "rollback" => delete.rollback().await.unwrap(),
            "drop" => drop(delete),
            _ => {
                // PostgreSQL refuses everything after a failure; `commit` is then a rollback.
                assert!(sqlx::query("select * from nowhere").fetch_optional(delete.label("fails")).await.is_err());
                assert!(sqlx::query("select 1").fetch_optional(delete.label("refused")).await.is_err());
                delete.commit().await.unwrap();
            }
        }
        assert_eq!(count().await, 3, "{how}");
    }
    let seen = events.take();
    let ends: Vec<_> = seen.iter().filter(|it| it.name.starts_with("db.transaction")).collect();
    let ends: Vec<_> = ends.iter().map(|it| (it.name.as_str(), it.get("label").unwrap(), it.get("outcome"))).collect();
    let stop = "db.transaction.stop";
    assert_eq!(
        ends,
        [(stop, "rollback", Some("rollback")), ("db.transaction.aborted", "drop", None), (stop, "error", Some("commit"))]
    );
    for label in ["fails", "refused"] {
        let query = seen.iter().find(|it| it.get("label") == Some(label)).unwrap();
        assert_eq!((query.get("outcome"), query.get("error")), (Some("error"), Some("database")), "{label}");
    }

    let mut rows = sqlx::query("select id from users").fetch(pool.label("given up"));
    rows.try_next().await.unwrap();
    drop(rows);
    let given_up = events.take().remove(0);
    assert_eq!((given_up.get("outcome"), seconds(&given_up, "rows")), (Some("aborted"), 1.0));
}

/// The text, if it is asked for, and never a value.
async fn statements(pool: &PgPool, events: &Capture) {
    for (told, text) in [(false, None), (true, Some("select $1::text")), (false, None)] {
        tell_statements(told);
        sqlx::query("select $1::text").bind("secret").fetch_one(pool.label("text")).await.unwrap();
        assert_eq!(events.take()[0].get("statement"), text);
    }
}
