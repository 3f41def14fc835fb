//! What a browser may ask about accounts. Plain forms can call all of it.

use super::model::User;
use crate::error::AppError;
use leptos::server_fn::codec::Postcard;
use tachymeter_leptos::server;

/// Makes an account and signs it in. For everybody, within limits per address.
#[server(form, endpoint = "sign_up", output = Postcard)]
pub async fn sign_up(email: String, password: String, next: Option<String>) -> Result<User, AppError> {
    use super::{next::safe_next, service};
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    let outcome = service::sign_up(&visit, &email, &password).await;
    service::report_sign_up(&outcome);
    service::finish(&visit, &email, &outcome, &safe_next(next.as_deref()));
    outcome
}

/// Starts a session. For everybody, within limits per address and account.
#[server(form, endpoint = "sign_in", output = Postcard)]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<User, AppError> {
    use super::{next::safe_next, service};
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    let outcome = service::sign_in(&visit, &email, &password).await;
    service::report_sign_in(&outcome);
    service::finish(&visit, &email, &outcome, &safe_next(next.as_deref()));
    outcome
}

/// Ends the session of whoever asks; without one there is nothing to do.
#[server(form, endpoint = "log_out", output = Postcard)]
pub async fn log_out() -> Result<(), AppError> {
    use super::service;
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    service::log_out(&visit).await
}

/// Who asks, if they have signed in.
#[server(endpoint = "current_user", output = Postcard)]
pub async fn current_user() -> Result<Option<User>, AppError> {
    use super::session;
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    Ok(session::user_of(&visit.parts).cloned())
}
