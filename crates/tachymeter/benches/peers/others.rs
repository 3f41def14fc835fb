//! The peers: the same event with `tracing`, `metrics` and `opentelemetry`, each as cheap as it goes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use tachymeter::Context;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{self, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(crate) fn tracing(calls: u64) {
    for call in 0..calls {
        tracing::info!(
            duration = black_box(call),
            bytes = call,
            count = 1u64,
            method = black_box("GET"),
            route = "/users/{id}",
            status = 200u16
        );
    }
}

pub(crate) fn tracing_span(calls: u64) {
    for call in 0..calls {
        let span =
            tracing::info_span!("request", method = black_box("GET"), route = "/users/{id}", status = tracing::field::Empty);
        let _entered = span.enter();
        span.record("status", black_box(call));
    }
}

pub(crate) fn metrics(calls: u64) {
    for call in 0..calls {
        metrics::counter!("requests", "method" => "GET", "route" => "/users/{id}", "status" => "200").increment(black_box(call));
    }
}

static PROVIDER: LazyLock<SdkMeterProvider> = LazyLock::new(|| {
    SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(Nowhere).with_interval(Duration::from_secs(3_600)).build())
        .build()
});

fn attributes() -> [KeyValue; 3] {
    [KeyValue::new("method", black_box("GET")), KeyValue::new("route", "/users/{id}"), KeyValue::new("status", 200)]
}

pub(crate) fn opentelemetry_counter(calls: u64) {
    static COUNTER: LazyLock<opentelemetry::metrics::Counter<u64>> =
        LazyLock::new(|| PROVIDER.meter("bench").u64_counter("requests").build());
    for call in 0..calls {
        COUNTER.add(call, &attributes());
    }
}

pub(crate) fn opentelemetry_histogram(calls: u64) {
    static HISTOGRAM: LazyLock<opentelemetry::metrics::Histogram<f64>> =
        LazyLock::new(|| PROVIDER.meter("bench").f64_histogram("duration").build());
    for call in 0..calls {
        HISTOGRAM.record(call as f64, &attributes());
    }
}

/// From here on `tracing` and `metrics` are enabled.
pub(crate) fn enable() {
    tracing::subscriber::set_global_default(Noop).expect("set once");
    metrics::set_global_recorder(Registry::default()).expect("set once");
}

/// From now on `metrics` counts.
pub(crate) fn aggregate() {
    COUNTS.store(true, Ordering::Relaxed);
}

static COUNTS: AtomicBool = AtomicBool::new(false);

/// From now on the subscriber looks at each field.
pub(crate) fn read() {
    READS.store(true, Ordering::Relaxed);
}

static READS: AtomicBool = AtomicBool::new(false);

/// While it lasts the subscriber knows what a span here knows: its ids, its parent's, and how long it took.
pub(crate) fn timed(calls: u64) {
    TIMES.store(true, Ordering::Relaxed);
    tracing_span(calls);
    TIMES.store(false, Ordering::Relaxed);
}

static TIMES: AtomicBool = AtomicBool::new(false);

thread_local! {
    static OPEN: RefCell<Vec<(Context, Instant)>> = const { RefCell::new(Vec::new()) };
}

/// The same knowledge as a user of `tracing` gets it: a layer that keeps it in the registry.
pub(crate) fn registry(calls: u64) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(Timing), || tracing_span(calls));
}

struct Timing;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Timing {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, layers: layer::Context<'_, S>) {
        let span = layers.span(id).expect("it is new");
        span.extensions_mut().insert((Context::new_root(), Instant::now()));
    }
    fn on_close(&self, id: Id, layers: layer::Context<'_, S>) {
        let span = layers.span(&id).expect("it closes");
        black_box(span.extensions().get::<(Context, Instant)>().map(|(context, start)| (*context, start.elapsed())));
    }
}

struct Reader;

impl Visit for Reader {
    fn record_u64(&mut self, field: &Field, value: u64) {
        black_box((field.name(), value));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        black_box((field.name(), value));
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        black_box((field.name(), value));
    }
}

struct Noop;

impl Subscriber for Noop {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        if TIMES.load(Ordering::Relaxed) {
            OPEN.with_borrow_mut(|open| {
                let context = open.last().map_or_else(Context::new_root, |(parent, _)| parent.child());
                open.push((context, Instant::now()));
            });
        }
        Id::from_u64(1)
    }
    fn try_close(&self, _: Id) -> bool {
        if TIMES.load(Ordering::Relaxed) {
            let closed = OPEN.with_borrow_mut(Vec::pop);
            black_box(closed.map(|(context, start)| (context, start.elapsed())));
        }
        true
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        black_box(event);
        if READS.load(Ordering::Relaxed) {
            event.record(&mut Reader);
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Registry(Mutex<HashMap<Key, Arc<AtomicU64>>>);

impl Recorder for Registry {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if !COUNTS.load(Ordering::Relaxed) {
            return Counter::noop();
        }
        let mut counters = self.0.lock().expect("nobody panics");
        if let Some(counter) = counters.get(key) {
            return Counter::from_arc(Arc::clone(counter));
        }
        Counter::from_arc(Arc::clone(counters.entry(key.clone()).or_default()))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

struct Nowhere;

impl PushMetricExporter for Nowhere {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
