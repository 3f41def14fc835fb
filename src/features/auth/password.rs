//! Password hashes: argon2id at the OWASP minimum, off the async threads, a few at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Makes and checks hashes; how many at the same time is bounded, because each takes 19 MiB.
#[derive(Debug)]
pub struct Hasher {
    permits: Arc<Semaphore>,
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The parameters or the stored text are wrong.
    #[error("argon2: {0}")]
    Argon2(String),
    /// The work was cancelled: the server stops.
    #[error("the hashing task ended early")]
    Cancelled,
}

impl Hasher {
    /// Works on so many passwords at the same time.
    pub fn new(concurrency: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(concurrency)) }
    }

    /// A PHC string with a new salt.
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        self.run(move || hash_now(&password)).await
    }

    /// Whether the password belongs to the stored hash. Without one, the same work is done for nothing, so that time
    /// doesn't tell who has an account.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, HashError> {
        self.run(move || {
            let is_real = stored.is_some();
            let stored = stored.map_or_else(dummy, Ok)?;
            let hash = PasswordHash::new(&stored).map_err(|error| HashError::Argon2(error.to_string()))?;
            Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok() && is_real)
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, HashError> + Send + 'static) -> Result<T, HashError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| HashError::Cancelled)?;
        // The permit goes along: a request that is given up doesn't stop the work it started.
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| HashError::Cancelled)?
    }
}

/// Whether a hash was made with other parameters than new ones are. Without the password it can't be made anew: that takes a sign-in.
pub fn is_outdated(stored: &str) -> bool {
    let (memory, passes, lanes) = COST;
    let is_current = |hash: PasswordHash| {
        let cost = [("m", memory), ("t", passes), ("p", lanes)];
        hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && cost.into_iter().all(|(name, wanted)| hash.params.get_decimal(name) == Some(wanted))
    };
    !PasswordHash::new(stored).is_ok_and(is_current)
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| HashError::Argon2(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, HashError> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| HashError::Argon2(error.to_string()))?;
    Ok(hash.to_string())
}

/// A hash of nobody's password, with today's parameters.
fn dummy() -> Result<String, HashError> {
    static DUMMY: OnceLock<String> = OnceLock::new();
    match DUMMY.get() {
        Some(hash) => Ok(hash.clone()),
        None => Ok(DUMMY.get_or_init(|| hash_now("nobody's password").unwrap_or_default()).clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_for_an_account_that_exists() {
        let hasher = Hasher::new(1);
        let hash = hasher.hash("correct horse".into()).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse".into(), Some(hash.clone())).await.expect("an answer"));
        assert!(!hasher.verify("wrong horse".into(), Some(hash)).await.expect("an answer"));
        assert!(!hasher.verify("nobody's password".into(), None).await.expect("an answer"));
    }

    #[test]
    fn a_hash_is_outdated_as_soon_as_one_parameter_is_another() {
        let today = hash_now("correct horse").expect("a hash");
        assert!(!is_outdated(&today), "{today}");
        for (now, before) in [("argon2id", "argon2i"), ("v=19", "v=16"), ("m=19456", "m=9216"), ("t=2", "t=3"), ("p=1", "p=2")] {
            assert!(is_outdated(&today.replace(now, before)), "{before}");
        }
        assert!(is_outdated("no hash at all"));
    }
}
