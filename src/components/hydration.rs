//! The script that starts the browser half.

use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::*;

/// Loads and starts the WebAssembly once the document has been parsed.
///
/// Leptos has a component for it, but that one takes the file's name from an environment variable at the time *Leptos*
/// was compiled. `cargo test` and `cargo leptos` share a target folder, so that would be whoever compiled it first.
#[component]
pub fn Hydration(
    /// Where the files are.
    options: LeptosOptions,
) -> impl IntoView {
    let base = format!("{}{}", options.site_pkg_dir_route_base(), options.output_name);
    let (script, wasm) = (format!("{base}.js"), format!("{base}.wasm"));
    let start = format!("import({script:?}).then(app => app.default({{module_or_path: {wasm:?}}}).then(() => app.hydrate()));");
    view! {
        <link rel="modulepreload" href=script/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=use_nonce()>{start}</script>
    }
}
