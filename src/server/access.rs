//! Who may see the dashboard, its stream and its numbers: `dashboard.access` in one place.

use super::AppState;
use super::config::{Access, Config};
use crate::error::AppError;
use crate::features::auth::model::User;
use crate::features::auth::session;
use axum::http::request::Parts;

/// Decides for a request; `Unauthorized` says that signing in may help, `Forbidden` that it won't.
pub fn dashboard(state: &AppState, parts: &Parts) -> Result<(), AppError> {
    decide(&state.config, session::user_of(parts))
}

/// Decides again for a stream that has been open for a while: the session may have ended since.
pub async fn still_allowed(state: &AppState, parts: Parts) -> bool {
    match state.config.dashboard.access {
        Access::Public | Access::Loopback => true,
        Access::User | Access::Admin => decide(&state.config, session::find_again(state, &parts).await.as_ref()).is_ok(),
    }
}

fn decide(config: &Config, user: Option<&User>) -> Result<(), AppError> {
    match (config.dashboard.access, user) {
        (Access::Public | Access::Loopback, _) | (Access::User, Some(_)) => Ok(()),
        (Access::Admin, Some(user)) if is_admin(config, user) => Ok(()),
        (Access::Admin, Some(_)) => Err(AppError::Forbidden),
        (Access::Admin | Access::User, None) => Err(AppError::Unauthorized),
    }
}

fn is_admin(config: &Config, user: &User) -> bool {
    config.auth.admins.iter().any(|email| email.trim().eq_ignore_ascii_case(&user.email))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(access: Access) -> Config {
        let mut config = Config::from_toml(include_str!("../../Leptos.toml")).expect("the shipped file is valid");
        config.dashboard.access = access;
        config.auth.admins = vec!["Root@example.org".into()];
        config
    }

    #[test]
    fn each_setting_lets_in_whom_it_names() {
        let somebody = User { id: 1, email: "some@example.org".into(), ..User::default() };
        let root = User { id: 2, email: "root@example.org".into(), ..User::default() };
        assert_eq!(decide(&config(Access::Loopback), None), Ok(()));
        assert_eq!(decide(&config(Access::Public), None), Ok(()));
        assert_eq!(decide(&config(Access::User), None), Err(AppError::Unauthorized));
        assert_eq!(decide(&config(Access::User), Some(&somebody)), Ok(()));
        assert_eq!(decide(&config(Access::Admin), None), Err(AppError::Unauthorized));
        assert_eq!(decide(&config(Access::Admin), Some(&somebody)), Err(AppError::Forbidden));
        assert_eq!(decide(&config(Access::Admin), Some(&root)), Ok(()));
    }
}
