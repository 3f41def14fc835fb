//! The choice itself.

use serde::{Deserialize, Serialize};

/// The cookie that remembers the choice.
pub const COOKIE: &str = "theme";

/// What a visitor chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every choice, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// As it stands in the cookie, the form and `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// As the switch calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System theme",
            Self::Light => "Light theme",
            Self::Dark => "Dark theme",
        }
    }
}

/// The choice in a cookie's value; whatever else stands there means none was made.
pub fn from_cookie(value: Option<&str>) -> Theme {
    Theme::ALL.into_iter().find(|theme| Some(theme.name()) == value).unwrap_or_default()
}
