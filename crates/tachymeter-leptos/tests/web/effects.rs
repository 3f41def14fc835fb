//! Effects, tasks and actions: each re-render belongs to the click that began it.

use super::*;

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

/// `reactive_graph` can't be seen to wake an effect that is queued already. So what one click has woken runs before anything of the
/// next, and each has a re-render of its own, also when both change the same signal in one go.
#[wasm_bindgen_test]
async fn three_answers_in_one_go_that_change_one_signal_are_three_re_renders() {
    let (wakers, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel::<i32>()).unzip();
    let mut receivers = receivers.into_iter();
    let page = Page::show(move || {
        let measured = use_measured("together");
        let sum = RwSignal::new(0);
        let double = Memo::new(move |_| 2 * sum.get());
        ["a", "b", "c"]
            .map(|name| {
                let mut receiver = receivers.next();
                let click = measured.on(name, move |_| {
                    let receiver = receiver.take().expect("one click");
                    spawn_local(async move { *sum.write() += receiver.await.expect("a value") });
                });
                view! { <button class=name on:click=click>{double}</button> }
            })
            .collect_view()
    });
    microtasks().await;
    for class in ["a", "b", "c"] {
        page.click(class);
        microtasks().await;
    }
    for (waker, value) in wakers.into_iter().zip([1, 10, 100]) {
        waker.send(value).expect("a task waits");
    }
    let closed = page.closed(3).await;
    let expected = ["together.a", "together.b", "together.c"].map(|name| (name, "rendered", ONE));
    assert_eq!(closed.iter().map(ended).collect::<Vec<_>>(), expected);
    assert!(closed.iter().all(|event| event.measurement("shared") == Some(Value::Uint(0))), "{closed:?}");
    assert_eq!(page.text(), "222222222");
}

/// A task that waits for both clicks goes on because of both.
#[wasm_bindgen_test]
async fn a_re_render_that_two_clicks_have_caused_is_counted_for_each_and_said_to_be_shared() {
    let (first, second) = (oneshot::channel::<i32>(), oneshot::channel::<i32>());
    let page = Page::show(move || {
        let (sum, alone) = (RwSignal::new(0), RwSignal::new(0));
        spawn_local(async move {
            let (one, two) = futures::future::join(first.1, second.1).await;
            microtasks().await;
            sum.set(one.unwrap_or_default() + two.unwrap_or_default());
        });
        let press = |sender: oneshot::Sender<i32>, number| {
            let mut sender = Some(sender);
            move |_| {
                *alone.write() += number;
                sender.take().expect("one click").send(number).expect("a task waits");
            }
        };
        view! {
            <p>{sum}</p>
            <button class="a" data-measure="a" on:click=press(first.0, 1)>{alone}</button>
            <button class="b" data-measure="b" on:click=press(second.0, 10)></button>
            <button class="c" data-measure="c" on:click=move |_| alone.set(0)></button>
        }
    });
    microtasks().await;
    for class in ["a", "b", "c"] {
        page.click(class);
        turns(2).await;
    }
    let closed = page.closed(3).await;
    let seen: Vec<_> = closed.iter().map(|event| (ended(event), event.measurement("shared"))).collect();
    let (none, one, two) = (Some(Value::Uint(0)), ONE, Some(Value::Uint(2)));
    assert_eq!(
        seen,
        [(("a", "rendered", two), one), (("b", "rendered", two), one), (("c", "rendered", ONE), none)],
        "each has one of its own, and a and b one together"
    );
    assert_eq!(page.text(), "110");
}

/// A timer's callback has no cause, but the task that waits for it remembers its own.
#[wasm_bindgen_test]
async fn a_timer_that_is_awaited_goes_on_for_the_click_that_waits_for_it() {
    super::calls::answer_server_functions();
    let page = Page::show(|| {
        [("long", 60), ("short", 20)]
            .map(|(name, ms)| {
                let value = RwSignal::new(0);
                let click = move |_| {
                    spawn_local(async move {
                        // Keeps the interaction open; the timer alone would not.
                        let call = super::calls::wait(100);
                        let timer = async {
                            sleep(ms).await;
                            value.set(ms);
                        };
                        _ = futures::future::join(call, timer).await;
                    });
                };
                view! { <button class=name data-measure=name on:click=click>{value}" "</button> }
            })
            .collect_view()
    });
    microtasks().await;
    page.click("long");
    page.click("short");
    for event in page.closed(2).await {
        let (name, outcome, renders) = ended(&event);
        assert_eq!((outcome, renders), ("rendered", ONE), "{event:?}");
        let due = if name == "long" { 0.060 } else { 0.020 };
        let commit = event.measurement("commit").and_then(|value| value.as_f64()).expect("a commit");
        // Its call ends later, so the last re-render is counted from there.
        assert!(commit >= due, "{event:?}");
        let first = event.measurement("first_render").and_then(|value| value.as_f64()).expect("one");
        assert!(first >= due - 0.001 && first < commit, "its own timer's: {event:?}");
    }
    assert_eq!(page.text(), "60 20 ");
}

/// What an effect draws where the document doesn't change, only the hook can say.
#[wasm_bindgen_test]
async fn what_the_document_does_not_show_is_said_by_the_hook() {
    let page = Page::show(|| {
        let measured = use_measured("canvas");
        let (said, unsaid) = (RwSignal::new(0), RwSignal::new(0));
        shown(measured, said);
        Effect::new(move |_| unsaid.track());
        view! {
            <canvas></canvas>
            <button class="said" on:click=measured.on("said", move |_| *said.write() += 1)></button>
            <button class="unsaid" on:click=measured.on("unsaid", move |_| *unsaid.write() += 1)></button>
        }
    });
    microtasks().await;
    for (class, outcome, renders) in [("said", "rendered", 1), ("unsaid", "unchanged", 0)] {
        page.click(class);
        let stop = page.closed(1).await.remove(0);
        assert_eq!(ended(&stop), (format!("canvas.{class}").as_str(), outcome, Some(Value::Uint(renders))));
    }
}
