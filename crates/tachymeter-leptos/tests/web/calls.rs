//! Server functions, resources, Suspense: the answer belongs to the click that asked.

use super::*;

#[server(protocol = Measured<Http<PostUrl, Json>>, prefix = "/web-test", endpoint = "wait")]
pub(crate) async fn wait(ms: u32) -> Result<u32, ServerFnError> {
    Ok(ms)
}

/// Answers `/web-test/` in the page itself, after as many milliseconds as it is asked for; 13 is an error.
pub(crate) fn answer_server_functions() {
    static START: Once = Once::new();
    START.call_once(replace_fetch);
}

fn replace_fetch() {
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
    answer_server_functions();
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

fn ms(event: &Captured, key: &str) -> f64 {
    1000.0 * event.measurement(key).and_then(|value| value.as_f64()).unwrap_or_default()
}

#[wasm_bindgen_test]
async fn a_resource_is_loaded_for_the_click_that_changed_its_source() {
    answer_server_functions();
    let page = Page::show(|| {
        let source = RwSignal::new(0);
        let load = |ms| async move { if ms > 0 { wait(ms).await.unwrap_or_default() } else { 0 } };
        let answer = Resource::new(move || source.get(), load);
        view! {
            <Suspense fallback=|| "…">{move || Suspend::new(async move { answer.await })}</Suspense>
            <button class="slow" data-measure="slow" on:click=move |_| source.set(90)></button>
            <button class="quick" data-measure="quick" on:click=move |_| source.set(40)></button>
        }
    });
    microtasks().await;
    let calls = capture(&["leptos.server_fn.stop"]);
    page.click("slow");
    let closed = page.closed(1).await;
    assert_eq!((closed[0].get("name"), closed[0].get("outcome")), (Some("slow"), Some("rendered")));
    assert!(ms(&closed[0], "server") > 0.0 && ms(&closed[0], "commit") >= 90.0, "{closed:?}");
    assert_eq!(page.text(), "90");
    assert_eq!(calls.take()[0].parent_id, closed[0].context.map(|context| context.span_id));
    // While the first is loaded a second click changes the source: each has its own call and its own answer.
    page.click("quick");
    sleep(5).await;
    page.click("slow");
    let closed = page.closed(2).await;
    assert_eq!(page.text(), "90");
    let calls = calls.take();
    assert_eq!(calls.len(), 2, "{calls:?}");
    for (name, call) in ["quick", "slow"].into_iter().zip(&calls) {
        let of_call = closed.iter().find(|event| event.context.map(|context| context.span_id) == call.parent_id);
        assert_eq!(of_call.and_then(|event| event.get("name")), Some(name), "{calls:?} {closed:?}");
        assert_eq!(
            of_call.and_then(|event| event.context).map(|context| context.trace_id),
            call.context.map(|context| context.trace_id)
        );
    }
    assert!(closed.iter().all(|event| event.get("outcome") == Some("rendered")), "{closed:?}");
}

#[wasm_bindgen_test]
async fn a_transition_keeps_what_it_shows_and_belongs_to_its_click() {
    answer_server_functions();
    let page = Page::show(|| {
        let source = RwSignal::new(0);
        let pending = RwSignal::new(false);
        let answer = LocalResource::new(move || {
            let ms = source.get();
            async move { if ms > 0 { wait(ms).await.unwrap_or_default() } else { 0 } }
        });
        view! {
            <Transition fallback=|| "…" set_pending=pending>{move || Suspend::new(async move { answer.await })}</Transition>
            <i>{move || if pending.get() { "pending" } else { "" }}</i>
            <button class="load" data-measure="load" on:click=move |_| source.set(40)></button>
        }
    });
    microtasks().await;
    page.click("load");
    let closed = page.closed(1).await;
    assert_eq!((closed[0].get("name"), closed[0].get("outcome")), (Some("load"), Some("rendered")));
    assert!(ms(&closed[0], "first_render") < 40.0 && ms(&closed[0], "commit") >= 40.0, "{closed:?}");
    assert_eq!(page.text(), "40");
}

#[wasm_bindgen_test]
async fn a_call_that_the_page_no_longer_wants_is_aborted_and_its_click_superseded() {
    answer_server_functions();
    let calls = capture(&["leptos.server_fn.aborted", "leptos.server_fn.stop"]);
    let page = Page::show(|| {
        let action = Action::new_local(|ms: &u32| wait(*ms));
        let last = StoredValue::new_local(None);
        let dispatch = move |ms| {
            if let Some(earlier) = last.try_update_value(|last: &mut Option<ActionAbortHandle>| last.take()).flatten() {
                earlier.abort();
            }
            last.set_value(Some(action.dispatch_local(ms)));
        };
        view! {
            <p>{move || action.value().get().and_then(Result::ok)}</p>
            <button class="old" data-measure="old" on:click=move |_| dispatch(500)></button>
            <button class="new" data-measure="new" on:click=move |_| dispatch(20)></button>
        }
    });
    microtasks().await;
    page.click("old");
    sleep(5).await;
    page.click("new");
    let closed = page.closed(2).await;
    let mut ends: Vec<_> =
        closed.iter().map(|event| (event.get("name").expect("a name"), event.get("outcome").expect("one"))).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("new", "rendered"), ("old", "superseded")]);
    assert_eq!(page.text(), "20");
    let calls: Vec<_> = calls.take().into_iter().map(|call| call.name).collect();
    assert_eq!(calls, ["leptos.server_fn.aborted", "leptos.server_fn.stop"]);
}
