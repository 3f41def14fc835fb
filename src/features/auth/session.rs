//! Sessions: an opaque token in a cookie, its digest in the database.

use super::model::User;
use super::store::{self, TokenHash};
use crate::error::AppError;
use crate::server::AppState;
use crate::server::config::Config;
use crate::server::visit::{Visit, cookie, internal};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Being used is written down this often, not at every request.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Holds the email of a refused form that works without scripts, until its page has been shown again.
const DRAFT_COOKIE: &str = "draft_email";

/// Who made the request. The middleware [`load`] puts it into the request's extensions.
#[derive(Clone, Debug)]
struct SignedIn(User);

/// The signed-in user of a request.
pub fn user_of(parts: &Parts) -> Option<&User> {
    parts.extensions.get::<SignedIn>().map(|SignedIn(user)| user)
}

/// Looks up who makes a request, before anything else does.
pub async fn load(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let pkg = state.options.site_pkg_dir_route_base();
    let token = token_of(&state, request.headers());
    if let Some(token) = token.filter(|_| !request.uri().path().starts_with(&pkg))
        && let Some(user) = find(&state, &token).await
    {
        request.extensions_mut().insert(SignedIn(user));
    }
    next.run(request).await
}

/// Who makes the request, looked up anew: a stream that is still open asks now and then.
pub async fn find_again(state: &AppState, parts: &Parts) -> Option<User> {
    find(state, &token_of(state, &parts.headers)?).await
}

fn token_of(state: &AppState, headers: &HeaderMap) -> Option<TokenHash> {
    cookie(headers, cookie_name(&state.config)).and_then(digest)
}

async fn find(state: &AppState, token: &TokenHash) -> Option<User> {
    let auth = &state.config.auth;
    let found = store::find_session(&state.db, token, auth.idle(), auth.absolute()).await;
    let (user, unused_for) = found.unwrap_or_else(|error| {
        internal("finding a session failed", &error);
        None
    })?;
    if unused_for >= TOUCH_EVERY
        && let Err(error) = store::touch_session(&state.db, token).await
    {
        internal("touching a session failed", &error);
    }
    Some(user)
}

/// Starts a session with a new token and ends the one that the browser had.
pub async fn start(visit: &Visit, user_id: i64) -> Result<(), AppError> {
    end_row(visit).await?;
    let mut token = [0_u8; 32];
    getrandom::fill(&mut token).map_err(|error| internal("no randomness", &error))?;
    let token = URL_SAFE_NO_PAD.encode(token);
    let config = &visit.state.config;
    let hash: TokenHash = Sha256::digest(token.as_bytes()).into();
    let stored = store::create_session(&visit.state.db, &hash, user_id, config.auth.idle()).await;
    stored.map_err(|error| internal("storing a session failed", &error))?;
    visit.set_cookie(&session_cookie(config, &token, config.auth.absolute().as_secs()));
    visit.set_cookie(&forget_draft());
    Ok(())
}

/// Ends the session that the browser has, here and there.
pub async fn end(visit: &Visit) -> Result<(), AppError> {
    end_row(visit).await?;
    visit.set_cookie(&session_cookie(&visit.state.config, "", 0));
    Ok(())
}

async fn end_row(visit: &Visit) -> Result<(), AppError> {
    let Some(token) = visit.cookie(cookie_name(&visit.state.config)).and_then(digest) else { return Ok(()) };
    let deleted = store::delete_session(&visit.state.db, &token).await;
    deleted.map_err(|error| internal("deleting a session failed", &error))
}

/// A token is 43 characters of base64; anything else isn't worth a query.
fn digest(token: &str) -> Option<TokenHash> {
    (token.len() == 43).then(|| Sha256::digest(token.as_bytes()).into())
}

/// With `__Host-` a browser takes the cookie only from this very host, by HTTPS.
pub fn cookie_name(config: &Config) -> &'static str {
    if config.secure_cookies() { "__Host-session" } else { "session" }
}

fn session_cookie(config: &Config, token: &str, max_age: u64) -> String {
    let secure = if config.secure_cookies() { "; Secure" } else { "" };
    format!("{}={token}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", cookie_name(config))
}

/// Keeps the email of a refused form for the page that is shown next.
pub fn keep_draft(visit: &Visit, email: &str) {
    let email = URL_SAFE_NO_PAD.encode(email.chars().take(254).collect::<String>());
    visit.set_cookie(&format!("{DRAFT_COOKIE}={email}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"));
}

/// The email that [`keep_draft`] kept.
pub fn draft_of(parts: &Parts) -> Option<String> {
    let value = cookie(&parts.headers, DRAFT_COOKIE)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

/// The header that drops what [`keep_draft`] kept.
pub fn forget_draft() -> String {
    format!("{DRAFT_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
}
