//! The bridges: real sqlx, tower-http and `metrics` on the one side, our events on the other, and no circles between.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use metrics::Recorder as _;
use tachymeter::testing::capture;
use tachymeter::{Context, Value};
use tachymeter_metrics::bridge::metrics::Recorder;
use tachymeter_metrics::bridge::tracing::Bridge;
use tachymeter_metrics::reporter::{Log, LogOptions};
use tachymeter_metrics::{Metric, Subscription, bridge};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::trace::TraceLayer;
use tracing::Instrument;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::{Layer, SubscriberExt};

tachymeter::events! {
    /// What these tests hear.
    pub EVENTS;
    /// A query of sqlx.
    pub event SQLX_QUERY = "heard.sqlx.query" { elapsed_secs, rows_returned } [summary];
    /// A request of tower-http.
    pub span TOWER_REQUEST = "heard.tower.request" {} [method, uri];
    /// An event of a crate.
    pub event LINE = "heard.line" { count, size } [level, target, message, who, ok];
    /// A span of a crate.
    pub span PIECE = "heard.piece" { size } [who, late];
    /// A span of ours.
    pub span OURS = "heard.ours" {} [];
}

fn bridge() -> Bridge {
    Bridge::new()
        .event("sqlx::query", &SQLX_QUERY)
        .span("tower_http::trace::make_span", "request", &TOWER_REQUEST)
        .event("other", &LINE)
        .span("other", "piece", &PIECE)
}

/// How long a thread of sqlx may take to say something.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// An event that was heard: its context, its parent, and whatever it says as text.
type Seen = (Option<Context>, Option<tachymeter::SpanId>, HashMap<String, String>);

