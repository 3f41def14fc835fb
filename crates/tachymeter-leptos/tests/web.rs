//! Interactions in a real browser: from a click to its own re-render, also when several overlap.
#![cfg(target_arch = "wasm32")]

use std::sync::Once;

use futures::channel::oneshot;
use leptos::prelude::*;
use leptos::server_fn::{
    Http,
    codec::{Json, PostUrl},
};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use leptos::web_sys::HtmlElement;
use tachymeter::Value;
use tachymeter::testing::{Capture, Captured, capture};
use tachymeter_leptos::{Measured, Outcome, UseMeasured, use_measured};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A part of the page with what it emits. It goes away when it is dropped.
struct Page {
    folder: HtmlElement,
    events: Capture,
    _mounted: Box<dyn std::any::Any>,
}

impl Page {
    fn show<V: IntoView + 'static>(view: impl FnOnce() -> V + 'static) -> Self {
        static START: Once = Once::new();
        START.call_once(|| {
            tachymeter_leptos::init("/telemetry/beacon");
            tachymeter_leptos::interaction::trust_scripts();
        });
        let events = capture(&["leptos.interaction.start", "leptos.interaction.stop"]);
        let folder: HtmlElement = document().create_element("div").expect("a div").unchecked_into();
        document().body().expect("a body").append_child(&folder).expect("in the document");
        let mounted = leptos::mount::mount_to(folder.clone(), view);
        Self { folder, events, _mounted: Box::new(mounted) }
    }

    fn click(&self, class: &str) {
        let element = self.folder.query_selector(&format!(".{class}")).expect("a selector").expect(class);
        press(&element.into());
    }

    fn text(&self) -> String {
        self.folder.text_content().unwrap_or_default()
    }

    /// Waits until as many interactions have closed as were opened, and that it stays so; their ends, oldest first.
    async fn closed(&self, expected: usize) -> Vec<Captured> {
        let mut seen = Vec::new();
        for _ in 0..200 {
            seen.extend(self.events.take());
            if seen.iter().filter(|event| event.name.ends_with("stop")).count() >= expected {
                break;
            }
            sleep(10).await;
        }
        sleep(60).await; // Some frames more, in which nothing may come.
        seen.extend(self.events.take());
        let (started, stopped): (Vec<_>, Vec<_>) = seen.into_iter().partition(|event| event.name.ends_with("start"));
        assert_eq!((started.len(), stopped.len()), (expected, expected), "{started:?} {stopped:?}");
        for stop in &stopped {
            assert!(started.iter().any(|start| start.get("name") == stop.get("name")), "{stop:?}");
            assert_eq!(stop.get("event"), Some("click"));
        }
        stopped
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.folder.remove();
    }
}

#[wasm_bindgen(inline_js = r#"
    // As a pointer makes it: a click without a detail is what the browser makes of a key or a label.
    export function press(element) {
        element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }))
    }
"#)]
extern "C" {
    fn press(element: &JsValue);
}

async fn sleep(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).expect("a timer");
    });
    JsFuture::from(promise).await.expect("it can't fail");
}

/// Lets all tasks run that can, without a timer and so without a frame.
async fn microtasks() {
    for _ in 0..50 {
        JsFuture::from(js_sys::Promise::resolve(&JsValue::NULL)).await.expect("it can't fail");
    }
}

fn ended(event: &Captured) -> (&str, &str, Option<Value<'static>>) {
    (event.get("name").unwrap_or_default(), event.get("outcome").unwrap_or_default(), event.measurement("renders"))
}

/// Says `rendered` whenever the signal has changed, but not for the first run.
fn shown(measured: UseMeasured, signal: impl Track + Send + Sync + 'static) {
    Effect::new(move |_| {
        signal.track();
        measured.rendered();
    });
}

const ONE: Option<Value<'static>> = Some(Value::Uint(1));

