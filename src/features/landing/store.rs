//! Where the landing page's data comes from.

use crate::server::db::Db;
use std::time::Duration;
use tachymeter_sqlx::Label;

/// How many accounts there are.
pub async fn count_users(db: &Db) -> sqlx::Result<u64> {
    let (count,): (i64,) = sqlx::query_as("select count(*) from users").fetch_one(db.read.label("count_users")).await?;
    Ok(count.unsigned_abs())
}

/// A random time between two limits, both included.
pub fn random_delay(min_ms: u64, max_ms: u64) -> Duration {
    let span = max_ms.saturating_sub(min_ms) + 1;
    Duration::from_millis(min_ms + getrandom::u64().unwrap_or_default() % span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_stays_between_its_limits() {
        for _ in 0..1000 {
            let delay = random_delay(3, 5).as_millis();
            assert!((3..=5).contains(&delay));
        }
        assert_eq!(random_delay(0, 0), Duration::ZERO);
    }
}
