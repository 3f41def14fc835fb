//! Without a hook: what becomes an interaction, and what it is called.

use super::*;

/// A view in which each `on` makes something happen.
fn counter() -> (RwSignal<i32>, impl FnMut(leptos::ev::MouseEvent) + Copy) {
    let count = RwSignal::new(0);
    (count, move |_| *count.write() += 1)
}

/// One after the other: the last of them takes all the names that a page may give.
#[wasm_bindgen_test]
async fn names() {
    a_control_is_called_by_its_role_and_name().await;
    what_a_person_typed_is_in_no_name().await;
    nor_is_what_a_person_typed_before().await;
    a_key_a_pointer_and_a_form_are_inputs_too().await;
    a_page_gives_only_so_many_names().await;
}

async fn a_control_is_called_by_its_role_and_name() {
    let page = Page::show(|| {
        let (count, add) = counter();
        view! {
            <p>{count}</p>
            <button class="text" on:click=add>"  Add \n one "<b class="bold">"more"</b></button>
            <button class="labelled" aria-label="Close" on:click=add>"×"</button>
            <a class="link" href="#here" on:click=add>"Somewhere"</a>
            <div class="tab" role="tab" on:click=add>"Second"</div>
            <label>"Agree"<input class="box" type="checkbox" on:change=move |_| *count.write() += 1/></label>
            <span data-measure="cart"><button class="measured" on:click=add>"Add Tea to the cart"</button></span>
            <div class="plain" on:click=add>"Anything"</div>
            <button class="long" on:click=add>{"long ".repeat(20)}</button>
        }
    });
    microtasks().await;
    for (class, event, name) in [
        ("text", "click", "button \"Add one more\""),
        ("bold", "click", "button \"Add one more\""),
        ("labelled", "click", "button \"Close\""),
        ("link", "click", "link \"Somewhere\""),
        ("tab", "click", "tab \"Second\""),
        ("box", "change", "checkbox \"Agree\""),
        ("measured", "click", "cart"),
        ("plain", "click", "div"),
        ("long", "click", "button \"long long long long long long long long \""),
    ] {
        if event == "click" {
            page.click(class)
        } else {
            page.dispatch(class, event)
        }
        let closed = page.closed(1).await;
        assert_eq!((closed[0].get("name"), closed[0].get("event")), (Some(name), Some(event)));
        assert_eq!((closed[0].get("outcome"), closed[0].measurement("renders")), (Some("rendered"), ONE), "{class}");
    }
}

async fn what_a_person_typed_is_in_no_name() {
    const SECRET: &str = "buy milk";
    let page = Page::show(|| {
        let (count, add) = counter();
        let typed = RwSignal::new(SECRET.to_owned());
        view! {
            <p>{count}</p>
            <label>"Note"<input class="field" prop:value=typed on:input=move |_| *count.write() += 1/></label>
            <label>"Text"<textarea class="area" on:input=move |_| *count.write() += 1>{SECRET}</textarea></label>
            <input class="bare" placeholder=SECRET name="note" value=SECRET on:input=move |_| *count.write() += 1/>
            <button class="mirror" on:click=add>"Add "{typed}</button>
            <button class="address" on:click=add>"Sign out somebody@example.org"</button>
            <ul><li><button class="item" on:click=add>{SECRET}</button></li></ul>
            <table><tbody><tr><td><a class="cell" href="#x" on:click=add>{SECRET}</a></td></tr></tbody></table>
            <div class="editable" contenteditable="true" on:input=move |_| *count.write() += 1>{SECRET}</div>
            <div contenteditable="true"><button class="inner" on:click=add>{SECRET}</button></div>
            <nav><ul><li><a class="nav" href="#y" on:click=add>"Home"</a></li></ul></nav>
        }
    });
    microtasks().await;
    for (class, event, name) in [
        ("field", "input", "textbox \"Note\""),
        ("area", "input", "textbox \"Text\""),
        ("bare", "input", "textbox"),
        ("mirror", "click", "button"),
        ("address", "click", "button"),
        ("item", "click", "button"),
        ("cell", "click", "link"),
        ("editable", "input", "textbox"),
        ("inner", "click", "button"),
        ("nav", "click", "link \"Home\""),
    ] {
        if event == "click" {
            page.click(class)
        } else {
            page.dispatch(class, event)
        }
        assert_eq!(page.closed(1).await[0].get("name"), Some(name), "{class}");
    }
}

/// A field that has been emptied since, by a `change` or by Enter, as a list of tasks does.
async fn nor_is_what_a_person_typed_before() {
    let page = Page::show(|| {
        let (count, add) = counter();
        view! {
            <p>{count}</p>
            <input class="name"/>
            <textarea class="task"></textarea>
            <input class="password" type="password"/>
            <button class="menu" on:click=add>"Account of Ada Byron"</button>
            <button class="note" on:click=add>"Undo: write a program"</button>
            <button class="other" on:click=add>"Engine"</button>
        }
    });
    microtasks().await;
    let called = [("menu", "button \"Account of Ada Byron\""), ("note", "button \"Undo: write a program\"")];
    for (class, name) in called {
        page.click(class);
        assert_eq!(page.closed(1).await[0].get("name"), Some(name), "nobody has typed it yet");
    }
    let type_into = |class: &str, text: &str, event: &web_sys::Event| {
        let field = page.find(class);
        let value = |text: &str| js_sys::Reflect::set(&field, &"value".into(), &text.into()).expect("a field");
        value(text);
        _ = field.unchecked_ref::<web_sys::EventTarget>().dispatch_event(event);
        value("");
    };
    let change = || web_sys::Event::new("change").expect("an event");
    let enter = web_sys::KeyboardEventInit::new();
    enter.set_key_code(13);
    type_into("name", " Ada Byron ", &change());
    let enter = web_sys::KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &enter).expect("an event");
    type_into("task", "write a program", &enter);
    type_into("password", "Engine", &change());
    for (class, name) in [("menu", "button"), ("note", "button"), ("other", "button \"Engine\"")] {
        page.click(class);
        assert_eq!(page.closed(1).await[0].get("name"), Some(name), "{class}");
    }
}

