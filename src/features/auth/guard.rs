//! What requests share to keep accounts safe: limits, the hasher, the breach list's client.

use super::password::Hasher;
use crate::server::config::Auth;
use crate::server::limits::Limiter;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

/// An account in the limiter: a digest, so that a flood of long names costs no more memory than one of short ones.
pub type AccountKey = [u8; 16];

/// One per server, in its state.
#[derive(Debug)]
pub struct Guard {
    /// Failed sign-ins by account.
    pub sign_in_accounts: Limiter<AccountKey>,
    /// Failed sign-ins by address.
    pub sign_in_addresses: Limiter<IpAddr>,
    /// Sign-ups by address.
    pub sign_ups: Limiter<IpAddr>,
    /// Makes and checks password hashes.
    pub hasher: Hasher,
    /// Asks the breach list.
    pub http: reqwest::Client,
    /// Where the breach list is.
    pub breach_list_url: String,
    /// Its host, as metrics name it.
    pub breach_list_host: String,
}

impl Guard {
    /// As configured.
    pub fn new(auth: &Auth) -> Self {
        let window = Duration::from_secs(auth.limit_window_minutes * 60);
        let http = reqwest::Client::builder()
            .timeout(Duration::from_millis(auth.breach_list_timeout_ms))
            .user_agent(concat!("tachymeter/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap_or_default();
        Self {
            sign_in_accounts: Limiter::new(auth.sign_in_per_account, window),
            sign_in_addresses: Limiter::new(auth.sign_in_per_address, window),
            sign_ups: Limiter::new(auth.sign_up_per_address, window),
            hasher: Hasher::new(auth.hash_concurrency),
            http,
            breach_list_url: auth.breach_list_url.clone(),
            breach_list_host: host_of(&auth.breach_list_url),
        }
    }

    /// The limiter's key of an account.
    pub fn account_key(&self, email: &str) -> AccountKey {
        let mut key = AccountKey::default();
        key.copy_from_slice(&Sha256::digest(email.as_bytes())[..16]);
        key
    }
}

fn host_of(url: &str) -> String {
    reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
