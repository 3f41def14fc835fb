//! The pages that the browser fetches when somebody goes there. Only `/` is in the first load.
//!
//! With feature `split`, which `scripts/release` turns on together with `cargo leptos build --split`, each page is WebAssembly of its
//! own. Without it they are all in one file: what a plain `cargo leptos watch` builds.

use crate::features::auth::account_page::AccountPage;
use crate::features::auth::sign_in_page::SignInPage;
use crate::features::auth::sign_up_page::SignUpPage;
use crate::features::buttons::page::ButtonsPage;
use crate::features::dashboard::interaction_page::InteractionPage;
use crate::features::dashboard::interactions_page::InteractionsPage;
use crate::features::dashboard::page::DashboardPage;
use leptos::prelude::*;
use leptos_router::LazyRoute;
#[cfg(feature = "split")]
use leptos_router::lazy_route;

/// Room that nobody uses. Splitting aligns the constants of each file anew, and leaves them all in the first load if they need a byte
/// more than before; it drops what nothing refers to, which is this.
#[cfg(feature = "split")]
#[used]
static ROOM: [u8; 4096] = [1; 4096];

#[cfg(feature = "split")]
macro_rules! route {
    ($(#[$doc:meta])* $name:ident => $page:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        #[lazy_route]
        impl LazyRoute for $name {
            fn data() -> Self {
                Self
            }
            fn view(_this: Self) -> AnyView {
                $page().into_any()
            }
        }
    };
}

#[cfg(not(feature = "split"))]
macro_rules! route {
    ($(#[$doc:meta])* $name:ident => $page:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl LazyRoute for $name {
            fn data() -> Self {
                Self
            }
            async fn view(_this: Self) -> AnyView {
                $page().into_any()
            }
        }
    };
}

route! {
    /// `/buttons`
    Buttons => ButtonsPage
}
route! {
    /// `/dashboard`
    Dashboard => DashboardPage
}
route! {
    /// `/dashboard/interactions`
    Interactions => InteractionsPage
}
route! {
    /// `/dashboard/interactions/:id`
    Interaction => InteractionPage
}
route! {
    /// `/sign-up`
    SignUp => SignUpPage
}
route! {
    /// `/sign-in`
    SignIn => SignInPage
}
route! {
    /// `/account`
    Account => AccountPage
}
