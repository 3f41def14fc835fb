//! What is kept of traces: bounded, by name and outcome the latest, by name the slowest.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::{HashMap, HashSet};
use tachymeter::{AttachError, Attached, Context, Emission, TraceId, execute};

use super::ended::{Ended, unix_ms};
use super::model::{EventFigures, Filter, Overview, Trace};
use super::part::{Ending, Part, milliseconds, now};
use super::waiting::{Waited, Waiting};
use super::{prefix, waterfall};
use crate::events::{INTERACTION_LATE, INTERACTION_STOP, SERVER_FN, TRACE_DROPPED};
use crate::interaction::Outcome;

/// How many interactions of each name and outcome are kept, the latest ones.
pub const LATEST: usize = 16;
/// How many of each name are kept because they were the slowest, and for how long, in milliseconds.
pub const SLOWEST: usize = 8;
const SLOWEST_FOR: f64 = 3_600_000.0;
/// Of how many interactions of each name the percentiles and the shares of outcomes are.
pub const RECENT: usize = 1_000;
/// How many names are told apart; the others are one, called `other`.
pub const MAX_NAMES: usize = 100;
/// How many parts of one interaction are kept; how many there were beyond is counted.
pub const MAX_PARTS: usize = 64;
/// How many names of parts are shared. There are few; if they are made up, the list begins anew.
const MAX_SHARED: usize = 1_000;
/// How the names of events go on behind their kind, by which it is known that something has ended: an event, or a span in its three ways.
const ENDS: [&str; 4] = ["", ".stop", ".exception", ".aborted"];
/// How many rows each of a page's lists has.
const LISTED: usize = 10;

/// The traces of interactions, as far as they are kept: the server's own spans and what browsers report, joined.
///
/// It is bounded, whatever comes: see the constants of this module. Reports may come late, twice, in any order, or never.
#[derive(Debug, Default)]
pub struct Traces {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Waiting,
    /// Those whose interaction has been reported.
    traces: HashMap<TraceId, Entry>,
    names: BTreeMap<Box<str>, Name>,
    ended: u64,
    shared: Shared,
}

/// A trace.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) ended: Ended,
    pub(super) parts: Vec<Part>,
    pub(super) omitted: u32,
    pub(super) late: Vec<f64>,
    /// In how many lists it is.
    kept: u8,
}

/// The names of parts, each once however many parts have it.
#[derive(Debug, Default)]
pub(super) struct Shared(HashSet<Arc<str>>);

impl Shared {
    pub(super) fn name(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        if self.0.len() >= MAX_SHARED {
            self.0.clear();
        }
        let name: Arc<str> = text.into();
        self.0.insert(Arc::clone(&name));
        name
    }
}

/// The interactions of one name.
#[derive(Debug, Default)]
struct Name {
    count: u64,
    recent: VecDeque<(f32, Outcome)>,
    latest: HashMap<Outcome, VecDeque<TraceId>>,
    slowest: Vec<TraceId>,
}

