//! What protects every answer: same-origin posts, and headers that browsers enforce.

use axum::RequestExt;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// No form and no server function needs more. The beacon has its own limit, in Leptos.toml.
pub const MAX_BODY: usize = 64 * 1024;

/// For everything that isn't a page; pages have their own, see [`page_policy`].
const NO_PAGE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    // Forms without scripts come back to their page by its referrer, so our own pages may see it.
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    // These three isolate the page from other origins, for which browsers grant it clocks of 5 µs instead of 100.
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Refuses what another site makes a browser send, and anything that changes state on its behalf.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in `Origin`. What has neither is no browser
/// and has no cookies of ours to abuse.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_origin(request.headers(), request.uri().host()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "Requests from other sites are refused.\n").into_response()
}

/// Whether the request's headers say that one of our own pages, or no page at all, sent it.
pub fn is_same_origin(headers: &HeaderMap, uri_host: Option<&str>) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text(HeaderName::from_static("sec-fetch-site")), text(ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
        (None, Some(origin)) => {
            let host = text(HOST).or(uri_host);
            origin.split_once("://").is_some_and(|(_, from)| Some(from) == host)
        }
    }
}

/// Refuses bodies over [`MAX_BODY`], also those that don't say their length, and tidies the referrer.
pub async fn bounded(mut request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return (StatusCode::PAYLOAD_TOO_LARGE, "That is more than this server reads.\n").into_response();
    }
    forget_last_error(request.headers_mut());
    next.run(request.with_limited_body()).await
}

/// A refused form comes back to its page with the error in the URL. When it is sent again from there, that error must
/// not be sent along again.
fn forget_last_error(headers: &mut HeaderMap) {
    let Some(referer) = headers.get(REFERER).and_then(|value| value.to_str().ok()) else { return };
    let Some((path, query)) = referer.split_once('?') else { return };
    let keep = |pair: &&str| !pair.starts_with("__path=") && !pair.starts_with("__err=");
    let query = query.split('&').filter(keep).collect::<Vec<_>>().join("&");
    let tidy = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    if let Ok(value) = HeaderValue::from_str(&tidy) {
        headers.insert(REFERER, value);
    }
}

/// Adds the headers that every answer has. `secure` also asks browsers to come by HTTPS only.
pub async fn headers(State(secure): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE_POLICY));
    if secure {
        headers.entry("strict-transport-security").or_insert(HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// What a page may do: run our script (which carries the nonce) and WebAssembly, talk to us, and nothing else.
/// `reload_port` is where `cargo leptos watch` tells the page about changes.
pub fn page_policy(nonce: &str, reload_port: Option<u32>) -> String {
    let reload = reload_port.map(|port| format!(" ws://*:{port}")).unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; connect-src 'self'{reload}; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_our_own_pages_and_no_browser_at_all_pass() {
        let same = |pairs| is_same_origin(&headers(pairs), None);
        assert!(same(&[]));
        assert!(same(&[("sec-fetch-site", "same-origin"), ("origin", "http://a:1")]));
        assert!(!same(&[("sec-fetch-site", "same-site")]));
        assert!(!same(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")]));
        assert!(same(&[("origin", "http://a:1"), ("host", "a:1")]));
        assert!(!same(&[("origin", "http://a:2"), ("host", "a:1")]));
        assert!(!same(&[("origin", "null"), ("host", "a")]));
    }

    #[test]
    fn an_old_error_leaves_the_referrer_and_the_rest_stays() {
        let mut map = headers(&[("referer", "http://a/sign-in?next=%2Faccount&__path=x&__err=y")]);
        forget_last_error(&mut map);
        assert_eq!(map[REFERER], "http://a/sign-in?next=%2Faccount");
        let mut map = headers(&[("referer", "http://a/sign-in?__path=x&__err=y")]);
        forget_last_error(&mut map);
        assert_eq!(map[REFERER], "http://a/sign-in");
    }
}