#[tokio::test]
async fn queries_of_sqlx_and_requests_of_tower_are_heard_with_their_places() {
    let (say, heard) = std::sync::mpsc::channel();
    let names = ["heard.sqlx.query", "heard.tower.request.start", "heard.tower.request.stop"];
    let _attached = tachymeter::attach("sqlx and tower", &names, move |event| {
        let texts =
            event.metadata().iter().chain(event.measurements()).map(|(key, value)| ((*key).to_owned(), value.to_string()));
        _ = say.send((event.name().to_owned(), (event.context(), event.parent_id(), texts.collect())));
    })
    .unwrap();
    // For the whole program, as sqlx runs SQLite in threads of its own. Other tests have their own in their threads.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(bridge().layer())).unwrap();
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let answer = service_fn(move |_: Request<String>| {
        let pool = pool.clone();
        async move {
            sqlx::query("select 41 union select 42").fetch_all(&pool).await.unwrap();
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    });
    let mut service = ServiceBuilder::new().layer(TraceLayer::new_for_http()).service(answer);
    let request = Request::get("/orders").body(String::new()).unwrap();
    drop(service.ready().await.unwrap().call(request).await.unwrap());
    // SQLite's thread says it when it has cleared up. Other tests say things as well.
    let is_ours = |(name, (_, _, texts)): &(String, Seen)| match name.as_str() {
        "heard.sqlx.query" => texts["summary"].starts_with("select 41"),
        _ => true,
    };
    let events: HashMap<String, Seen> =
        std::iter::from_fn(|| heard.recv_timeout(PATIENCE).ok()).filter(is_ours).take(3).collect();
    let (request, parent, _) = events["heard.tower.request.start"];
    assert!(request.is_some() && parent.is_none());
    let (context, _, texts) = &events["heard.tower.request.stop"];
    assert_eq!((*context, texts["method"].as_str(), texts["uri"].as_str()), (request, "GET", "/orders"));
    let (context, _, texts) = &events["heard.sqlx.query"];
    assert_eq!((*context, texts["rows_returned"].as_str()), (request, "2"));
    assert!(texts["elapsed_secs"].parse::<f64>().unwrap() > 0.0);
}

#[test]
fn fields_that_are_declared_are_taken_and_others_are_not() {
    let heard = capture(&["heard.line"]);
    with_default(tracing_subscriber::registry().with(bridge().layer()), || {
        tracing::info!(target: "other", size = 7u64, who = "me", ok = true, secret = "x", "said {}", 1);
        tracing::info!(target: "other::inner", size = -2.5, who = ?Some(1), count = 5u64);
        tracing::info!(target: "another", size = 1u64);
    });
    let events = heard.take();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!((events[0].measurement("size"), events[0].measurement("count")), (Some(Value::Uint(7)), Some(Value::Uint(1))));
    let told: HashMap<&str, &str> = events[0].metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let expected = [("level", "INFO"), ("target", "other"), ("message", "said 1"), ("who", "me"), ("ok", "true")];
    assert_eq!(told, HashMap::from(expected));
    assert_eq!((events[1].measurement("size"), events[1].measurement("count")), (Some(Value::Float(-2.5)), Some(Value::Uint(5))));
    assert_eq!(events[1].get("who"), Some("Some(1)"));
}

#[test]
fn a_span_has_its_parent_whichever_side_it_is_on_and_what_was_recorded_later() {
    let heard = capture(&["heard.piece.stop", "heard.ours.stop"]);
    with_default(tracing_subscriber::registry().with(bridge().layer()), || {
        let outer = OURS.start(&[]);
        outer.in_scope(|| {
            let span = tracing::info_span!(target: "other", "piece", who = "outer", size = 3u64, late = tracing::field::Empty);
            span.in_scope(|| {
                OURS.run(&[], || ());
                let explicit = tracing::info_span!(target: "other", parent: &span, "piece", who = "explicit");
                let root = tracing::info_span!(target: "other", parent: None, "piece", who = "root");
                // Out of order.
                let (first, second) = (explicit.enter(), root.enter());
                drop(first);
                drop(second);
            });
            span.record("late", "yes");
        });
        assert_eq!(Context::current(), None);
        outer.stop(&[], &[]);
    });
    let events = heard.take();
    let named = |who: &str| events.iter().find(|event| event.get("who") == Some(who)).unwrap();
    let ours: Vec<_> = events.iter().filter(|event| event.name == "heard.ours.stop").collect();
    let (inner, outer) = (ours[0], ours[1]);
    assert_eq!(named("outer").parent_id, outer.context.map(|context| context.span_id));
    assert_eq!(inner.parent_id, named("outer").context.map(|context| context.span_id));
    assert_eq!(named("explicit").parent_id, named("outer").context.map(|context| context.span_id));
    assert_eq!(named("root").parent_id, None);
    assert_ne!(named("root").context.map(|context| context.trace_id), outer.context.map(|context| context.trace_id));
    assert_eq!((named("outer").get("late"), named("outer").measurement("size")), (Some("yes"), Some(Value::Uint(3))));
    assert!(named("outer").measurement("duration").is_some());
}

#[tokio::test]
async fn a_span_follows_its_future_and_tells_a_panic() {
    let heard = capture(&["heard.piece.stop", "heard.piece.exception", "heard.ours.stop"]);
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(bridge().layer()));
    let work = async {
        tokio::task::yield_now().await;
        OURS.run(&[], || ());
    };
    let other = async {
        tokio::task::yield_now().await;
        assert_eq!(Context::current(), None, "not inside the span that its neighbour is in");
    };
    tokio::join!(work.instrument(tracing::info_span!(target: "other", "piece", who = "future")), other);
    let panicked = std::panic::catch_unwind(|| {
        let _span = tracing::info_span!(target: "other", "piece", who = "panics").entered();
        panic!("as it must");
    });
    assert!(panicked.is_err() && Context::current().is_none());
    let events = heard.take();
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["heard.ours.stop", "heard.piece.stop", "heard.piece.exception"]);
    assert_eq!(events[0].parent_id, events[1].context.map(|context| context.span_id));
}

/// A layer that counts, and has a filter of its own.
#[derive(Clone, Default)]
struct Count(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.lock().unwrap().push(event.metadata().target().to_owned());
    }
}

