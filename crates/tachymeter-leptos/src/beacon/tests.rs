//! What the beacon believes, and what it refuses.

use super::*;
use futures::stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tachymeter::testing::capture;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn load(measurement: &str, value: f64, route: &str) -> WireEvent {
    WireEvent("leptos.page.load".into(), vec![(measurement.into(), value, true)], vec![("route".into(), route.into())])
}

fn beacon() -> Beacon {
    Beacon::new(Limits { max_values: 2, max_bytes: 1_000, ..Limits::default() })
}

fn post(headers: &[(&str, &str)], body: Body) -> http::Request<Body> {
    let request = http::Request::post("/").header("content-type", "application/json");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(body).expect("a request")
}

#[test]
fn only_finite_numbers_in_range_are_believed() {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::MIN_POSITIVE, 60.001, 0.0, -0.0, 60.0];
    let events = values.map(|value| load("total", value, "/")).into();
    let accepted = beacon().accept(Batch { events, ..Batch::default() }).expect("not too many");
    assert_eq!(accepted.rejected.iter().map(|rejection| rejection.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(accepted.accepted, 3);
}

#[test]
fn what_is_executed_is_what_was_sent_and_what_is_refused_is_counted() {
    let captured = capture(&["leptos.page.load", "leptos.beacon.rejected", "leptos.beacon.dropped"]);
    let events = vec![load("total", 0.5, "/"), load("nothing", 0.5, "/")];
    let batch = Batch { events, dropped: u64::MAX, ..Batch::default() };
    beacon().accept(batch).expect("not too many");
    let seen = captured.take();
    assert_eq!(
        seen.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(),
        ["leptos.beacon.dropped", "leptos.page.load", "leptos.beacon.rejected"]
    );
    assert_eq!(seen[0].measurement("count"), Some(Value::Uint(1_000_000)), "nobody has given up on more than that");
    assert_eq!(seen[1].measurement("total"), Some(Value::Duration(Duration::from_millis(500))));
    assert_eq!(seen[2].get("reason"), Some("event"));
}

#[test]
fn the_applications_tags_are_those_that_it_lists() {
    let captured = capture(&["leptos.interaction.stop"]);
    let beacon = Beacon::new(Limits { tags: &["plan"], ..Limits::default() });
    let tagged = |name: &str, key: &str| {
        let tags = vec![("name".to_owned(), "a".to_owned()), (key.to_owned(), "free".to_owned())];
        WireEvent(name.into(), Vec::new(), tags)
    };
    let events = vec![
        tagged("leptos.interaction.stop", "plan"),
        tagged("leptos.interaction.stop", "shoe_size"),
        tagged("leptos.interaction.start", "plan"),
    ];
    let rejected = beacon.accept(Batch { events, ..Batch::default() }).expect("not too many").rejected;
    let reasons: Vec<_> = rejected.iter().map(|it| (it.index, it.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (1, "undeclared metadata \"shoe_size\": declared are name, event, outcome, plan"),
            (2, "undeclared metadata \"plan\": declared are name, event")
        ]
    );
    assert_eq!(captured.take()[0].get("plan"), Some("free"));
}

fn stop(trace: &str, span: &str) -> WireEvent {
    let ids = [("trace_id", trace), ("span_id", span)].map(|(key, text)| (key.to_owned(), text.to_owned()));
    WireEvent("leptos.interaction.stop".into(), vec![("total".into(), 0.1, true)], ids.into())
}

#[test]
fn spans_are_joined_to_traces_of_their_own_page_only_and_once() {
    let captured = capture(&["leptos.interaction.stop", "leptos.beacon.rejected"]);
    let (beacon, page, another) = (beacon(), prefix::issue(), prefix::issue());
    let (own, foreign) = (format!("{page}0000000000000001"), format!("{another}0000000000000001"));
    let events = vec![stop(&own, "00000000000000aa"), stop(&own, "00000000000000aa"), stop(&foreign, "00000000000000ab")];
    let accepted = beacon.accept(Batch { events, page, ..Batch::default() }).expect("not too many");
    assert_eq!(accepted.rejected.iter().map(|it| it.index).collect::<Vec<_>>(), [2], "only the foreign one is an error");
    let made_up = Batch { events: vec![stop(&own, "00000000000000ac")], page: "0".repeat(16), ..Batch::default() };
    assert!(beacon.accept(made_up).expect("not too many").rejected.is_empty());
    let seen: Vec<_> = captured.take().into_iter().map(|it| (it.context, it.get("reason").map(str::to_owned))).collect();
    let trace = seen[0].0.expect("a place").trace_id.to_string();
    assert_eq!(trace, own);
    let reasons: Vec<_> = seen.iter().filter_map(|(_, reason)| reason.as_deref()).collect();
    assert_eq!(reasons, ["twice", "trace", "page"]);
    assert_eq!((seen.len(), seen[4].0), (5, None), "what a page of another server measured still counts");
}

#[test]
fn beyond_the_limit_new_values_are_other() {
    let events = capture(&["leptos.page.load"]);
    let loads = ["/a", "/b", "/c", "/a", "/d"].map(|route| load("total", 0.5, route)).into();
    beacon().accept(Batch { events: loads, ..Batch::default() }).expect("not too many");
    let routes: Vec<_> = events.take().iter().map(|event| event.get("route").unwrap_or_default().to_owned()).collect();
    assert_eq!(routes, ["/a", "/b", "other", "/a", "other"]);
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_off() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let endless = stream::repeat_with(move || {
        count.fetch_add(100, Ordering::Relaxed);
        Ok::<_, std::convert::Infallible>([b' '; 100].to_vec())
    });
    let answer = beacon().handle(PEER, post(&[], Body::from_stream(endless))).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(sent.load(Ordering::Relaxed) <= 1_200, "{sent:?}");
}

#[tokio::test]
async fn only_our_own_pages_and_no_browser_at_all_are_heard() {
    for (headers, status) in [
        (&[][..], 204),
        (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], 204),
        (&[("sec-fetch-site", "cross-site"), ("origin", "http://here"), ("host", "here")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[("origin", "http://here:80"), ("host", "here:80")], 204),
        (&[("origin", "http://here"), ("host", "there")], 403),
        (&[("origin", "http://here")], 403),
        (&[("origin", "null"), ("host", "null")], 403),
    ] {
        let answer = beacon().handle(PEER, post(headers, Body::from("{\"events\":[]}"))).await;
        assert_eq!(answer.status().as_u16(), status, "{headers:?}");
    }
}
