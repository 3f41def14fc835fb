//! What the server tells a page when it renders it, and the browser reads again when it takes over.

use crate::features::auth::model::{PasswordRules, User};
use crate::features::buttons::model::Delays;
use crate::features::theme::model::Theme;
use crate::wire::Hex;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Facts about the request that a page needs before anything is loaded, so that the first paint is right:
/// no flash of the wrong theme, no account menu that appears late. Provided by the server as Leptos context.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageContext {
    /// Who is signed in.
    pub user: Option<User>,
    /// What the visitor chose.
    pub theme: Theme,
    /// What new passwords must be, from the configuration.
    pub password: PasswordRules,
    /// How long each button takes, from the configuration.
    pub delays: Delays,
    /// The email of a form that was just refused and sent back without scripts.
    pub draft_email: String,
}

/// The signed-in account as the page knows it. A view's hint only: every server function asks for itself.
#[derive(Clone, Copy, Debug)]
pub struct Account(pub RwSignal<Option<User>>);

/// The theme in force; setting it changes the page.
#[derive(Clone, Copy, Debug)]
pub struct CurrentTheme(pub RwSignal<Theme>);

/// Reads the page's context on either side and provides what views use: [`PageContext`], [`Account`], [`CurrentTheme`].
pub fn provide_page_context() {
    let page = SharedValue::<_, Hex>::new_with_encoding(|| use_context::<PageContext>().unwrap_or_default()).into_inner();
    provide_context(Account(RwSignal::new(page.user.clone())));
    provide_context(CurrentTheme(RwSignal::new(page.theme)));
    provide_context(page);
}
