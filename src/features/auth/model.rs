//! What both sides know about an account.

use serde::{Deserialize, Serialize};

/// Somebody with an account, as pages show them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Never changes.
    pub id: i64,
    /// In lower case.
    pub email: String,
    /// The day the account was made, in words: "25 November 2026".
    pub member_since: String,
}

/// What new passwords must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordRules {
    /// Characters at least.
    pub min: usize,
    /// Characters at most.
    pub max: usize,
}

impl Default for PasswordRules {
    /// Only for a page that got no context; the real ones stand in Leptos.toml.
    fn default() -> Self {
        Self { min: 10, max: 128 }
    }
}