impl Traces {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to interactions, to server functions, and to these events and spans of the server. A span is named without its last segment:
    /// `http.request`, not `http.request.stop`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tachymeter_leptos::trace::{Filter, Traces};
    ///
    /// let traces = Arc::new(Traces::new());
    /// let _attached = traces.attach(&["http.request", "db.query"])?;
    /// assert!(traces.overview(&Filter::default()).events.is_empty());
    /// # Ok::<(), tachymeter::AttachError>(())
    /// ```
    ///
    /// # Errors
    /// A malformed name.
    pub fn attach(self: &Arc<Self>, kinds: &[&'static str]) -> Result<Attached, AttachError> {
        let kinds = kinds.iter().copied().chain([SERVER_FN.name()]);
        let ends: HashMap<String, Ending> =
            kinds.flat_map(|kind| ENDS.map(|end| (format!("{kind}{end}"), Ending { kind, end }))).collect();
        let others = [INTERACTION_STOP.name().to_owned(), INTERACTION_LATE.name().to_owned()];
        let names: Vec<String> = ends.keys().cloned().chain(others).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // Several may listen beside one another, so each has an id of its own.
        let id = format!("tachymeter-leptos.traces-{:p}", Arc::as_ptr(self));
        let traces = Arc::clone(self);
        tachymeter::attach_durable(&id, &names, move |emission| traces.hear(emission, &ends))
    }

    fn hear(&self, emission: &Emission<'_>, ends: &HashMap<String, Ending>) {
        let Some(context) = emission.context() else { return };
        let trace = context.trace_id;
        if !prefix::is_of_a_page(trace) {
            return;
        }
        if let Some(ending) = ends.get(emission.name()) {
            self.add_by(trace, |shared, now| Part::of(emission, *ending, now, shared));
        } else if emission.name() == INTERACTION_LATE.name() {
            self.late(trace, milliseconds(emission, "commit"));
        } else if let Some(ended) = Ended::of(trace, emission) {
            self.end(trace, ended);
        }
    }

    #[cfg(test)]
    pub(super) fn add(&self, trace: TraceId, part: Part) {
        self.add_by(trace, |_, _| Some(part));
    }

    fn add_by(&self, trace: TraceId, make: impl FnOnce(&mut Shared, f64) -> Option<Part>) {
        let now = now();
        let mut inner = self.lock();
        let dropped = make(&mut inner.shared, now).map_or(0, |part| inner.add(trace, part, now));
        drop(inner);
        if dropped > 0 {
            execute!(TRACE_DROPPED, { count: dropped });
        }
    }

    pub(super) fn end(&self, trace: TraceId, ended: Ended) {
        self.lock().end(trace, ended);
    }

    /// A trace that isn't kept any more has nobody to be late for.
    pub(super) fn late(&self, trace: TraceId, commit: Option<f64>) {
        let Some(commit) = commit else { return };
        let Inner { traces, waiting, .. } = &mut *self.lock();
        let late = traces.get_mut(&trace).map(|entry| &mut entry.late).or_else(|| waiting.late(trace));
        if let Some(late) = late.filter(|late| late.len() < MAX_PARTS) {
            late.push(commit);
        }
    }

    /// What a page lists.
    pub fn overview(&self, filter: &Filter) -> Overview {
        let inner = self.lock();
        let recent: Vec<_> = inner.names.iter().map(|(name, it)| (name.clone(), it.count, it.recent.clone())).collect();
        let mut found = inner.find(filter);
        drop(inner);
        found.sort_by_key(|ended| std::cmp::Reverse(ended.number));
        let latest = found.iter().take(LISTED).map(Ended::summary).collect();
        found.sort_by(|a, b| b.total.total_cmp(&a.total));
        let slowest = found.iter().take(LISTED).map(Ended::summary).collect();
        Overview { now: unix_ms(), events: recent.into_iter().map(figures).collect(), latest, slowest }
    }

    /// One interaction whole, by the id of its trace; `None` if it isn't kept.
    pub fn find(&self, id: &str) -> Option<Trace> {
        let trace = Context::from_str(&format!("00-{id}-0000000000000001-01")).ok()?.trace_id;
        let inner = self.lock();
        inner.traces.get(&trace).map(waterfall::build)
    }

    /// How many traces are held just now, those included that wait for their interaction.
    pub fn len(&self) -> usize {
        let inner = self.lock();
        inner.traces.len() + inner.waiting.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Says how many other traces had to go for it.
    fn add(&mut self, trace: TraceId, part: Part, now: f64) -> u64 {
        match self.traces.get_mut(&trace) {
            None => return self.waiting.add(trace, part, now),
            Some(entry) if entry.parts.len() < MAX_PARTS => entry.parts.push(part),
            Some(entry) => entry.omitted += 1,
        }
        0
    }

    fn end(&mut self, trace: TraceId, mut ended: Ended) {
        // Told twice: the first word counts.
        if self.traces.contains_key(&trace) {
            return;
        }
        self.ended += 1;
        ended.number = self.ended;
        if !self.names.contains_key(&ended.name) && self.names.len() >= MAX_NAMES {
            ended.name = "other".into();
        }
        let (total, outcome, now) = (ended.total, ended.outcome, ended.since_start);
        let name = self.names.entry(ended.name.clone()).or_default();
        let Waited { parts, omitted, late } = self.waiting.take(trace);
        self.traces.insert(trace, Entry { ended, parts, omitted, late, kept: 0 });
        name.count += 1;
        name.recent.push_back((total as f32, outcome));
        if name.recent.len() > RECENT {
            name.recent.pop_front();
        }
        keep_latest(&mut self.traces, name.latest.entry(outcome).or_default(), trace);
        keep_slowest(&mut self.traces, &mut name.slowest, trace, now);
    }

    fn find(&self, filter: &Filter) -> Vec<Ended> {
        let wanted = |ended: &&Ended| {
            (filter.name.is_empty() || *ended.name == *filter.name)
                && (filter.outcome.is_empty() || ended.outcome.as_str() == filter.outcome)
        };
        self.traces.values().map(|entry| &entry.ended).filter(wanted).cloned().collect()
    }
}

fn keep(traces: &mut HashMap<TraceId, Entry>, trace: TraceId) {
    if let Some(entry) = traces.get_mut(&trace) {
        entry.kept += 1;
    }
}

/// A trace leaves a list; with the last one it goes.
fn release(traces: &mut HashMap<TraceId, Entry>, trace: TraceId) {
    if let Some(entry) = traces.get_mut(&trace) {
        entry.kept -= 1;
        if entry.kept == 0 {
            traces.remove(&trace);
        }
    }
}

fn keep_latest(traces: &mut HashMap<TraceId, Entry>, latest: &mut VecDeque<TraceId>, trace: TraceId) {
    keep(traces, trace);
    latest.push_back(trace);
    if latest.len() > LATEST
        && let Some(oldest) = latest.pop_front()
    {
        release(traces, oldest);
    }
}

fn keep_slowest(traces: &mut HashMap<TraceId, Entry>, slowest: &mut Vec<TraceId>, trace: TraceId, now: f64) {
    fn ended(traces: &HashMap<TraceId, Entry>, trace: &TraceId) -> (f64, f64) {
        traces.get(trace).map_or((0.0, f64::MIN), |entry| (entry.ended.total, entry.ended.since_start))
    }
    while let Some(place) = slowest.iter().position(|trace| now - ended(traces, trace).1 > SLOWEST_FOR) {
        let old = slowest.remove(place);
        release(traces, old);
    }
    let total = ended(traces, &trace).0;
    let place = slowest.partition_point(|other| ended(traces, other).0 >= total);
    if place < SLOWEST {
        keep(traces, trace);
        slowest.insert(place, trace);
        if slowest.len() > SLOWEST
            && let Some(fastest) = slowest.pop()
        {
            release(traces, fastest);
        }
    }
}

fn figures((name, count, recent): (Box<str>, u64, VecDeque<(f32, Outcome)>)) -> EventFigures {
    let mut totals: Vec<f32> = recent.iter().map(|(total, _)| *total).collect();
    totals.sort_by(f32::total_cmp);
    // The smallest value that so many are not above.
    let at = |share: f64| {
        let place = (share * totals.len() as f64).ceil() as usize;
        totals.get(place.saturating_sub(1)).copied().map_or(0.0, f64::from)
    };
    let share = |outcome: Outcome| recent.iter().filter(|(_, it)| *it == outcome).count() as f64 / recent.len().max(1) as f64;
    let outcomes = Outcome::ALL.map(|outcome| (outcome.as_str().to_owned(), share(outcome)));
    let outcomes = outcomes.into_iter().filter(|(_, share)| *share > 0.0).collect();
    EventFigures { name: name.into(), count, p50: at(0.5), p95: at(0.95), p99: at(0.99), outcomes }
}
