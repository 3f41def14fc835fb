//! Remembering the choice.

use super::model::Theme;
use crate::error::AppError;
use tachymeter_leptos::server;

/// Remembers a theme in this browser for a year. For everybody: it says nothing and changes nobody else.
#[server(endpoint = "set_theme", output = Postcard)]
pub async fn set_theme(theme: Theme) -> Result<(), AppError> {
    use super::model::COOKIE;
    use crate::server::visit::Visit;
    let visit = Visit::current()?;
    visit.set_cookie(&format!("{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax", theme.name()));
    visit.send_back();
    Ok(())
}
