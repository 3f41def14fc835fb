//! OTLP: spans and their parents, receivers that fail in every way, and the account of what was lost.

mod health;
#[path = "receivers/otlp.rs"]
mod receiver;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use health::{Health, until};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use receiver::{Answer, Otlp as Receiver};
use tachymeter::Context;
use tachymeter_metrics::Metric;
use tachymeter_metrics::reporter::otlp::{Options, Otlp, Traced};
use tachymeter_metrics::reporter::{DROPPED, FAILED, SENT, Worker};

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// A request.
    pub span REQUEST = "test.request" { bytes } [route];
    /// Some work.
    pub span WORK = "test.work" {} [form];
    /// A query.
    pub event QUERY = "test.query" { total, rows } [label];
}

fn options(receiver: &Receiver) -> Options {
    Options { endpoint: receiver.endpoint(), interval: Duration::from_millis(10), ..Options::default() }
}

fn count() -> Vec<Metric> {
    vec![Metric::counter("test.count.n").build().unwrap()]
}

fn counted(times: u64) {
    (0..times).for_each(|_| tachymeter::execute("test.count", &[("n", 1u64.into())], &[]));
}

/// The count that a message with [`count`] says.
fn said(request: &receiver::Request) -> i64 {
    match &request.metrics()[0].data {
        Some(Data::Sum(sum)) => match sum.data_points[0].value {
            Some(Value::AsInt(n)) => n,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn works() -> Vec<Traced> {
    vec![Traced::span("test.work")]
}

fn work(times: usize) {
    (0..times).for_each(|_| WORK.run(&[], || ()));
}

fn spans(receiver: &Receiver) -> Vec<Span> {
    receiver.requests.try_iter().filter(|request| request.path == "/v1/traces").flat_map(|request| request.spans()).collect()
}

fn attributes(span: &Span) -> HashMap<&str, Any> {
    let value = |attribute: &opentelemetry_proto::tonic::common::v1::KeyValue| attribute.value.clone().unwrap().value.unwrap();
    span.attributes.iter().map(|attribute| (attribute.key.as_str(), value(attribute))).collect()
}

#[test]
fn a_trace_has_its_spans_with_the_right_parents_names_times_and_ends() {
    let _health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    let traced = vec![
        Traced::span("test.request").server().titled("route"),
        Traced::span("test.work"),
        Traced::child("test.query", "total").titled("label"),
    ];
    let otlp = Otlp::start(vec![], traced, options(&receiver)).unwrap();
    let remote: Context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let request = REQUEST.start_under(Some(remote), &[("route", "/a/{id}".into())]);
    let (request_id, trace_id) = (request.context().span_id, remote.trace_id);
    let mut work_id = None;
    request.in_scope(|| {
        let work = WORK.start(&[("form", "ok".into())]);
        work_id = Some(work.context().span_id);
        work.in_scope(|| {
            let total = Duration::from_millis(3);
            tachymeter::execute!(QUERY, { total: total, rows: 2u64 }, { label: "find" });
        });
        work.stop(&[], &[]);
        WORK.start(&[("form", "bad".into())]).exception("io", "disk full");
        WORK.start(&[("form", "soft".into())]).stop(&[], &[("error", "denied".into())]);
        drop(WORK.start(&[("form", "given up".into())]));
    });
    request.stop(&[("bytes", 512u64.into())], &[]);
    drop(otlp);

    let spans = spans(&receiver);
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let request = named("test.request /a/{id}")[0];
    assert!(spans.iter().all(|span| span.trace_id == trace_id.0 && span.end_time_unix_nano >= span.start_time_unix_nano));
    assert_eq!((&request.span_id[..], &request.parent_span_id[..]), (&request_id.0[..], &remote.span_id.0[..]));
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(attributes(request)["bytes"], Any::IntValue(512));
    assert!(!attributes(request).contains_key("duration"));
    let works = named("test.work");
    assert_eq!(works.len(), 4);
    assert!(works.iter().all(|work| work.parent_span_id == request_id.0 && work.kind == SpanKind::Internal as i32));
    let form = |form: &str| *works.iter().find(|work| attributes(work)["form"] == Any::StringValue(form.into())).unwrap();
    let status = |form_of: &str| form(form_of).status.as_ref().map(|status| (status.code, status.message.as_str()));
    assert_eq!((status("ok"), status("given up")), (None, None));
    assert_eq!((status("bad"), status("soft")), (Some((2, "disk full")), Some((2, "denied"))));
    let query = named("test.query find")[0];
    assert_eq!(&query.parent_span_id[..], &work_id.unwrap().0[..]);
    assert_eq!(query.end_time_unix_nano - query.start_time_unix_nano, 3_000_000);
    assert!(query.span_id.len() == 8 && spans.iter().filter(|span| span.span_id == query.span_id).count() == 1);
}

#[test]
fn messages_say_who_reports_and_carry_the_headers() {
    let _health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    let resource = vec![("service.name".to_owned(), "shop".to_owned())];
    let headers = vec![("authorization".to_owned(), "Bearer abc".to_owned())];
    let otlp = Otlp::start(count(), works(), Options { resource, headers, ..options(&receiver) }).unwrap();
    counted(1);
    work(1);
    drop(otlp);
    let requests: Vec<_> = receiver.requests.try_iter().collect();
    assert!(
        requests.iter().any(|request| request.path == "/v1/metrics")
            && requests.iter().any(|request| request.path == "/v1/traces")
    );
    for request in &requests {
        let head = request.head.to_lowercase();
        assert!(
            head.contains("authorization: bearer abc\r\n") && head.contains("content-type: application/x-protobuf\r\n"),
            "{head}"
        );
    }
    let traces = requests.iter().find(|request| request.path == "/v1/traces").unwrap();
    let message = opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest::decode(&traces.body[..]).unwrap();
    let resource = message.resource_spans[0].resource.as_ref().unwrap();
    let keys: Vec<_> = resource.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["service.name", "telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version"]);
}

#[test]
fn a_receiver_that_comes_late_gets_the_totals_and_the_spans_that_waited() {
    let health = Health::listen();
    let gone = Receiver::start("127.0.0.1:0");
    let (address, options) = (gone.address, options(&gone));
    drop(gone);
    until("a free port", || std::net::TcpListener::bind(address).is_ok());
    let otlp = Otlp::start(count(), works(), options).unwrap();
    counted(5);
    work(7);
    until("a failure of both", || health.total(&FAILED, "metrics:") >= 1 && health.total(&FAILED, "traces:") >= 1);
    let receiver = Receiver::start(&address.to_string());
    counted(5);
    work(7);
    drop(otlp);
    let requests: Vec<_> = receiver.requests.try_iter().collect();
    assert_eq!(requests.iter().filter(|request| request.path == "/v1/metrics").map(said).next_back(), Some(10));
    assert_eq!(
        requests.iter().filter(|request| request.path == "/v1/traces").map(|request| request.spans().len()).sum::<usize>(),
        14
    );
    assert_eq!(health.total(&DROPPED, ""), 0);
}

#[test]
fn what_is_refused_for_good_is_lost_and_counted_and_totals_are_not_lost() {
    let health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    receiver.answer(Answer::Refuse("500 Internal Server Error", ""));
    let otlp = Otlp::start(count(), works(), options(&receiver)).unwrap();
    counted(3);
    work(4);
    until("the loss of 4 spans", || health.total(&DROPPED, "refused by the receiver") == 4);
    assert!(health.total(&FAILED, "traces: 500") >= 1);
    receiver.answer(Answer::Ok);
    counted(1);
    work(2);
    drop(otlp);
    let requests: Vec<_> = receiver.requests.try_iter().collect();
    assert_eq!(requests.iter().filter(|request| request.path == "/v1/metrics").map(said).next_back(), Some(4));
    assert_eq!(
        requests.iter().filter(|request| request.path == "/v1/traces").map(|request| request.spans().len()).sum::<usize>(),
        2
    );
    assert_eq!(health.total(&DROPPED, ""), 4);
}

#[test]
fn a_busy_receiver_is_left_alone_for_as_long_as_it_says() {
    let health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    receiver.answer(Answer::Refuse("503 Service Unavailable", "retry-after: 3600\r\n"));
    let otlp = Otlp::start(count(), works(), options(&receiver)).unwrap();
    counted(1);
    work(1);
    until("one failure of each", || health.total(&FAILED, "503") == 2);
    receiver.answer(Answer::Ok);
    // Twenty intervals later it has not been asked again; but at the end it is.
    let (tick, ticks) = std::sync::mpsc::channel();
    let _worker = Worker::start("ticks", Duration::from_millis(10), move || _ = tick.send(())).unwrap();
    ticks.iter().take(20).for_each(drop);
    assert_eq!((health.total(&FAILED, ""), health.total(&SENT, "")), (2, 0));
    drop(otlp);
    assert_eq!((health.total(&SENT, ""), health.total(&DROPPED, "")), (2, 0));
}

#[test]
fn a_receiver_that_never_answers_makes_nobody_wait_and_a_full_queue_is_counted() {
    let health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    receiver.answer(Answer::Never);
    let options = Options { max_spans: 100, timeout: Duration::from_millis(50), ..options(&receiver) };
    let otlp = Otlp::start(count(), works(), options).unwrap();
    let begin = Instant::now();
    counted(1_000);
    work(1_000);
    let emitting = begin.elapsed();
    drop(otlp);
    let lost = health.total(&DROPPED, "queue full") + health.total(&DROPPED, "not sent");
    assert_eq!(lost, 2_000, "1,000 spans and 1,000 datapoints");
    assert!(health.total(&DROPPED, "queue full") >= 800, "it holds 100, and as many that are under way");
    assert!(health.total(&FAILED, "timeout") >= 1);
    assert!(emitting < Duration::from_secs(5), "{emitting:?}");
}

#[test]
fn what_the_receiver_takes_only_in_part_is_counted() {
    let health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    let partial_success = Some(ExportTracePartialSuccess { rejected_spans: 3, error_message: "too old".into() });
    receiver.answer(Answer::Body(ExportTraceServiceResponse { partial_success }.encode_to_vec()));
    let otlp = Otlp::start(vec![], works(), options(&receiver)).unwrap();
    work(5);
    drop(otlp);
    assert_eq!(health.total(&DROPPED, "rejected by the receiver") % 3, 0);
    assert!(health.total(&DROPPED, "rejected by the receiver") >= 3);
}

#[test]
fn a_part_of_the_traces_is_whole_traces_and_what_is_not_sampled_is_left_out() {
    let _health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    let otlp = Otlp::start(vec![], works(), Options { trace_ratio: 0.25, ..options(&receiver) }).unwrap();
    for _ in 0..1_000 {
        WORK.run(&[], || work(2));
    }
    drop(otlp);
    let mut by_trace: HashMap<Vec<u8>, usize> = HashMap::new();
    spans(&receiver).into_iter().for_each(|span| *by_trace.entry(span.trace_id).or_default() += 1);
    assert!(by_trace.values().all(|spans| *spans == 3), "whole traces");
    // A quarter of 1,000, give or take five standard deviations of 13.7.
    assert!((180..=320).contains(&by_trace.len()), "{}", by_trace.len());

    let otlp = Otlp::start(vec![], works(), options(&receiver)).unwrap();
    let unsampled: Context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00".parse().unwrap();
    unsampled.in_scope(|| work(3));
    drop(otlp);
    assert!(spans(&receiver).is_empty());
}

#[test]
fn an_exemplar_leads_from_a_bucket_to_its_trace() {
    let _health = Health::listen();
    let receiver = Receiver::start("127.0.0.1:0");
    let metric = Metric::distribution("test.work.stop.duration").build().unwrap();
    let otlp = Otlp::start(vec![metric], vec![], options(&receiver)).unwrap();
    let span = WORK.start(&[]);
    let context = span.context();
    span.stop(&[], &[]);
    drop(otlp);
    let metrics = receiver.requests.try_iter().last().unwrap().metrics();
    let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!("{metrics:?}") };
    let exemplar = &histogram.data_points[0].exemplars[0];
    assert_eq!((&exemplar.trace_id[..], &exemplar.span_id[..]), (&context.trace_id.0[..], &context.span_id.0[..]));
}

#[test]
fn what_makes_no_sense_is_refused_with_what_is_allowed() {
    let start = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        Otlp::start(count(), vec![], options).unwrap_err().to_string()
    };
    let refused = start(|options| options.endpoint = "127.0.0.1:4318".into());
    assert!(refused.contains("\"127.0.0.1:4318\"") && refused.contains("http://127.0.0.1:4318"), "{refused}");
    assert!(start(|options| options.endpoint = "http://".into()).contains("\"http://\""));
    assert!(start(|options| options.headers = vec![("a b".into(), "c".into())]).contains("\"a b\""));
    assert!(start(|options| options.headers = vec![("a".into(), "line\nbreak".into())]).contains("printable"));
    assert!(start(|options| options.interval = Duration::ZERO).contains("at least 10 ms"));
    assert!(start(|options| options.timeout = Duration::ZERO).contains("at least 1 ms"));
    assert!(start(|options| options.max_spans = 0).contains("at least 1"));
    assert!(start(|options| options.trace_ratio = f64::NAN).contains("from 0 to 1"));
    assert!(Otlp::start(vec![], vec![], Options::default()).unwrap_err().to_string().contains("no event"));
}
