//! The script that starts the browser half.

use leptos::WasmSplitManifest;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use std::path::Path;
use std::sync::OnceLock;

/// Loads and starts the WebAssembly once the document has been parsed.
///
/// Leptos has a component for it, but that one takes the file's name from an environment variable at the time *Leptos*
/// was compiled. `cargo test` and `cargo leptos` share a target folder, so that would be whoever compiled it first.
#[component]
pub fn Hydration(
    /// Where the files are.
    options: LeptosOptions,
) -> impl IntoView {
    if let Some(manifest) = split_manifest(&options) {
        provide_context(manifest);
    }
    let base = format!("{}{}", options.site_pkg_dir_route_base(), options.output_name);
    let (script, wasm) = (format!("{base}.js"), format!("{base}.wasm"));
    let start = format!("import({script:?}).then(app => app.default({{module_or_path: {wasm:?}}}).then(() => app.hydrate()));");
    view! {
        <link rel="modulepreload" href=script/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=use_nonce()>{start}</script>
    }
}

/// Which files each lazy page consists of, as `cargo leptos build --split` wrote it down. With it Leptos tells the browser to
/// fetch them along with the rest, rather than when the rest has started.
fn split_manifest(options: &LeptosOptions) -> Option<WasmSplitManifest> {
    static MANIFEST: OnceLock<Option<WasmSplitManifest>> = OnceLock::new();
    let read = || {
        let folder = Path::new(&*options.site_root).join(&*options.site_pkg_dir);
        let text = std::fs::read_to_string(folder.join("__wasm_split_manifest.json")).ok()?;
        let files = leptos::serde_json::from_str(&text).ok()?;
        let script = "__wasm_split.______________________.js".to_owned();
        Some(WasmSplitManifest(ArcStoredValue::new((format!("/{}", options.site_pkg_dir), files, script))))
    };
    MANIFEST.get_or_init(read).clone()
}
