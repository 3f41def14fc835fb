//! What a page gets from its request: its context, its policy, and the way it redirects.

use super::{AppState, security};
use crate::context::PageContext;
use crate::features::auth::model::PasswordRules;
use crate::features::auth::session;
use crate::features::theme;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use leptos_router::components::provide_server_redirect;

/// Runs before each page and each server function, inside their reactive owner.
pub fn provide_request_context(state: &AppState) {
    let (Some(parts), Some(response)) = (use_context::<Parts>(), use_context::<ResponseOptions>()) else { return };
    let draft_email = session::draft_of(&parts).unwrap_or_default();
    if !draft_email.is_empty() && parts.method == axum::http::Method::GET {
        set(&response, SET_COOKIE, &session::forget_draft());
    }
    provide_context(PageContext {
        user: session::user_of(&parts).cloned(),
        theme: theme::model::from_cookie(super::visit::cookie(&parts.headers, theme::model::COOKIE)),
        password: PasswordRules { min: state.config.auth.password_min_length, max: state.config.auth.password_max_length },
        delays: state.config.buttons.delays(),
        draft_email,
    });
    // Not there in server functions, which aren't pages.
    if let Some(nonce) = leptos::nonce::use_nonce() {
        let reload = std::env::var_os("LEPTOS_WATCH").map(|_| state.options.reload_port);
        set(&response, CONTENT_SECURITY_POLICY, &security::page_policy(&nonce, reload));
        // Every page is somebody's own: it has their account in it, and a nonce that must not be used twice.
        set(&response, CACHE_CONTROL, "no-store");
        provide_server_redirect(move |path| {
            response.set_status(StatusCode::FOUND);
            set(&response, LOCATION, path);
        });
    }
}

fn set(response: &ResponseOptions, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.append_header(name, value);
    }
}
