//! An application that brings its own executor: interactions are measured as far as they can be seen then.
#![cfg(target_arch = "wasm32")]

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use tachymeter::Value;
use tachymeter::testing::capture;
use tachymeter_leptos::interaction::trust_scripts;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

async fn sleep(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).expect("a timer");
    });
    JsFuture::from(promise).await.expect("it can't fail");
}

#[wasm_bindgen_test]
async fn handlers_and_what_they_change_at_once_are_still_measured() {
    any_spawner::Executor::init_wasm_bindgen().expect("the first");
    tachymeter_leptos::init("/telemetry/beacon");
    trust_scripts(true);
    let stops = capture(&["leptos.interaction.stop"]);
    let folder: HtmlElement = document().create_element("div").expect("a div").unchecked_into();
    document().body().expect("a body").append_child(&folder).expect("in the document");
    let _mounted = leptos::mount::mount_to(folder.clone(), move || {
        let hook = tachymeter_leptos::use_measured("own");
        let (count, later) = (RwSignal::new(0), RwSignal::new(0));
        let start = hook.on("later", move |_| {
            spawn_local(async move {
                sleep(100).await;
                later.set(1);
            });
        });
        view! {
            <button class="add" on:click=hook.on("add", move |_| *count.write() += 1)>{count}</button>
            <button class="later" on:click=start>{later}</button>
        }
    });
    sleep(20).await;
    for (class, outcome, renders) in [("add", "rendered", 1), ("later", "unchanged", 0)] {
        // Not from here: a person's click comes with nothing on the stack.
        let button: HtmlElement = folder.query_selector(&format!(".{class}")).expect("a selector").expect(class).unchecked_into();
        let click = js_sys::Reflect::get(&button, &"click".into()).expect("a method").unchecked_into::<js_sys::Function>();
        window().set_timeout_with_callback(&click.bind0(&button)).expect("a timer");
        sleep(80).await;
        let stop = stops.take().pop().expect("it closed");
        assert_eq!((stop.get("name"), stop.get("outcome")), (Some(format!("own.{class}").as_str()), Some(outcome)));
        assert_eq!(stop.measurement("renders"), Some(Value::Uint(renders)));
    }
    sleep(100).await;
    assert!(stops.take().is_empty(), "each ends once");
    assert_eq!(folder.text_content(), Some("11".to_owned()));
}
