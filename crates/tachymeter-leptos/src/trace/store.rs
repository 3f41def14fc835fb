//! What is kept of traces: bounded, by name and outcome the latest, by name the slowest.

use std::collections::{BTreeMap, HashMap, VecDeque, hash_map};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tachymeter::{AttachError, Attached, Context, Emission, TraceId, execute};

use super::ended::{Ended, unix_ms};
use super::model::{EventFigures, Filter, Overview, Trace};
use super::part::{Part, milliseconds, now};
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
/// How many traces wait for their interaction, and how long, in milliseconds. A browser that lost its connection tries again for a minute.
const MAX_WAITING: usize = 20_000;
const WAITING_FOR: f64 = 120_000.0;
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
    traces: HashMap<TraceId, Entry>,
    /// Traces by the time of their first part, which may have been ended since.
    waiting: VecDeque<(f64, TraceId)>,
    names: BTreeMap<Box<str>, Name>,
    ended: u64,
    /// The room of one that was let go, for the next one: under load one comes for each that goes.
    spare: Vec<Part>,
    /// How many were let go that nobody was told of.
    dropped: u64,
}

/// A trace.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) parts: Vec<Part>,
    pub(super) omitted: u32,
    pub(super) ended: Option<Ended>,
    pub(super) late: Vec<f64>,
    /// In how many lists it is.
    kept: u8,
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
    pub fn attach(self: &std::sync::Arc<Self>, kinds: &[&'static str]) -> Result<Attached, AttachError> {
        let kinds: Vec<&'static str> = kinds.iter().copied().chain([SERVER_FN.name()]).collect();
        let ends = kinds.iter().flat_map(|kind| ENDS.map(|end| format!("{kind}{end}")));
        let names: Vec<String> = ends.chain([INTERACTION_STOP.name().to_owned(), INTERACTION_LATE.name().to_owned()]).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let traces = self.clone();
        // Several may listen beside one another, so each has an id of its own.
        let id = format!("tachymeter-leptos.traces-{:p}", std::sync::Arc::as_ptr(self));
        tachymeter::attach_durable(&id, &names, move |emission| traces.hear(emission, &kinds))
    }

    fn hear(&self, emission: &Emission<'_>, kinds: &[&'static str]) {
        let Some(context) = emission.context() else { return };
        if !prefix::is_of_a_page(context.trace_id) {
            return;
        }
        let part = kinds.iter().find_map(|kind| {
            let end = emission.name().strip_prefix(kind)?;
            ENDS.contains(&end).then(|| Part::of(emission, kind, end))
        });
        match part {
            Some(Some(part)) => self.add(context.trace_id, part),
            Some(None) => {}
            None if emission.name() == INTERACTION_STOP.name() => {
                if let Some(ended) = Ended::of(context.trace_id, emission) {
                    self.end(context.trace_id, ended);
                }
            }
            None => self.late(context.trace_id, milliseconds(emission, "commit")),
        }
    }

    pub(super) fn add(&self, trace: TraceId, part: Part) {
        self.change(|inner| inner.add(trace, part));
    }

    pub(super) fn end(&self, trace: TraceId, ended: Ended) {
        self.change(|inner| inner.end(trace, ended));
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        change(&mut inner);
        let dropped = std::mem::take(&mut inner.dropped);
        drop(inner);
        if dropped > 0 {
            execute!(TRACE_DROPPED, { count: dropped });
        }
    }

    /// A trace that isn't kept any more has nobody to be late for.
    pub(super) fn late(&self, trace: TraceId, commit: Option<f64>) {
        if let (Some(commit), Some(entry)) = (commit, self.lock().traces.get_mut(&trace))
            && entry.late.len() < MAX_PARTS
        {
            entry.late.push(commit);
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
        let entry = inner.traces.get(&trace)?;
        Some(waterfall::build(entry.ended.as_ref()?, entry))
    }

    /// How many traces are held just now, those included that wait for their interaction.
    pub fn len(&self) -> usize {
        self.lock().traces.len()
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
    fn entry(&mut self, trace: TraceId) -> &mut Entry {
        // Only with a new one may there be too many, or time have passed.
        if let hash_map::Entry::Vacant(place) = self.traces.entry(trace) {
            place.insert(Entry { parts: std::mem::take(&mut self.spare), ..Entry::default() });
            let now = now();
            self.waiting.push_back((now, trace));
            self.forget_waiting(now);
        }
        self.traces.entry(trace).or_default()
    }

    fn add(&mut self, trace: TraceId, part: Part) {
        let entry = self.entry(trace);
        if entry.parts.len() < MAX_PARTS {
            entry.parts.push(part);
        } else {
            entry.omitted += 1;
        }
    }

    /// Lets go of what has waited too long for an interaction.
    fn forget_waiting(&mut self, now: f64) {
        while let Some((since, trace)) = self.waiting.front().copied() {
            let over = self.waiting.len() > MAX_WAITING || now - since > WAITING_FOR;
            let ended = self.traces.get(&trace).is_none_or(|entry| entry.ended.is_some());
            if !over && !ended {
                break;
            }
            self.waiting.pop_front();
            if !ended {
                self.spare = self.traces.remove(&trace).map(|entry| entry.parts).unwrap_or_default();
                self.spare.clear();
                self.dropped += 1;
            }
        }
    }

    fn end(&mut self, trace: TraceId, mut ended: Ended) {
        let entry = self.entry(trace);
        // Told twice: the first word counts.
        if entry.ended.is_some() {
            return;
        }
        self.ended += 1;
        ended.number = self.ended;
        if !self.names.contains_key(&ended.name) && self.names.len() >= MAX_NAMES {
            ended.name = "other".into();
        }
        let (total, outcome, now) = (ended.total, ended.outcome, ended.since_start);
        let name = self.names.entry(ended.name.clone()).or_default();
        if let Some(entry) = self.traces.get_mut(&trace) {
            entry.ended = Some(ended);
        }
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
        self.traces.values().filter_map(|entry| entry.ended.as_ref()).filter(wanted).cloned().collect()
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
        let ended = traces.get(trace).and_then(|entry| entry.ended.as_ref());
        ended.map_or((0.0, f64::MIN), |ended| (ended.total, ended.since_start))
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
