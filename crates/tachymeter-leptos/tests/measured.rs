//! What `#[measured]` makes of components, server functions and event handlers on the server, above and below Leptos' own attributes.
#![cfg(feature = "ssr")]

use axum::body::Body;
use http::Request;
use leptos::ev::{Event, MouseEvent};
use leptos::prelude::*;
use leptos::server_fn::axum::handle_server_fn;
use tachymeter::testing::capture;
use tachymeter::{Context, measured};

#[measured]
#[component]
fn ColourButtons(count: ReadSignal<i32>, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let inner = children.map(|children| children());
    view! { <section>{count}{inner}</section> }
}

#[component]
#[measured(name = "shop.cart")]
fn Cart(#[prop(into)] title: String) -> impl IntoView {
    let count = RwSignal::new(0);
    if title.is_empty() {
        return view! { <p>"empty"</p> }.into_any();
    }
    view! { <p on:click=add(count)>{title}</p> }.into_any()
}

#[measured]
fn add(count: RwSignal<i32>) -> impl Fn(MouseEvent) + Clone + use<> {
    move |event| {
        event.prevent_default();
        *count.write() += 1;
    }
}

#[measured(name = "shop.emptied")]
fn empty(_: Event, mut left: Vec<u8>) -> usize {
    left.clear();
    left.len()
}

#[test]
fn a_component_is_a_span_and_names_what_is_inside() {
    let events = capture(&["leptos.view.start", "leptos.view.stop"]);
    let html = Owner::new().with(|| {
        let (count, _) = signal(3);
        view! { <ColourButtons count><Cart title="cart"/><Cart title=""/></ColourButtons> }.to_html()
    });
    let events = events.take();
    let seen: Vec<_> = events.iter().map(|event| (event.name.as_str(), event.get("name").unwrap_or_default())).collect();
    assert_eq!(seen[0], ("leptos.view.start", "colour_buttons"));
    assert_eq!(seen.iter().filter(|seen| **seen == ("leptos.view.stop", "shop.cart")).count(), 2);
    assert!(html.starts_with("<section data-measured=\"colour_buttons\">3"), "{html}");
    assert_eq!(html.matches("<p data-measured=\"shop.cart\">").count(), 2, "{html}");
}

#[test]
fn what_a_component_provides_ends_with_it() {
    #[measured]
    #[component]
    fn Inner() -> impl IntoView {
        provide_context("inner");
        use_context::<tachymeter_leptos::UseMeasured>().is_some()
    }
    Owner::new().with(|| {
        _ = view! { <Inner/> }.to_html();
        assert_eq!(use_context::<&str>(), None);
        assert!(use_context::<tachymeter_leptos::UseMeasured>().is_none());
    });
}

#[test]
fn handlers_keep_their_types() {
    fn takes(_: impl Fn(MouseEvent) + Clone + 'static, _: impl Fn(Event, Vec<u8>) -> usize) {}
    Owner::new().with(|| takes(add(RwSignal::new(1)), empty));
}

#[measured]
#[server(endpoint = "above", server = leptos::server_fn::axum::AxumServerFnBackend)]
async fn above(number: i32) -> Result<Option<String>, ServerFnError> {
    answer(number)
}

#[server(endpoint = "below", server = leptos::server_fn::axum::AxumServerFnBackend)]
#[measured]
async fn below(number: i32) -> Result<Option<String>, ServerFnError> {
    if number < 0 {
        return Err(ServerFnError::new("negative"));
    }
    let answer = answer(number)?;
    Ok(answer)
}

fn answer(number: i32) -> Result<Option<String>, ServerFnError> {
    let span = || Context::current().map(|context| context.span_id.to_string());
    if number == 0 { Err(ServerFnError::new("zero")) } else { Ok(span()) }
}

#[tokio::test]
async fn a_server_function_is_a_span_when_a_page_calls_it() {
    let events = capture(&["leptos.server_fn.start", "leptos.server_fn.stop"]);
    let inside = [above(1).await.unwrap(), below(1).await.unwrap()];
    assert!(above(0).await.is_err() && below(0).await.is_err() && below(-1).await.is_err());
    let ends: Vec<_> = events.take().into_iter().filter(|event| event.name.ends_with("stop")).collect();
    let seen: Vec<_> = ends.iter().map(|end| (end.get("name").unwrap(), end.get("outcome").unwrap())).collect();
    assert_eq!(seen, [("above", "ok"), ("below", "ok"), ("above", "error"), ("below", "error"), ("below", "error")]);
    for (end, inside) in ends.iter().zip(inside) {
        assert_eq!(end.get("side"), Some("server"));
        assert_eq!(inside, end.context.map(|context| context.span_id.to_string()), "it is current inside");
    }
}

#[tokio::test]
async fn a_server_function_is_one_span_when_a_request_calls_it_under_the_requests_span() {
    for name in ["above", "below"] {
        let events = capture(&["leptos.server_fn.stop"]);
        let request = Request::post(format!("/api/{name}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("number=1"))
            .unwrap();
        let around = Context::new_root();
        let answer = tachymeter::WithContext::with_context(handle_server_fn(request), around).await;
        assert_eq!(answer.status(), 200);
        let [end] = &events.take()[..] else { panic!("one span") };
        assert_eq!((end.get("name"), end.get("outcome")), (Some(name), Some("ok")));
        assert_eq!((end.parent_id, end.context.map(|it| it.trace_id)), (Some(around.span_id), Some(around.trace_id)));
    }
}