#[wasm_bindgen_test]
async fn a_handler_that_changes_something_is_rendered_once() {
    let (send, receive) = std::sync::mpsc::channel();
    let page = Page::show(move || {
        let measured = use_measured("sync");
        let count = RwSignal::new(0);
        shown(measured, count);
        send.send(measured.closed()).expect("somebody waits");
        view! { <button class="add" on:click=measured.on("add", move |_| *count.write() += 1)>{count}</button> }
    });
    microtasks().await;
    page.click("add");
    assert_eq!(ended(&page.closed(1).await[0]), ("sync.add", "rendered", ONE));
    assert_eq!(page.text(), "1");
    for _ in 0..11 {
        page.click("add");
        page.closed(1).await;
    }
    let closed = receive.recv().expect("it was sent").get_untracked();
    assert_eq!(closed.len(), 10, "no more are remembered");
    for (newer, older) in closed.iter().zip(&closed[1..]) {
        assert!(newer.id > older.id);
    }
    for it in closed {
        assert_eq!((it.name.as_str(), it.outcome, it.renders), ("sync.add", Outcome::Rendered, 1));
        let sum: f64 = it.parts().iter().map(|(_, ms)| ms).sum();
        assert!((sum - it.total).abs() < 1e-6 && it.total > 0.0 && it.commit <= it.total, "{it:?}");
        assert!(it.parts().iter().all(|(_, ms)| *ms >= 0.0), "{it:?}");
    }
}

#[wasm_bindgen_test]
async fn a_handler_that_changes_nothing_is_unchanged() {
    let page = Page::show(|| {
        let measured = use_measured("idle");
        let count = RwSignal::new(0);
        shown(measured, count);
        view! {
            <button class="nothing" on:click=measured.on("nothing", |_| ())>{count}</button>
            <button class="late" on:click=measured.on("late", move |_| measured.superseded())>"late"</button>
        }
    });
    microtasks().await;
    page.click("nothing");
    assert_eq!(ended(&page.closed(1).await[0]), ("idle.nothing", "unchanged", Some(Value::Uint(0))));
    page.click("late");
    assert_eq!(ended(&page.closed(1).await[0]), ("idle.late", "superseded", Some(Value::Uint(0))));
}

#[wasm_bindgen_test]
async fn a_cascade_of_effects_belongs_to_the_click_that_began_it() {
    let page = Page::show(|| {
        let measured = use_measured("cascade");
        ["a", "b", "c"]
            .map(|name| {
                let steps = [RwSignal::new(0), RwSignal::new(0), RwSignal::new(0)];
                for pair in steps.windows(2) {
                    let (from, to) = (pair[0], pair[1]);
                    Effect::new(move |_| to.set(from.get()));
                }
                let last = Memo::new(move |_| steps[2].get());
                shown(measured, last);
                view! { <button class=name on:click=measured.on(name, move |_| *steps[0].write() += 1)>{last}</button> }
            })
            .collect_view()
    });
    microtasks().await;
    page.click("a");
    page.click("b");
    page.click("c");
    let closed = page.closed(3).await;
    let expected = ["cascade.a", "cascade.b", "cascade.c"].map(|name| (name, "rendered", ONE));
    assert_eq!(closed.iter().map(ended).collect::<Vec<_>>(), expected);
    assert_eq!(page.text(), "111");
}

#[wasm_bindgen_test]
async fn tasks_that_are_woken_in_another_order_render_for_their_own_click() {
    let (wakers, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel::<i32>()).unzip();
    let mut receivers = receivers.into_iter();
    let page = Page::show(move || {
        let measured = use_measured("woken");
        ["a", "b", "c"]
            .map(|name| {
                let value = RwSignal::new(0);
                shown(measured, value);
                let mut receiver = receivers.next();
                let click = measured.on(name, move |_| {
                    let receiver = receiver.take().expect("one click");
                    spawn_local(async move {
                        let received = receiver.await.expect("a value");
                        // After a second pause it still is the same click's task.
                        microtasks().await;
                        value.set(received);
                    });
                });
                view! { <button class=name on:click=click>{value}</button> }
            })
            .collect_view()
    });
    microtasks().await;
    for class in ["a", "b", "c"] {
        page.click(class);
    }
    for (waker, value) in wakers.into_iter().zip([1, 2, 3]).rev() {
        waker.send(value).expect("a task waits");
    }
    let closed = page.closed(3).await;
    for (event, name) in closed.iter().zip(["woken.a", "woken.b", "woken.c"]) {
        assert_eq!(ended(event), (name, "rendered", ONE));
    }
    assert_eq!(page.text(), "123");
}

