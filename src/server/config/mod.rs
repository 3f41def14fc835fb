//! How the server runs: Leptos.toml, then environment variables `APP__SECTION__KEY`.
//!
//! No setting has a second default in here. The shipped file is the one place where values stand, and a missing file or
//! key stops the server with a message instead of starting something that nobody asked for.

mod check;
mod reporters;

pub use check::ConfigError;
pub use reporters::{Dialect, LogLevel, Reporters};

use crate::features::buttons::model::Delays;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// The file's name; it is looked for where the server is started, or where `APP_CONFIG` says.
pub const FILE: &str = "Leptos.toml";

/// Everything in Leptos.toml, one field per section.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen and what to serve.
    pub server: Server,
    /// Where accounts live.
    pub database: Database,
    /// How long the landing page's data takes.
    pub landing: Landing,
    /// How long each button takes.
    pub buttons: Buttons,
    /// Accounts and sessions.
    pub auth: Auth,
    /// Who sees the dashboard, and its sizes.
    pub dashboard: Dashboard,
    /// What browsers may report.
    pub beacon: Beacon,
    /// Where the numbers go, besides the dashboard.
    pub reporters: Reporters,
    /// How often the server looks at itself.
    pub poller: Poller,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub address: SocketAddr,
    pub site_root: String,
    pub log: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: String,
    pub max_connections: u32,
    pub busy_timeout_ms: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Landing {
    pub delay_min_ms: u64,
    pub delay_max_ms: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Buttons {
    pub red_ms: u64,
    pub green_ms: u64,
    pub blue_ms: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub password_min_length: usize,
    pub password_max_length: usize,
    pub session_idle_minutes: u64,
    pub session_absolute_hours: u64,
    pub secure_cookie: SecureCookie,
    pub limit_window_minutes: u64,
    pub sign_in_per_account: u32,
    pub sign_in_per_address: u32,
    pub sign_up_per_address: u32,
    pub hash_concurrency: usize,
    pub breach_list_url: String,
    pub breach_list_timeout_ms: u64,
    pub admins: Vec<String>,
}

/// Whether the session cookie is for HTTPS only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecureCookie {
    /// Everywhere except on a loopback address.
    Auto,
    Always,
    Never,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    pub access: Access,
    pub tick_ms: u64,
    pub max_series: usize,
    pub retention_hours: u64,
    pub max_subscribers: usize,
}

/// Who sees the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everybody who reaches a server that only this machine can reach.
    Loopback,
    /// Accounts listed in `auth.admins`.
    Admin,
    /// Every account.
    User,
    /// Everybody.
    Public,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    pub max_bytes: usize,
    pub max_events: usize,
    pub reports_per_minute: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Poller {
    pub period_ms: u64,
}

impl Config {
    /// Reads `path` and the environment. Every refusal names the key, its value and what is allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.display().to_string(), reason: error.to_string() })?;
        Self::read(Figment::from(Toml::string(&text)).merge(Env::prefixed("APP__").split("__")))
    }

    /// Reads the text of a file and nothing else; for tests.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::read(Figment::from(Toml::string(text)))
    }

    fn read(figment: Figment) -> Result<Self, ConfigError> {
        let config: Self = figment.extract().map_err(|error| check::refusals(&figment, error))?;
        check::check(&config)?;
        Ok(config)
    }

    /// Whether only this machine can reach the server.
    pub fn is_loopback(&self) -> bool {
        self.server.address.ip().is_loopback()
    }

    /// Whether cookies carry `Secure` and the `__Host-` prefix.
    pub fn secure_cookies(&self) -> bool {
        match self.auth.secure_cookie {
            SecureCookie::Auto => !self.is_loopback(),
            SecureCookie::Always => true,
            SecureCookie::Never => false,
        }
    }
}

impl Buttons {
    /// The three together, as the page shows them.
    pub fn delays(&self) -> Delays {
        Delays { red: self.red_ms, green: self.green_ms, blue: self.blue_ms }
    }
}

impl Dashboard {
    /// How long minutes are kept.
    pub fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_hours * 3600)
    }
}

impl Auth {
    /// How long a session lives without being used.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.session_idle_minutes * 60)
    }

    /// How long a session lives at most.
    pub fn absolute(&self) -> Duration {
        Duration::from_secs(self.session_absolute_hours * 3600)
    }
}
