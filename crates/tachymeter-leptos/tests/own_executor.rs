//! An application that brings its own executor: interactions are measured as far as they can be seen then.
#![cfg(target_arch = "wasm32")]

mod browser;

use leptos::prelude::*;
use leptos::server_fn::Http;
use leptos::server_fn::codec::{Json, PostUrl};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use tachymeter::Value;
use tachymeter::testing::capture;
use tachymeter_leptos::Measured;
use tachymeter_leptos::interaction::trust_scripts;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use browser::sleep;

wasm_bindgen_test_configure!(run_in_browser);

/// Answered by [`answer`].
#[server(protocol = Measured<Http<PostUrl, Json>>, prefix = "/own", endpoint = "wait")]
async fn wait(ms: u32) -> Result<u32, ServerFnError> {
    Ok(ms)
}

/// Answers all that is asked of a server: after 60 ms, with a 7.
fn answer() {
    js_sys::eval(
        r#"window.fetch = async () => {
            await new Promise((done) => setTimeout(done, 60))
            return new Response("7", { headers: { "content-type": "application/json" } })
        }"#,
    )
    .expect("a script");
}

#[wasm_bindgen_test]
async fn handlers_and_what_they_change_at_once_are_still_measured() {
    any_spawner::Executor::init_wasm_bindgen().expect("the first");
    tachymeter_leptos::init("/telemetry/beacon");
    trust_scripts(true);
    answer();
    let calls = capture(&["leptos.server_fn.stop"]);
    let stops = capture(&["leptos.interaction.stop"]);
    let folder = browser::folder();
    let _mounted = leptos::mount::mount_to(folder.clone(), move || {
        let hook = tachymeter_leptos::use_measured("own");
        let (count, later) = (RwSignal::new(0), RwSignal::new(0));
        let start = hook.on("later", move |_| {
            spawn_local(async move {
                sleep(100).await;
                later.set(1);
            });
        });
        let (asked, plain) = (RwSignal::new(0), RwSignal::new(0));
        let ask = move || {
            spawn_local(async move {
                for _ in 0..2 {
                    let answer = wait(1).await.unwrap_or_default();
                    *asked.write() += answer;
                }
            });
        };
        view! {
            <button class="ask" data-measure="ask" on:click=move |_| ask()>{asked}</button>
            <button class="hooked" on:click=hook.on("hooked", move |_| ask())></button>
            <button class="plain" data-measure="plain" on:click=move |_| *plain.write() += 1>{plain}</button>
            <button class="nothing" data-measure="nothing" on:click=|_| ()></button>
            <button class="add" on:click=hook.on("add", move |_| *count.write() += 1)>{count}</button>
            <button class="later" on:click=start>{later}</button>
        }
    });
    sleep(20).await;
    // Without a hook it is one that changes the document, or asks the server.
    for (class, name, outcome, renders) in [
        ("nothing", None, "", 0),
        ("plain", Some("plain"), "rendered", 1),
        ("add", Some("own.add"), "rendered", 1),
        ("later", Some("own.later"), "unchanged", 0),
        ("ask", Some("ask"), "rendered", 2),
        ("hooked", Some("own.hooked"), "rendered", 2),
    ] {
        // Not from here: a person's click comes with nothing on the stack.
        let button: HtmlElement = folder.query_selector(&format!(".{class}")).expect("a selector").expect(class).unchecked_into();
        let click = js_sys::Reflect::get(&button, &"click".into()).expect("a method").unchecked_into::<js_sys::Function>();
        window().set_timeout_with_callback(&click.bind0(&button)).expect("a timer");
        let asks = ["ask", "hooked"].contains(&class);
        sleep(if asks { 250 } else { 80 }).await;
        let stop = stops.take().pop();
        assert_eq!(stop.as_ref().and_then(|stop| stop.get("name")), name, "{class}");
        if let Some(stop) = stop {
            assert_eq!(
                (stop.get("outcome"), stop.measurement("renders")),
                (Some(outcome), Some(Value::Uint(renders))),
                "{class}"
            );
            let calls = calls.take();
            assert_eq!(calls.len(), if asks { 2 } else { 0 }, "{class}");
            for call in calls {
                assert_eq!(call.parent_id, stop.context.map(|context| context.span_id), "{class}");
                assert!(call.measurement("request").and_then(|it| it.as_f64()).is_some_and(|seconds| seconds >= 0.059));
            }
        }
    }
    sleep(100).await;
    assert!(stops.take().is_empty(), "each ends once");
    assert_eq!(folder.text_content(), Some("28111".to_owned()));
}