#[wasm_bindgen_test]
async fn an_action_belongs_to_the_click_that_dispatched_it() {
    let page = Page::show(|| {
        let measured = use_measured("action");
        ["a", "b", "c"]
            .map(|name| {
                let action = Action::new_local(|number: &i32| {
                    let number = *number;
                    async move {
                        microtasks().await;
                        2 * number
                    }
                });
                let value = action.value();
                Effect::new(move |_| {
                    if value.get().is_some() {
                        measured.rendered();
                    }
                });
                let click = measured.on(name, move |_| _ = action.dispatch_local(4));
                view! { <button class=name on:click=click>{move || value.get()}</button> }
            })
            .collect_view()
    });
    microtasks().await;
    ["c", "a", "b"].into_iter().for_each(|class| page.click(class));
    let closed = page.closed(3).await;
    let expected = ["action.c", "action.a", "action.b"].map(|name| (name, "rendered", ONE));
    assert_eq!(closed.iter().map(ended).collect::<Vec<_>>(), expected);
    assert_eq!(page.text(), "888");
}

#[wasm_bindgen_test]
async fn clicks_on_the_same_thing_in_one_frame_each_have_their_re_render() {
    let page = Page::show(|| {
        let measured = use_measured("again");
        let count = RwSignal::new(0);
        shown(measured, count);
        view! { <button class="add" on:click=measured.on("add", move |_| *count.write() += 1)>{count}</button> }
    });
    microtasks().await;
    for _ in 0..3 {
        page.click("add");
        // Between two clicks of a person the browser runs what waits.
        microtasks().await;
    }
    for event in page.closed(3).await {
        assert_eq!(ended(&event), ("again.add", "rendered", ONE));
    }
    assert_eq!(page.text(), "3");
}

/// A limit, written down: an effect that waits for its run already is not woken a second time, so its run is known to have been
/// caused by who woke it first. No click of a person comes that early, but two answers can.
#[wasm_bindgen_test]
async fn one_run_for_three_causes_counts_for_the_first() {
    let page = Page::show(|| {
        let measured = use_measured("shared");
        let count = RwSignal::new(0);
        shown(measured, count);
        view! { <button class="add" on:click=measured.on("add", move |_| *count.write() += 1)>{count}</button> }
    });
    microtasks().await;
    (0..3).for_each(|_| page.click("add"));
    let outcomes: Vec<_> = page.closed(3).await.iter().map(|event| ended(event).1.to_owned()).collect();
    assert_eq!(outcomes, ["rendered", "unchanged", "unchanged"]);
    assert_eq!(page.text(), "3");
}

#[wasm_bindgen_test]
async fn a_component_that_goes_away_leaves_nothing_open() {
    let page = Page::show(|| {
        let shows = RwSignal::new(true);
        let inner = move || {
            let measured = use_measured("gone");
            let count = RwSignal::new(0);
            shown(measured, count);
            let click = measured.on("leave", move |_| {
                *count.write() += 1;
                spawn_local(async move {
                    microtasks().await;
                    _ = count.try_set(7);
                });
                shows.set(false);
            });
            view! { <button class="leave" on:click=click>{count}</button> }
        };
        view! { <Show when=move || shows.get()>{inner()}</Show> }
    });
    microtasks().await;
    page.click("leave");
    let closed = page.closed(1).await;
    assert_eq!(closed[0].get("name"), Some("gone.leave"));
    assert_eq!(page.text(), "");
}

#[server(protocol = Measured<Http<PostUrl, Json>>, prefix = "/web-test", endpoint = "wait")]
async fn wait(ms: u32) -> Result<u32, ServerFnError> {
    Ok(ms)
}

