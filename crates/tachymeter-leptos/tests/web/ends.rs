//! How interactions end: each exactly once, and nothing of it stays.

use super::*;

#[wasm_bindgen_test]
async fn what_comes_after_the_end_is_late_and_not_anothers() {
    let page = Page::show(|| {
        let (value, other) = (RwSignal::new(0), RwSignal::new(0));
        let start = move |_| {
            spawn_local(async move {
                sleep(150).await;
                value.set(1);
            });
        };
        view! {
            <button class="timer" data-measure="timer" on:click=start>{value}</button>
            <button class="other" data-measure="other" on:click=move |_| *other.write() += 1>{other}</button>
        }
    });
    microtasks().await;
    page.click("timer");
    let timer = page.closed(1).await;
    assert_eq!((timer[0].get("name"), timer[0].get("outcome")), (Some("timer"), Some("unchanged")));
    // Another one is opened and closed while the first one's task waits.
    page.click("other");
    let mut seen = Vec::new();
    while !seen.iter().any(|event: &Captured| event.name.ends_with("late")) {
        sleep(10).await;
        seen.extend(page.events.take());
    }
    let late = seen.iter().find(|event| event.name.ends_with("late")).expect("it came");
    assert_eq!((late.get("name"), late.get("event")), (Some("timer"), Some("click")));
    assert_eq!(late.context.map(|context| context.trace_id), timer[0].context.map(|context| context.trace_id));
    assert!(late.measurement("commit").and_then(|value| value.as_f64()).is_some_and(|seconds| seconds >= 0.15), "{late:?}");
    let other = seen.iter().find(|event| event.name.ends_with("stop")).expect("it closed");
    assert_eq!(ended(other), ("other", "rendered", ONE));
    assert_eq!(page.text(), "11");
}

/// An answer that comes while a frame is made is not in it: the paint is that of the next.
#[wasm_bindgen_test]
async fn what_comes_when_the_frame_has_begun_is_shown_by_the_next() {
    let (sender, receiver) = oneshot::channel::<i32>();
    let page = Page::show(move || {
        let value = RwSignal::new(0);
        let mut receiver = Some(receiver);
        let click = move |_| {
            let receiver = receiver.take().expect("one click");
            spawn_local(async move { value.set(receiver.await.expect("a value")) });
        };
        view! { <button class="ask" data-measure="frame" on:click=click>{value}</button> }
    });
    microtasks().await;
    let mut sender = Some(sender);
    let answer =
        wasm_bindgen::closure::Closure::once_into_js(move || sender.take().expect("once").send(7).expect("a task waits"));
    when_a_frame_has_begun(&answer);
    page.click("ask");
    let stop = page.closed(1).await.remove(0);
    assert_eq!(ended(&stop), ("frame", "rendered", ONE));
    let ms = |key| stop.measurement(key).and_then(|value| value.as_f64()).expect("measured");
    assert!(ms("commit") <= ms("settled") && ms("settled") <= ms("frame") && ms("frame") <= ms("total"), "{stop:?}");
}

#[wasm_bindgen_test]
async fn a_message_from_elsewhere_is_nobodys() {
    let page = Page::show(|| {
        let measured = use_measured("elsewhere");
        let count = RwSignal::new(0);
        // Something outside, as a socket: its events set what the click's effect shows.
        let listener = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || *count.write() += 1);
        window().add_event_listener_with_callback("message", listener.as_ref().unchecked_ref()).expect("a listener");
        listener.forget();
        // Open for a while, with an effect that it has run.
        let click = measured.on("wait", move |_| {
            *count.write() += 1;
            spawn_local(async { _ = super::calls::wait(60).await });
        });
        view! { <button class="wait" on:click=click>{count}</button> }
    });
    super::calls::answer_server_functions();
    microtasks().await;
    page.click("wait");
    sleep(20).await;
    window().post_message(&JsValue::NULL, "*").expect("a message");
    assert_eq!(ended(&page.closed(1).await[0]), ("elsewhere.wait", "rendered", ONE), "the message's re-render is not counted");
    assert_eq!(page.text(), "2");
}

#[wasm_bindgen_test]
async fn in_a_hidden_page_it_ends_without_a_paint() {
    let page = Page::show(|| {
        let count = RwSignal::new(0);
        view! { <button class="add" data-measure="hidden" on:click=move |_| *count.write() += 1>{count}</button> }
    });
    microtasks().await;
    hide(true);
    page.click("add");
    let closed = page.closed(1).await;
    hide(false);
    assert_eq!(ended(&closed[0]), ("hidden", "hidden", ONE));
}

