//! A password's hash follows today's parameters as soon as its owner signs in.

mod app;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HOST};
use axum::http::{Request, StatusCode};
use tachymeter_app::features::auth::{password, store};
use tachymeter_app::server::router;
use tower::ServiceExt;

const EMAIL: &str = "early@example.org";

/// As a server might have made it years ago.
fn old_hash(password: &str) -> String {
    let cheap = Params::new(4_096, 3, 1, None).expect("parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
    argon2.hash_password(password.as_bytes()).expect("a hash").to_string()
}

async fn sign_in(router: &Router, password: &str) -> StatusCode {
    let request = Request::post("/api/sign_in")
        .header(HOST, "localhost")
        .header(ACCEPT, "application/json")
        .header("sec-fetch-site", "same-origin")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let form = format!("email={EMAIL}&password={password}");
    router.clone().oneshot(request.body(Body::from(form)).expect("a request")).await.expect("an answer").status()
}

#[tokio::test]
async fn an_outdated_hash_is_renewed_by_the_right_password_alone() {
    let _alone = app::alone().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (state, _stop) = app::state(&folder, |_| ()).await;
    let (db, router) = (state.db.clone(), router(state));
    let stored = async || store::find_user(&db, EMAIL).await.expect("a database").expect("an account").1;
    let old = old_hash("correct-horse-battery");
    store::create_user(&db, EMAIL, &old).await.expect("a database").expect("a new account");

    assert_eq!(sign_in(&router, "wrong-horse-battery").await, StatusCode::UNAUTHORIZED);
    assert_eq!(stored().await, old);
    assert_eq!(sign_in(&router, "correct-horse-battery").await, StatusCode::OK);
    let new = stored().await;
    assert!(new != old && !password::is_outdated(&new), "{new}");
    assert_eq!(sign_in(&router, "correct-horse-battery").await, StatusCode::OK);
    assert_eq!(stored().await, new, "it is renewed once");
}
