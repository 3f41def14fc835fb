//! The executor against a real PostgreSQL, a server of this test's own. `scripts/setup --tests` installs one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tachymeter::testing::{Captured, capture};
use tachymeter_sqlx::{Label, note_idle};
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

    async fn pool(&self) -> PgPool {
        let options = PgConnectOptions::new().socket(self.folder.path()).username("postgres").database("postgres");
        let pool = note_idle(PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(20)));
        pool.connect_with(options).await.unwrap()
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
    let events = capture(&["db.query", "db.transaction.stop"]);
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
}
