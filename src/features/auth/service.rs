//! Signing up, in and out: the order of things.

use super::model::{PasswordRules, User};
use super::{LOGIN, SIGN_UP, breach, password, rules, session, store};
use crate::error::{AppError, FieldError};
use crate::server::limits::address_key;
use crate::server::visit::{Visit, internal};
use std::time::{Duration, Instant};
use tachymeter::execute;

/// Checks, hashes and stores a new account, and signs it in.
pub async fn sign_up(visit: &Visit, email: &str, password: &str) -> Result<User, AppError> {
    let guard = &visit.state.guard;
    guard.sign_ups.take(&address_key(visit.address()), Instant::now()).map_err(later)?;
    let email = rules::normal_email(email);
    check_fields(visit, &email, password)?;
    if breach::is_known(guard, password).await {
        let message = "That password is in a list of stolen ones, so it can be guessed. Choose another.";
        return Err(AppError::invalid("password", message));
    }
    let hash = guard.hasher.hash(password.to_owned()).await.map_err(|error| internal("hashing failed", &error))?;
    let made = store::create_user(&visit.state.db, &email, &hash).await;
    let user = made.map_err(|error| internal("creating a user failed", &error))?.ok_or_else(taken)?;
    session::start(visit, user.id).await?;
    Ok(user)
}

/// Finds the account, checks the password and starts a session. An unknown account costs the same work.
pub async fn sign_in(visit: &Visit, email: &str, password: &str) -> Result<User, AppError> {
    let guard = &visit.state.guard;
    let email = rules::normal_email(email);
    let (address, now) = (address_key(visit.address()), Instant::now());
    require_both(&email, password)?;
    guard.sign_in_addresses.take(&address, now).map_err(later)?;
    guard.sign_in_accounts.take(&guard.account_key(&email), now).map_err(later)?;
    let found = store::find_user(&visit.state.db, &email).await.map_err(|error| internal("finding a user failed", &error))?;
    let too_long = password.chars().count() > visit.state.config.auth.password_max_length;
    let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let candidate = if too_long { String::new() } else { password.to_owned() };
    let matches = guard.hasher.verify(candidate, hash.clone()).await.map_err(|error| internal("verifying failed", &error))?;
    let user = user.filter(|_| matches && !too_long).ok_or(AppError::WrongCredentials)?;
    // Only failures count against the limits.
    guard.sign_in_addresses.give_back(&address);
    guard.sign_in_accounts.give_back(&guard.account_key(&email));
    if let Some(old) = hash.filter(|hash| password::is_outdated(hash)) {
        renew_hash(visit, user.id, &old, password).await;
    }
    session::start(visit, user.id).await?;
    Ok(user)
}

/// Only now is the password known from which today's hash can be made. Who signs in is not kept out if that fails: the old one stays.
async fn renew_hash(visit: &Visit, user_id: i64, old: &str, password: &str) {
    let renewed = match visit.state.guard.hasher.hash(password.to_owned()).await {
        Ok(new) => store::replace_hash(&visit.state.db, user_id, old, &new).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = renewed {
        tracing::warn!(%error, "an outdated password hash was not renewed");
    }
}

/// Deletes the session and its cookie.
pub async fn log_out(visit: &Visit) -> Result<(), AppError> {
    session::end(visit).await?;
    visit.send_on("/");
    Ok(())
}

/// What both forms do with their outcome: where to go next, or the email for a form that comes back.
pub fn finish(visit: &Visit, email: &str, outcome: &Result<User, AppError>, next: &str) {
    match outcome {
        Ok(_) => visit.send_on(next),
        Err(_) if visit.wants_page() => session::keep_draft(visit, email.trim()),
        Err(_) => (),
    }
}

/// Tells whoever counts logins how this one ended.
pub fn report_sign_in(outcome: &Result<User, AppError>) {
    execute!(LOGIN, { count: 1 }, { result: result_name(outcome) });
}

/// Tells whoever counts sign-ups how this one ended.
pub fn report_sign_up(outcome: &Result<User, AppError>) {
    execute!(SIGN_UP, { count: 1 }, { result: result_name(outcome) });
}

fn result_name(outcome: &Result<User, AppError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(AppError::WrongCredentials) => "wrong_credentials",
        Err(AppError::Invalid { .. }) => "invalid",
        Err(AppError::Conflict { .. }) => "taken",
        Err(AppError::TooManyRequests { .. }) => "limited",
        Err(_) => "error",
    }
}

fn check_fields(visit: &Visit, email: &str, password: &str) -> Result<(), AppError> {
    let auth = &visit.state.config.auth;
    let length = PasswordRules { min: auth.password_min_length, max: auth.password_max_length };
    refuse([
        ("email", rules::email_problem(email).map(str::to_owned)),
        ("password", rules::password_problem(password, email, length)),
    ])
}

fn require_both(email: &str, password: &str) -> Result<(), AppError> {
    refuse([
        ("email", rules::email_problem(email).map(str::to_owned)),
        ("password", password.is_empty().then(|| "Enter your password.".to_owned())),
    ])
}

fn refuse<const N: usize>(problems: [(&str, Option<String>); N]) -> Result<(), AppError> {
    let named = |(field, problem): (&str, Option<String>)| problem.map(|message| FieldError { field: field.to_owned(), message });
    let fields: Vec<FieldError> = problems.into_iter().filter_map(named).collect();
    if fields.is_empty() { Ok(()) } else { Err(AppError::Invalid { fields }) }
}

fn taken() -> AppError {
    let message = "There is an account with this email already. Sign in, or use another address.";
    AppError::Conflict { field: "email".to_owned(), message: message.to_owned() }
}

fn later(wait: Duration) -> AppError {
    AppError::TooManyRequests { seconds: wait.as_secs().max(1) }
}
