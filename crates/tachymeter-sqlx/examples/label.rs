//! Two measured queries on a database in memory: `cargo run -p tachymeter-sqlx --example label`.

use sqlx::sqlite::SqlitePool;
use tachymeter_sqlx::Label;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _attached = tachymeter::attach("print", &["db.query"], |query| {
        eprintln!("{:?}: {:?}", query.get("label"), query.measurements());
    })?;
    let pool = SqlitePool::connect("sqlite::memory:").await?;
    let one: (i64,) = sqlx::query_as("select 1").fetch_one(pool.label("one")).await?;
    let many: Vec<(i64,)> = sqlx::query_as("select 1 union select 2").fetch_all(pool.label("many")).await?;
    eprintln!("{one:?} {many:?}");
    Ok(())
}
