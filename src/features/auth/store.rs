//! Accounts and sessions in the database.

use super::model::User;
use crate::server::db::Db;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tachymeter_sqlx::Label;
use time::OffsetDateTime;

/// SHA-256 of a session's token.
pub type TokenHash = [u8; 32];

#[derive(sqlx::FromRow)]
struct UserRow {
    id: i64,
    email: String,
    created_at: i64,
}

/// Deliberately neither printable nor serialisable.
#[derive(sqlx::FromRow)]
struct SecretRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: String,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    #[sqlx(flatten)]
    user: UserRow,
    last_seen_at: i64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let day = OffsetDateTime::from_unix_timestamp(row.created_at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let member_since = format!("{} {} {}", day.day(), day.month(), day.year());
        Self { id: row.id, email: row.email, member_since }
    }
}

/// An account with its password hash, by its normalised email.
pub async fn find_user(db: &Db, email: &str) -> sqlx::Result<Option<(User, String)>> {
    let row: Option<SecretRow> = sqlx::query_as("select id, email, created_at, password_hash from users where email = $1")
        .bind(email)
        .fetch_optional(db.read.label("find_user"))
        .await?;
    Ok(row.map(|row| (row.user.into(), row.password_hash)))
}

/// A new account, or nothing if somebody has this email.
pub async fn create_user(db: &Db, email: &str, password_hash: &str) -> sqlx::Result<Option<User>> {
    let row: Result<UserRow, _> = sqlx::query_as(
        "insert into users (email, password_hash, created_at) values ($1, $2, $3) returning id, email, created_at",
    )
    .bind(email)
    .bind(password_hash)
    .bind(now())
    .fetch_one(db.write.label("create_user"))
    .await;
    match row {
        Ok(row) => Ok(Some(row.into())),
        Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a new hash of the same password in the old one's place, unless the password was changed since.
pub async fn replace_hash(db: &Db, user_id: i64, old: &str, new: &str) -> sqlx::Result<()> {
    sqlx::query("update users set password_hash = $3 where id = $1 and password_hash = $2")
        .bind(user_id)
        .bind(old)
        .bind(new)
        .execute(db.write.label("replace_hash"))
        .await?;
    Ok(())
}

/// Remembers a session, and forgets those that have expired.
pub async fn create_session(db: &Db, token: &TokenHash, user_id: i64, idle: Duration) -> sqlx::Result<()> {
    let now = now();
    let mut transaction = db.write.label("create_session").begin().await?;
    sqlx::query("delete from sessions where last_seen_at < $1")
        .bind(now - seconds(idle))
        .execute(transaction.label("expire_sessions"))
        .await?;
    sqlx::query("insert into sessions (token_hash, user_id, created_at, last_seen_at) values ($1, $2, $3, $3)")
        .bind(token.as_slice())
        .bind(user_id)
        .bind(now)
        .execute(transaction.label("insert_session"))
        .await?;
    transaction.commit().await
}

/// Whose session this is, if it hasn't expired, and how long ago it was last used.
pub async fn find_session(
    db: &Db,
    token: &TokenHash,
    idle: Duration,
    absolute: Duration,
) -> sqlx::Result<Option<(User, Duration)>> {
    let now = now();
    let row: Option<SessionRow> = sqlx::query_as(
        "select users.id, users.email, users.created_at, sessions.last_seen_at \
         from sessions join users on users.id = sessions.user_id \
         where token_hash = $1 and sessions.last_seen_at >= $2 and sessions.created_at >= $3",
    )
    .bind(token.as_slice())
    .bind(now - seconds(idle))
    .bind(now - seconds(absolute))
    .fetch_optional(db.read.label("find_session"))
    .await?;
    Ok(row.map(|row| (row.user.into(), Duration::from_secs((now - row.last_seen_at).max(0).unsigned_abs()))))
}

/// The session was used just now.
pub async fn touch_session(db: &Db, token: &TokenHash) -> sqlx::Result<()> {
    sqlx::query("update sessions set last_seen_at = $2 where token_hash = $1")
        .bind(token.as_slice())
        .bind(now())
        .execute(db.write.label("touch_session"))
        .await?;
    Ok(())
}

/// Ends a session.
pub async fn delete_session(db: &Db, token: &TokenHash) -> sqlx::Result<()> {
    sqlx::query("delete from sessions where token_hash = $1")
        .bind(token.as_slice())
        .execute(db.write.label("delete_session"))
        .await?;
    Ok(())
}

fn now() -> i64 {
    seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}