/// Answers `/web-test/` in the page itself, after as many milliseconds as it is asked for; 13 is an error.
fn answer_server_functions() {
    js_sys::eval(
        r#"
        const real = window.fetch;
        window.fetch = async (request, options) => {
            if (!(request instanceof Request) || !request.url.includes("/web-test/")) return real(request, options);
            const ms = Number(new URLSearchParams(await request.text()).get("ms"));
            window.traced = (window.traced ?? []).concat(request.headers.get("traceparent"));
            await new Promise((done) => setTimeout(done, ms));
            if (ms === 13) return new Response("ServerError|no", { status: 500, headers: { serverfnerror: "1" } });
            const headers = { "content-type": "application/json", "server-timing": `total;dur=${ms / 2}` };
            return new Response(JSON.stringify(ms), { headers });
        };
        "#,
    )
    .expect("a script");
}

#[wasm_bindgen_test]
async fn server_functions_that_overlap_keep_their_clicks_apart() {
    static START: Once = Once::new();
    START.call_once(answer_server_functions);
    let page = Page::show(|| {
        let measured = use_measured("server");
        [("slow", 120), ("quick", 20), ("medium", 60), ("broken", 13)]
            .map(|(name, ms)| {
                let value = RwSignal::new(0);
                shown(measured, value);
                let click = measured.on(name, move |_| {
                    spawn_local(async move {
                        if let Ok(answer) = wait(ms).await {
                            value.set(answer);
                        }
                    });
                });
                view! { <button class=name on:click=click>{value}" "</button> }
            })
            .collect_view()
    });
    let calls = capture(&["leptos.server_fn.stop"]);
    microtasks().await;
    ["slow", "quick", "medium", "broken"].into_iter().for_each(|class| page.click(class));
    let closed = page.closed(4).await;
    let mut ends: Vec<_> = closed.iter().map(ended).collect();
    assert_eq!(ends.last().map(|end| end.0), Some("server.slow"), "each at its own time");
    ends.sort_unstable_by_key(|end| end.0);
    assert_eq!(
        ends,
        [
            ("server.broken", "failed", Some(Value::Uint(0))),
            ("server.medium", "rendered", ONE),
            ("server.quick", "rendered", ONE),
            ("server.slow", "rendered", ONE),
        ]
    );
    assert_eq!(page.text(), "120 20 60 0 ");
    for event in closed.iter().filter(|event| event.get("outcome") == Some("rendered")) {
        let ms = |key| event.measurement(key).and_then(|value| value.as_f64()).unwrap_or_default();
        assert!(ms("server") > 0.0 && ms("network") > 0.0, "{event:?}");
    }
    let calls = calls.take();
    assert_eq!(calls.len(), 4, "{calls:?}");
    assert!(calls.iter().all(|call| call.get("name") == Some("wait") && call.get("side") == Some("client")), "{calls:?}");
    assert_eq!(calls.iter().filter(|call| call.get("outcome") == Some("error")).count(), 1);
    for call in &calls {
        let parent =
            closed.iter().find(|event| event.context.map(|context| context.span_id) == call.parent_id).expect("its click");
        assert_eq!(call.context.map(|context| context.trace_id), parent.context.map(|context| context.trace_id));
        let ms = |key| call.measurement(key).and_then(|value| value.as_f64());
        let parts = ["queue", "request", "decode"].map(|key| ms(key).unwrap_or_else(|| panic!("{key}: {call:?}")));
        let whole = parent.measurement("total").and_then(|value| value.as_f64()).unwrap_or_default();
        assert!(ms("offset").expect("an offset") + parts.iter().sum::<f64>() <= whole, "{call:?} {parent:?}");
    }
    let traced = js_sys::Reflect::get(&window(), &"traced".into()).expect("the page has it");
    let traced = js_sys::Array::from(&traced);
    assert!(traced.iter().all(|parent| parent.as_string().is_some_and(|parent| parent.starts_with("00-"))), "{traced:?}");
}