#[test]
fn the_log_and_handlers_that_use_tracing_do_not_go_in_circles() {
    let heard = capture(&["heard.line"]);
    // It asks for everything, the log's own lines among them.
    let bridge = Bridge::new().event("tachymeter", &LINE).event("other", &LINE);
    let count = Count::default();
    let metric = Metric::counter("heard.line.count").build().unwrap();
    let _log = Log::start(vec![metric], LogOptions::default()).unwrap();
    let _chatty =
        tachymeter::attach("chatty", &["heard.line"], |_| tracing::info!(target: "other", "I heard something")).unwrap();
    with_default(tracing_subscriber::registry().with(bridge.layer()).with(count.clone()), || {
        tracing::info!(target: "other", "one");
        tracing::info!(target: "other", "two");
    });
    assert_eq!(heard.take().len(), 2, "nothing but what was said outside");
    let others = count.0.lock().unwrap().iter().filter(|target| *target == "other").count();
    assert!(others >= 2, "another layer gets what it wants");
}

/// What a metric of [`bridge::metrics::metrics`] got: its value and its tags.
type Heard = Arc<Mutex<Vec<(u32, f64, Vec<(String, String)>)>>>;

fn hear() -> (Heard, tachymeter::Attached) {
    let (heard, subscription) = (Heard::default(), Subscription::new(bridge::metrics::metrics().unwrap()));
    let into = Arc::clone(&heard);
    let attached = subscription.attach("test", move |subscription, event| {
        subscription.for_each(event, |index, datapoint| into.lock().unwrap().push((index, datapoint.value, datapoint.tags())));
    });
    (heard, attached.unwrap())
}

/// Tests of this file that listen to the three events hear one another.
static ALONE: Mutex<()> = Mutex::new(());

fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn counters_gauges_and_histograms_become_datapoints_with_their_labels() {
    let _alone = ALONE.lock().unwrap();
    let (heard, _attached) = hear();
    metrics::with_local_recorder(&Recorder::default(), || {
        metrics::counter!("jobs", "queue" => "mail").increment(2);
        metrics::counter!("jobs", "queue" => "mail").absolute(5);
        metrics::counter!("jobs", "queue" => "mail").absolute(4);
        metrics::gauge!("depth").set(3.5);
        metrics::gauge!("depth").increment(1.0);
        metrics::gauge!("depth").decrement(2.0);
        metrics::histogram!("size", "metric" => "odd").record(0.25);
    });
    let mail = tags(&[("metric", "jobs"), ("queue", "mail")]);
    let depth = tags(&[("metric", "depth")]);
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let expected = [
        (0, 2.0, mail.clone()),
        (0, 3.0, mail),
        (1, 3.5, depth.clone()),
        (1, 4.5, depth.clone()),
        (1, 2.5, depth),
        (2, 0.25, tags(&[("metric", "size"), ("metric", "odd")])),
    ];
    assert_eq!(heard, expected);
}

#[test]
fn many_labels_are_all_there_and_many_metrics_have_an_end() {
    let _alone = ALONE.lock().unwrap();
    let (heard, _attached) = hear();
    let recorder = Recorder::default();
    let labels: Vec<(String, String)> = (0..20).map(|n| (format!("label{n}"), n.to_string())).collect();
    metrics::with_local_recorder(&recorder, || metrics::counter!("many", &labels).increment(1));
    assert_eq!(heard.lock().unwrap().pop().unwrap().2.len(), 21);
    let metadata = metrics::Metadata::new("test", metrics::Level::INFO, None);
    for n in 0..10_100 {
        recorder
            .register_gauge(&metrics::Key::from_parts("endless", vec![metrics::Label::new("n", n.to_string())]), &metadata)
            .set(1.0);
    }
    assert_eq!(recorder.refused(), 101, "one was the counter");
    assert_eq!(heard.lock().unwrap().len(), 9_999);
}
