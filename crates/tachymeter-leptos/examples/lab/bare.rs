//! The laboratory without a trace of Tachymeter: what the difference to `main.rs` weighs is the instrumentation.
#![cfg(target_arch = "wasm32")]

mod app;

/// How a server function is called here.
type Protocol = server_fn::Http<server_fn::codec::PostUrl, server_fn::codec::Json>;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
