//! The buttons' server functions. Public on purpose: anybody may press.

use super::model::Colour;
use crate::error::AppError;
use tachymeter_leptos::server;

/// Answers after red's delay.
#[server(output = Postcard)]
pub async fn press_red() -> Result<Colour, AppError> {
    wait_for(Colour::Red).await
}

/// Answers after green's delay.
#[server(output = Postcard)]
pub async fn press_green() -> Result<Colour, AppError> {
    wait_for(Colour::Green).await
}

/// Answers after blue's delay.
#[server(output = Postcard)]
pub async fn press_blue() -> Result<Colour, AppError> {
    wait_for(Colour::Blue).await
}

/// Presses the button of this colour.
pub async fn press(colour: Colour) -> Result<Colour, AppError> {
    match colour {
        Colour::Red => press_red().await,
        Colour::Green => press_green().await,
        Colour::Blue => press_blue().await,
    }
}

#[cfg(feature = "ssr")]
async fn wait_for(colour: Colour) -> Result<Colour, AppError> {
    let delay = crate::server::visit::Visit::current()?.state.config.buttons.delays().of(colour);
    tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
    Ok(colour)
}
