//! Prometheus and OpenMetrics: a page of text with all totals, made when somebody asks for it.
//!
//! The text is ours and not `prometheus-client`'s: that crate writes OpenMetrics only, has no summaries, and formats every label
//! anew for every page, where a series' labels are written once here.

mod family;
mod text;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tachymeter::Attached;

pub use self::family::PrometheusError;
use self::family::{Family, families};
pub use self::text::Format;
use self::text::{Page, labels};
use super::Health;
use crate::aggregate::{Reader, lock};
use crate::{Aggregate, Detail, Kind, Limits, Metric, Series, Skip, Totals};

const HEALTH: Health = Health::of("prometheus");

/// Keeps totals, and shows them to whoever scrapes.
///
/// | metric | on the page |
/// |---|---|
/// | counter | counter, `_total` |
/// | sum | counter, `_total`; a gauge with the option `prometheus_type` = `gauge`, which one that may go down needs |
/// | last value | gauge |
/// | summary | summary: percentiles of the last one to two minutes, `_sum` and `_count` since the start |
/// | distribution | histogram |
///
/// Dots become underscores. Times are in seconds and sizes in bytes, whatever the metric's unit, and their names say so. Exemplars
/// are in OpenMetrics only: the greatest value since the last page that came from a span.
///
/// ```
/// use tachymeter_metrics::reporter::{Format, Prometheus};
/// use tachymeter_metrics::{Limits, Metric, Unit};
///
/// let bytes = Metric::sum("doc.page.bytes").tags(&["route"]).unit(Unit::Byte).description("Bytes that were sent").build()?;
/// let prometheus = Prometheus::start(vec![bytes], Limits::default())?;
/// tachymeter::execute("doc.page", &[("bytes", 512u64.into())], &[("route", "/\"quoted\"".into())]);
/// let page = prometheus.page(Format::Text);
/// assert!(page.contains("# HELP doc_page_bytes_total Bytes that were sent\n# TYPE doc_page_bytes_total counter\n"), "{page}");
/// assert!(page.contains("doc_page_bytes_total{route=\"/\\\"quoted\\\"\"} 512.0\n"), "{page}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Prometheus {
    aggregate: Arc<Aggregate>,
    families: Vec<Family>,
    /// What the reporter says of itself.
    skipped: Family,
    other: Family,
    state: Mutex<State>,
    /// Unless it reads what others read as well.
    _attached: Option<Attached>,
}

#[derive(Debug, Default)]
struct State {
    totals: Totals,
    lines: Lines,
    /// Bytes of the page before.
    capacity: usize,
}

/// The labels of each total. Different series may have the same: then they are one.
#[derive(Debug, Default)]
struct Lines {
    known: HashMap<(u32, String), usize>,
    labels: Vec<String>,
    of_metric: Vec<Vec<usize>>,
}

impl Lines {
    fn place(&mut self, families: &[Family], series: &Series) -> usize {
        let labels = labels(&families[series.metric as usize], series);
        let next = self.labels.len();
        let at = *self.known.entry((series.metric, labels.clone())).or_insert(next);
        if at == next {
            self.of_metric[series.metric as usize].push(at);
            self.labels.push(labels);
        }
        at
    }
}

impl Prometheus {
    /// Begins to add up. Stops when it is dropped.
    ///
    /// # Errors
    /// If there are no metrics, or if what two of them would be called is the same.
    pub fn start(metrics: Vec<Metric>, limits: Limits) -> Result<Self, PrometheusError> {
        let aggregate = Aggregate::with_exemplars(metrics, limits, detail);
        let mut page = Self::of(&aggregate, Reader::default())?;
        page._attached = Some(aggregate.attach("prometheus").map_err(|_| PrometheusError::NoMetrics)?);
        Ok(page)
    }

    /// A page of what [`Aggregate::shared`] adds up; that is also who hears the events.
    ///
    /// # Errors
    /// If what two of the metrics would be called is the same.
    pub fn over(shared: &Arc<Aggregate>) -> Result<Self, PrometheusError> {
        Self::of(shared, shared.reader())
    }

    fn of(aggregate: &Arc<Aggregate>, reader: Reader) -> Result<Self, PrometheusError> {
        let reserved = [
            Metric::counter("tachymeter.skipped.datapoints").description("Events that gave a metric no datapoint, by reason"),
            Metric::counter("tachymeter.other.datapoints").description("Datapoints in an other series for lack of room"),
        ];
        let reserved = reserved.map(|metric| metric.build().expect("is well formed"));
        let mut families = families(&[&reserved[..], aggregate.metrics()].concat())?;
        let mut own = families.drain(..reserved.len());
        let (skipped, other) = (own.next().expect("the first"), own.next().expect("the second"));
        drop(own);
        let lines = Lines { of_metric: vec![Vec::new(); families.len()], ..Lines::default() };
        let state = Mutex::new(State { totals: Totals::of(reader), lines, capacity: 0 });
        Ok(Self { aggregate: Arc::clone(aggregate), families, skipped, other, state, _attached: None })
    }

    /// All series as they are now. A metric that had no event yet isn't there.
    pub fn page(&self, format: Format) -> String {
        let now = tachymeter::clock::system_time().as_millis() as u64;
        let state = &mut *lock(&self.state);
        let lines = &mut state.lines;
        let totals = state.totals.update_by(&self.aggregate, now, |series| lines.place(&self.families, series));
        let mut page = Page::new(format, state.capacity + state.capacity / 8);
        for (family, of) in self.families.iter().zip(&state.lines.of_metric) {
            // Another reader may know of a series of which nothing has come yet.
            let mut some = of.iter().filter(|at| totals[**at].count > 0).peekable();
            if some.peek().is_some() {
                page.head(family);
            }
            some.for_each(|&at| page.series(family, &state.lines.labels[at], &totals[at]));
        }
        self.own(&mut page);
        let text = page.end();
        state.capacity = text.len();
        HEALTH.sent(1, text.len() as u64);
        text
    }

    fn own(&self, page: &mut Page) {
        page.head(&self.other);
        page.count(&self.other, "", self.aggregate.dropped());
        let subscription = self.aggregate.subscription();
        let metrics = (0..).zip(self.aggregate.metrics());
        let each =
            metrics.flat_map(|(index, metric)| Skip::ALL.map(|reason| (metric, reason, subscription.skipped(index, reason))));
        let mut some = each.filter(|(_, _, count)| *count > 0).peekable();
        if some.peek().is_some() {
            page.head(&self.skipped);
        }
        for (metric, reason, count) in some {
            let labels = format!("metric=\"{}\",reason=\"{}\",", metric.name(), reason.as_str());
            page.count(&self.skipped, &labels, count);
        }
    }

    /// What it added up, what it skipped, and how many datapoints had no room.
    pub fn aggregate(&self) -> &Aggregate {
        &self.aggregate
    }
}

fn detail(metric: &Metric) -> Detail {
    match (metric.kind(), metric.buckets()) {
        (Kind::Summary, _) => Detail::Sketch,
        (_, Some(buckets)) => Detail::Buckets(buckets.bounds().into()),
        _ => Detail::Plain,
    }
}