#[wasm_bindgen_test]
async fn when_the_page_goes_away_it_is_aborted_once() {
    super::calls::answer_server_functions();
    let page = Page::show(|| {
        let value = RwSignal::new(0);
        let ask = move |_| {
            spawn_local(async move { value.set(super::calls::wait(80).await.unwrap_or_default()) });
        };
        view! { <button class="ask" data-measure="ask" on:click=ask>{value}</button> }
    });
    microtasks().await;
    page.click("ask");
    sleep(20).await;
    assert_eq!(held().0, 1);
    window().dispatch_event(&leptos::web_sys::Event::new("pagehide").expect("an event")).expect("it is taken");
    assert_eq!(held().0, 0);
    // It came back, for example from the browser's memory: the answer closes nothing twice.
    sleep(150).await;
    assert_eq!(page.text(), "80");
    assert_eq!(page.closed(1).await[0].get("outcome"), Some("aborted"));
}

/// Ends all that is on the stack, as a panic does in a browser; but the thread is not marked as panicking, which would end all tests.
fn abort() {
    wasm_bindgen::throw_str("on purpose");
}

#[wasm_bindgen_test]
async fn a_handler_or_an_effect_that_panics_fails_its_interaction_and_no_other() {
    let page = Page::show(|| {
        let measured = use_measured("panic");
        let (count, bad) = (RwSignal::new(0), RwSignal::new(0));
        Effect::new(move |_| {
            if bad.get() > 0 {
                abort()
            }
        });
        let handler = measured.on("handler", move |_| {
            *count.write() += 1;
            abort();
        });
        let effect = move |_| {
            *bad.write() += 1;
            *count.write() += 1;
        };
        view! {
            <button class="handler" on:click=handler>{count}</button>
            <button class="effect" data-measure="panic.effect" on:click=effect></button>
            <button class="good" data-measure="panic.good" on:click=move |_| *count.write() += 1></button>
        }
    });
    microtasks().await;
    for (class, outcome, text) in
        [("handler", "failed", "1"), ("good", "rendered", "2"), ("effect", "failed", "3"), ("good", "rendered", "4")]
    {
        page.click(class);
        let closed = page.closed(1).await;
        assert_eq!((closed[0].get("outcome"), closed[0].measurement("renders")), (Some(outcome), ONE), "{class} {closed:?}");
        assert_eq!(page.text(), text);
    }
}

/// The memory of this module, in bytes: it can grow, and never shrinks.
fn memory() -> u32 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length()
}

/// 100,000 interactions, in the four ways in which one can go on after its handler, and some that ask the server: nothing of them is kept.
#[wasm_bindgen_test]
async fn a_hundred_thousand_interactions_leave_nothing_behind() {
    const ROUNDS: u32 = 200;
    const EACH: u32 = 500;
    /// 16 bytes of each of the last 75,000 would be more.
    const LEAK: u32 = 1_048_576;
    super::calls::answer_server_functions();
    let page = Page::show(|| {
        let (count, next) = (RwSignal::new(0_u32), RwSignal::new(0_u32));
        Effect::new(move |_| next.set(count.get()));
        let action = Action::new_local(move |next: &u32| {
            let next = *next;
            async move { count.set(next) }
        });
        let click = move |_| {
            let number = count.get_untracked();
            match number % 4 {
                _ if number % 1_000 == 999 => spawn_local(async move {
                    _ = super::calls::wait(0).await;
                    count.set(number + 1);
                }),
                0 => count.set(number + 1),
                1 => spawn_local(async move { count.set(number + 1) }),
                2 => _ = action.dispatch_local(number + 1),
                _ => spawn_local(async move {
                    turns(1).await;
                    count.set(number + 1);
                }),
            }
        };
        view! { <button class="go" data-measure="leak" on:click=click>{next}</button> }
    });
    microtasks().await;
    let mut settled = 0;
    for round in 0..ROUNDS {
        for _ in 0..EACH {
            page.click("go");
            turns(4).await;
        }
        if round == ROUNDS / 4 {
            settled = memory();
        }
        let mut ends = Vec::new();
        while ends.len() < EACH as usize {
            sleep(4).await;
            ends.extend(page.events.take().into_iter().filter(|event| event.name.ends_with("stop")));
        }
        assert_eq!(ends.len(), EACH as usize);
        assert!(ends.iter().all(|event| ended(event) == ("leak", "rendered", ONE)), "{ends:?}");
    }
    sleep(60).await;
    let (open, calls, closed) = held();
    assert_eq!((open, calls), (0, 0));
    assert!(closed <= 100, "{closed} are remembered for late re-renders");
    let grown = memory() - settled;
    assert!(grown <= LEAK, "{grown} bytes more than after the first quarter");
}
