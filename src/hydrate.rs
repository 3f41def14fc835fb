//! Where the browser starts: the page that the server rendered comes alive.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the page's module script, after the document has been parsed.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    tachymeter_leptos::init("/telemetry/beacon");
    leptos::mount::hydrate_body(crate::app::App);
}
