//! Every route of the server, and what each request passes on its way.

use super::{AppState, history, render, reporters, security, telemetry, visit};
use crate::app::{App, shell};
use crate::features::auth::session;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_to_stream_in_order_with_context};
use tachymeter_tower::TelemetryLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::compression::{CompressionBody, CompressionLayer};
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::services::ServeDir;

/// A debug build's WebAssembly is tens of megabytes: compressing it takes longer than sending it to the same machine.
const MAX_COMPRESSED: u64 = 8 * 1024 * 1024;

/// The whole application as one service; tests call it without a socket.
pub fn router(state: AppState) -> Router {
    // Before anything of Leptos runs. A second router of the same process finds it done.
    tachymeter_leptos::trace::follow_tasks();
    // The telemetry hears of a panic as it passes.
    inside(state).layer((CatchPanicLayer::new(), TelemetryLayer::new(telemetry::route_of), boxed(), compression()))
}

/// The same without the layer that measures requests, for the benchmark that compares the two.
pub fn unmeasured(state: AppState) -> Router {
    inside(state).layer((CatchPanicLayer::new(), boxed(), compression()))
}

/// A body that compresses is kilobytes large: boxed, before each layer further out moves it some times.
fn boxed() -> MapResponseBodyLayer<fn(CompressionBody<Body>) -> Body> {
    MapResponseBodyLayer::new(Body::new)
}

fn inside(state: AppState) -> Router {
    let secure = state.config.secure_cookies();
    pages(&state)
        .layer(middleware::from_fn_with_state(state.clone(), session::load))
        .layer(middleware::from_fn(visit::server_fn_status))
        .layer(middleware::from_fn(security::bounded))
        .layer(DefaultBodyLimit::max(security::MAX_BODY))
        // They bring their own limits, and pass what follows like all others.
        .merge(telemetry::routes(&state))
        .merge(reporters::routes(&state))
        .merge(history::routes(&state))
        .route("/health", get(health))
        .with_state(state)
        .layer(middleware::from_fn(security::same_origin))
        .layer(middleware::from_fn(caching))
        .layer(middleware::from_fn_with_state(secure, security::headers))
}

fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(worth_compressing))
}

/// Pages and server functions; what is neither is looked for among the static files, then it is a page with status 404.
fn pages(state: &AppState) -> Router<AppState> {
    let context = {
        let state = state.clone();
        move || render::provide_request_context(&state)
    };
    let options = state.options.clone();
    let files = ServeDir::new(&*options.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .fallback(get(not_found).with_state(state.clone()));
    Router::new()
        .leptos_routes_with_context(state, generate_route_list(App), context, move || shell(options.clone()))
        .fallback_service(files)
}

async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let options = state.options.clone();
    let context = move || {
        provide_context(state.clone());
        render::provide_request_context(&state);
    };
    let page = render_app_to_stream_in_order_with_context(context, move || shell(options.clone()));
    let mut response = page(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

async fn health() -> &'static str {
    "ok"
}

/// Static files may be kept, but are asked for again: their names don't change when they do.
async fn caching(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

fn worth_compressing(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    length.is_none_or(|length| length <= MAX_COMPRESSED)
}