/// What isn't a click: a key, a pointer that goes down and up, a form.
async fn a_key_a_pointer_and_a_form_are_inputs_too() {
    let page = Page::show(|| {
        let count = RwSignal::new(0);
        let add = move || *count.write() += 1;
        view! {
            <p>{count}</p>
            <input class="field" aria-label="Search" on:keydown=move |_| add() on:keyup=move |_| add()/>
            <div class="stage" role="slider" aria-label="Size" on:pointerdown=move |_| add() on:pointerup=move |_| add()></div>
            <form class="form" role="search" aria-label="Site" on:submit=move |_| add()></form>
        }
    });
    microtasks().await;
    for (class, event, name) in [
        ("field", "keydown", "textbox \"Search\""),
        ("field", "keyup", "textbox \"Search\""),
        ("stage", "pointerdown", "slider \"Size\""),
        ("stage", "pointerup", "slider \"Size\""),
        ("form", "submit", "search \"Site\""),
    ] {
        page.dispatch(class, event);
        let closed = page.closed(1).await;
        assert_eq!((closed[0].get("name"), closed[0].get("event")), (Some(name), Some(event)));
        assert_eq!(closed[0].get("outcome"), Some("rendered"), "{event}");
    }
    assert_eq!(page.text(), "5");
}

async fn a_page_gives_only_so_many_names() {
    let page = Page::show(|| {
        let (count, add) = counter();
        let many =
            (0..70).map(|n| view! { <button class=format!("n{n}") on:click=add>{format!("Number {n}")}</button> }).collect_view();
        view! { <p>{count}</p>{many} }
    });
    microtasks().await;
    for n in 0..70 {
        page.click(&format!("n{n}"));
        microtasks().await;
    }
    let closed = page.closed(70).await;
    let names: std::collections::BTreeSet<_> = closed.iter().filter_map(|event| event.get("name")).collect();
    assert!((30..=51).contains(&names.len()) && names.contains("button"), "{names:?}");
}

#[wasm_bindgen_test]
async fn an_input_that_nothing_comes_of_is_no_interaction() {
    let page = Page::show(|| {
        let count = RwSignal::new(0);
        view! {
            <button class="silent" on:click=|_| ()>"Nothing"</button>
            <button class="add" on:click=move |_| *count.write() += 1>{count}</button>
        }
    });
    microtasks().await;
    page.click("silent");
    page.closed(0).await;
    // A script's click is nobody's: it belongs to what made it, here to nothing.
    trust_scripts(false);
    page.click("add");
    page.closed(0).await;
    trust_scripts(true);
    page.click("add");
    assert_eq!(page.closed(1).await[0].get("outcome"), Some("rendered"));
}

#[wasm_bindgen_test]
async fn what_a_click_brings_with_it_joins_it() {
    let page = Page::show(|| {
        let measured = use_measured("join");
        let (clicked, changed) = (RwSignal::new(0), RwSignal::new(0));
        view! {
            <div on:click=measured.on("outer", |_| ())>
                <input class="box" type="checkbox"
                    on:click=measured.on("box", move |_| *clicked.write() += 1)
                    on:change=move |_| *changed.write() += 1/>
            </div>
            <p>{clicked}{changed}</p>
        }
    });
    microtasks().await;
    // The browser ticks the box and says so by an `input` and a `change`, each an event of its own.
    page.click("box");
    let closed = page.closed(1).await;
    assert_eq!((closed[0].get("name"), closed[0].get("event")), (Some("join.box"), Some("click")));
    assert_eq!(page.text(), "11");
}

#[wasm_bindgen_test]
async fn a_hook_gives_its_tags_to_what_it_names() {
    let page = Page::show(|| {
        let outer = use_measured("outer").tags(&[("plan", "outer"), ("place", "around")]);
        let inner = use_measured("inner");
        let (free, paid) = (inner.tags(&[("plan", "free")]), inner.tags(&[("plan", "paid"), ("size", "big")]));
        view! {
            <div class="around" on:click=outer.on("click", |_| ())>
                <button class="free" on:click=free.on("click", |_| ())></button>
                <button class="paid" on:click=paid.on("click", |_| ())></button>
                <button class="none" on:click=inner.on("click", |_| ())></button>
            </div>
        }
    });
    microtasks().await;
    for (class, name, tags) in [
        ("free", "inner.click", &[("plan", "free")][..]),
        ("paid", "inner.click", &[("plan", "paid"), ("size", "big")]),
        ("none", "inner.click", &[]),
        ("around", "outer.click", &[("plan", "outer"), ("place", "around")]),
    ] {
        page.click(class);
        let stop = page.closed(1).await.remove(0);
        assert_eq!((stop.get("name"), stop.get("outcome")), (Some(name), Some("unchanged")));
        let told: Vec<_> = stop.metadata[3..].iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(told, tags, "{class}");
    }
}
