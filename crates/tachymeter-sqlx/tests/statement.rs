//! The statement's text: only for those who asked. In a program of its own, for the switch is one for all.

use sqlx::sqlite::SqlitePool;
use tachymeter::testing::capture;
use tachymeter_sqlx::{Label, tell_statements};

#[tokio::test]
async fn the_text_is_told_when_it_is_asked_for_and_never_the_values() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    let events = capture(&["db.query"]);
    for (on, text) in [(false, None), (true, Some("select $1")), (false, None)] {
        tell_statements(on);
        sqlx::query("select $1").bind("secret").fetch_all(pool.label("all")).await.unwrap();
        sqlx::query("select $1").bind("secret").fetch_optional(pool.label("one")).await.unwrap();
        let mut transaction = pool.label("transaction").begin().await.unwrap();
        sqlx::query("select $1").bind("secret").execute(transaction.label("inside")).await.unwrap();
        transaction.commit().await.unwrap();
        for event in events.take() {
            let named = ["all", "one", "inside"].contains(&event.get("label").unwrap());
            assert_eq!(event.get("statement"), text.filter(|_| named), "{event:?}");
        }
    }
}
