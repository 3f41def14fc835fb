//! Parts that wait until their interaction is reported: a ring, so that under load what comes and what goes needs no memory of its own.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap};
use tachymeter::TraceId;

use super::part::Part;
use super::store::MAX_PARTS;

/// How many parts wait, and how long, in milliseconds. A browser that lost its connection tries again for a minute.
pub(super) const MAX_WAITING: usize = 65_536;
const WAITING_FOR: f64 = 120_000.0;

/// The parts of all traces in the order in which they came. Each knows the one before it of the same place, and a place has few traces:
/// a map from traces to parts would cost a request more than all that is looked at here, for most of it is in no cache.
#[derive(Debug)]
pub(super) struct Waiting {
    ring: VecDeque<Slot>,
    /// The number of the first one in the ring. They are counted on for ever, around the end of the numbers.
    first: u32,
    /// By a hash of the trace: the number of the last part there, which may be gone by now.
    places: Box<[u32]>,
    /// Random, for browsers choose what is hashed.
    seed: DefaultHashBuilder,
    /// How many traces wait.
    traces: usize,
    /// Re-renders that came when their interaction had ended, which isn't here yet.
    late: HashMap<TraceId, Vec<f64>>,
}

#[derive(Debug)]
struct Slot {
    at: f64,
    trace: TraceId,
    /// Until its interaction takes it.
    part: Option<Part>,
    /// The one before it of the same place.
    before: u32,
    /// How many parts of its trace have come.
    came: u32,
    /// Whether it is the last one of its trace.
    last: bool,
}

/// What has waited for an interaction.
#[derive(Debug, Default)]
pub(super) struct Waited {
    /// Oldest first.
    pub(super) parts: Vec<Part>,
    /// How many more there were.
    pub(super) omitted: u32,
    pub(super) late: Vec<f64>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            ring: VecDeque::new(),
            // A place where nothing ever came says 0.
            first: 1,
            places: vec![0; MAX_WAITING].into(),
            seed: DefaultHashBuilder::default(),
            traces: 0,
            late: HashMap::new(),
        }
    }
}

impl Waiting {
    /// Says how many traces had to go for it, or had waited for too long.
    pub(super) fn add(&mut self, trace: TraceId, part: Part, now: f64) -> u64 {
        // Before it comes: so the ring has never more than it may, and what comes is written where something went.
        let dropped = self.forget(now);
        let place = self.place_of(trace);
        let mut came = 1;
        if let Some(known) = self.before(self.places[place], trace).and_then(|at| self.ring.get_mut(at)) {
            if known.came as usize >= MAX_PARTS {
                known.came += 1;
                return dropped;
            }
            came += known.came;
            known.last = false;
        } else {
            self.traces += 1;
        }
        let number = self.first.wrapping_add(self.ring.len() as u32);
        let before = std::mem::replace(&mut self.places[place], number);
        self.ring.push_back(Slot { at: now, trace, part: Some(part), before, came, last: true });
        dropped
    }

    fn place_of(&self, trace: TraceId) -> usize {
        self.seed.hash_one(trace) as usize % MAX_WAITING
    }

    /// Where in the ring a number is, if it is there.
    fn at(&self, number: u32) -> Option<usize> {
        let at = number.wrapping_sub(self.first) as usize;
        (at < self.ring.len()).then_some(at)
    }

    /// Where the trace's last part is, if it waits.
    fn last_of(&self, trace: TraceId) -> Option<usize> {
        self.before(self.places[self.place_of(trace)], trace)
    }

    /// The same from this number back.
    fn before(&self, mut number: u32, trace: TraceId) -> Option<usize> {
        let mut bound = self.ring.len();
        loop {
            // Always an older one: a number that has come round can't lead in circles.
            let at = self.at(number).filter(|at| *at < bound)?;
            let slot = &self.ring[at];
            if slot.trace == trace {
                return slot.part.is_some().then_some(at);
            }
            (number, bound) = (slot.before, at);
        }
    }

    fn forget(&mut self, now: f64) -> u64 {
        let mut dropped = 0;
        while let Some(oldest) = self.ring.front() {
            let waits = oldest.part.is_some();
            if waits && self.ring.len() < MAX_WAITING && now - oldest.at <= WAITING_FOR {
                break;
            }
            if waits && oldest.last {
                self.late.remove(&oldest.trace);
                self.traces -= 1;
                dropped += 1;
            }
            self.ring.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        dropped
    }

    /// The interaction of this trace is here.
    pub(super) fn take(&mut self, trace: TraceId) -> Waited {
        let Some(last) = self.last_of(trace) else { return Waited::default() };
        let came = self.ring[last].came;
        let (mut parts, mut next) = (Vec::with_capacity(MAX_PARTS.min(came as usize)), Some(last));
        while let Some(at) = next {
            let slot = &mut self.ring[at];
            parts.extend(slot.part.take());
            let number = slot.before;
            next = self.before(number, trace);
        }
        parts.reverse();
        self.traces -= 1;
        Waited { omitted: came - parts.len() as u32, parts, late: self.late.remove(&trace).unwrap_or_default() }
    }

    /// A re-render that came when the interaction had ended, which isn't here yet. Without a part nobody waits.
    pub(super) fn late(&mut self, trace: TraceId) -> Option<&mut Vec<f64>> {
        self.last_of(trace)?;
        Some(self.late.entry(trace).or_default())
    }

    /// How many traces wait.
    pub(super) fn len(&self) -> usize {
        self.traces
    }
}
