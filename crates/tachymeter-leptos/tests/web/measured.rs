//! What `#[measured]` makes of components, event handlers and server functions in the browser.

use leptos::ev::MouseEvent;
use tachymeter::measured;

use super::calls::answer_server_functions;
use super::*;

#[measured]
#[component]
fn SignPost() -> impl IntoView {
    let count = RwSignal::new(0);
    view! {
        <p>
            <button class="add" on:click=add(count)>{count}</button>
            <button class="reset" on:click=move |event| reset(event, count)>"Reset"</button>
            <button class="plain" data-measure="twice" on:click=move |_| *count.write() *= 2>"x"</button>
        </p>
    }
}

#[component]
#[measured(name = "signs.other")]
fn Other() -> impl IntoView {
    let count = RwSignal::new(0);
    view! { <button class="other" on:click=add(count)>{count}</button> }
}

#[measured]
fn add(count: RwSignal<i32>) -> impl FnMut(MouseEvent) {
    move |event| {
        assert_eq!(event.type_(), "click");
        *count.write() += 1;
    }
}

#[measured(name = "signs.back")]
fn reset(event: MouseEvent, count: RwSignal<i32>) {
    event.prevent_default();
    count.set(0);
}

#[wasm_bindgen_test]
async fn a_measured_component_and_its_handlers_name_their_interactions() {
    let page = Page::show(|| {
        let count = RwSignal::new(0);
        view! { <SignPost/><Other/><button class="outside" on:click=add(count)>{count}</button> }
    });
    microtasks().await;
    for class in ["add", "plain", "reset", "other", "outside"] {
        page.click(class);
        microtasks().await;
    }
    let closed = page.closed(5).await;
    let mut names: Vec<_> = closed.iter().map(|stop| stop.get("name").unwrap_or_default()).collect();
    names.sort_unstable();
    assert_eq!(names, ["page.add", "sign_post.add", "sign_post.twice", "signs.back", "signs.other.add"]);
    assert_eq!(page.text(), "0Resetx11");
}

#[measured]
#[component]
fn Street() -> impl IntoView {
    let count = RwSignal::new(0);
    view! {
        <div>
            <SignPost/>
            <button class="own" on:click=add(count)>{count}</button>
        </div>
    }
}

#[wasm_bindgen_test]
async fn the_innermost_measured_component_names_what_is_in_it() {
    let page = Page::show(|| view! { <Street/> });
    microtasks().await;
    for (class, name) in [("add", "sign_post.add"), ("plain", "sign_post.twice"), ("own", "street.add")] {
        page.click(class);
        assert_eq!(page.closed(1).await[0].get("name"), Some(name), "{class}");
    }
}

#[measured]
#[server(prefix = "/web-test", endpoint = "above")]
async fn above(ms: u32) -> Result<u32, ServerFnError> {
    Ok(ms)
}

#[server(prefix = "/web-test", endpoint = "below")]
#[measured]
async fn below(ms: u32) -> Result<u32, ServerFnError> {
    Ok(ms)
}

#[wasm_bindgen_test]
async fn a_measured_server_function_keeps_its_click_open_and_sends_its_trace() {
    answer_server_functions();
    let events = capture(&["leptos.server_fn.stop"]);
    let page = Page::show(|| {
        let answer = RwSignal::new(0);
        let call = move |_: MouseEvent| {
            spawn_local(async move {
                answer.set(above(5).await.unwrap_or_default() + below(6).await.unwrap_or_default());
            });
        };
        view! { <button class="call" on:click=call>{answer}</button> }
    });
    microtasks().await;
    page.click("call");
    let closed = page.closed(1).await;
    assert_eq!((ended(&closed[0]).1, page.text().as_str()), ("rendered", "11"));
    let calls = events.take();
    let seen: Vec<_> = calls.iter().map(|call| (call.get("name"), call.get("side"), call.get("outcome"))).collect();
    assert_eq!(seen, [(Some("above"), Some("client"), Some("ok")), (Some("below"), Some("client"), Some("ok"))]);
    for call in &calls {
        assert_eq!(call.context.map(|it| it.trace_id), closed[0].context.map(|it| it.trace_id), "one trace");
        let sent = call.context.map(|it| it.traceparent()).unwrap_or_default();
        assert!(js_sys::eval("window.traced.join()").ok().and_then(|it| it.as_string()).is_some_and(|all| all.contains(&sent)));
    }
}
