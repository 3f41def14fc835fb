//! Where the browser starts: the page that the server rendered comes alive.

use leptos::mount::hydrate_from_async;
use leptos::prelude::document;
use leptos::tachys::dom::body;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the page's module script, after the document has been parsed.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    tachymeter_leptos::init("/telemetry/beacon");
    // A task of its own, because the page itself may be in a file that is still to come.
    spawn_local(async {
        hydrate_from_async(body(), crate::app::App).await.forget();
        // Says to style sheets and tests that scripts are in charge now.
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
}
