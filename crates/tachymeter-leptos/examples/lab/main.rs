//! The laboratory of the browser tests, measured. `bare.rs` is the same without a trace of Tachymeter.
#![cfg(target_arch = "wasm32")]

mod app;

/// How a server function is called here.
type Protocol = tachymeter_leptos::Measured<server_fn::Http<server_fn::codec::PostUrl, server_fn::codec::Json>>;

fn main() {
    console_error_panic_hook::set_once();
    let off = leptos::prelude::window().location().search().is_ok_and(|search| search.contains("off"));
    if !off {
        tachymeter_leptos::init("/telemetry/beacon");
    }
    leptos::mount::mount_to_body(app::App);
}
