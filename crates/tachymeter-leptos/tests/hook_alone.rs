//! The hook alone: nothing of this crate was started, Leptos has its own executor, and the page still knows how long its clicks took.
#![cfg(target_arch = "wasm32")]

mod browser;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use tachymeter::testing::capture;
use tachymeter_leptos::interaction::trust_scripts;
use tachymeter_leptos::{Outcome, use_measured};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use browser::sleep;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn without_init_a_wrapped_handler_is_measured_and_nothing_else() {
    trust_scripts(true);
    let events = capture(&["leptos.interaction.start", "leptos.interaction.stop"]);
    let folder = browser::folder();
    let (send, receive) = std::sync::mpsc::channel();
    let _mounted = leptos::mount::mount_to(folder.clone(), move || {
        let hook = use_measured("alone");
        send.send(hook.closed()).expect("somebody waits");
        let count = RwSignal::new(0);
        view! {
            <button class="add" on:click=hook.on("add", move |_| *count.write() += 1)>{count}</button>
            <button class="plain" on:click=move |_| *count.write() += 1></button>
        }
    });
    for class in ["add", "plain"] {
        // Not from here: a person's click comes with nothing on the stack.
        let button: HtmlElement = folder.query_selector(&format!(".{class}")).expect("a selector").expect(class).unchecked_into();
        let click = js_sys::Reflect::get(&button, &"click".into()).expect("a method").unchecked_into::<js_sys::Function>();
        window().set_timeout_with_callback(&click.bind0(&button)).expect("a timer");
        sleep(80).await;
    }
    let names: Vec<_> = events.take().into_iter().map(|event| event.name).collect();
    assert_eq!(names, ["leptos.interaction.start", "leptos.interaction.stop"]);
    let closed = receive.recv().expect("it was sent").get_untracked();
    let [it] = &closed[..] else { panic!("one: {closed:?}") };
    assert_eq!((it.name.as_str(), it.outcome, it.renders), ("alone.add", Outcome::Rendered, 1));
    assert!(it.total >= it.commit && it.commit >= it.handler, "{it:?}");
    assert_eq!(folder.text_content(), Some("2".to_owned()));
}
