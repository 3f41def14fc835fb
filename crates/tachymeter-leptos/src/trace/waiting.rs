//! Parts that wait until their interaction is reported: a ring, so that under load what comes and what goes needs no memory of its own.

use std::collections::VecDeque;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use tachymeter::TraceId;

use super::part::Part;
use super::store::MAX_PARTS;

/// How many parts wait, and how long, in milliseconds. A browser that lost its connection tries again for a minute.
pub(super) const MAX_WAITING: usize = 65_536;
const WAITING_FOR: f64 = 120_000.0;

/// The parts of all traces in the order in which they came, those of one trace linked to one another.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    ring: VecDeque<Slot>,
    /// The number of the first one in the ring. They are counted on for ever.
    first: u64,
    chains: HashMap<TraceId, Chain>,
}

#[derive(Debug)]
struct Slot {
    at: f64,
    trace: TraceId,
    /// Until its interaction takes it.
    part: Option<Part>,
    /// The one before it of the same trace.
    before: Option<u64>,
    /// Whether it is the last one of its trace.
    last: bool,
}

/// The parts of one trace.
#[derive(Debug)]
struct Chain {
    last: u64,
    /// How many came.
    came: u32,
    late: Vec<f64>,
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

impl Waiting {
    /// Says how many traces had to go for it, or had waited for too long.
    pub(super) fn add(&mut self, trace: TraceId, part: Part, now: f64) -> u64 {
        let number = self.first + self.ring.len() as u64;
        let before = match self.chains.entry(trace) {
            Entry::Vacant(place) => {
                place.insert(Chain { last: number, came: 1, late: Vec::new() });
                None
            }
            Entry::Occupied(mut chain) => {
                let chain = chain.get_mut();
                chain.came += 1;
                if chain.came as usize > MAX_PARTS {
                    return 0;
                }
                let before = std::mem::replace(&mut chain.last, number);
                self.ring[(before - self.first) as usize].last = false;
                Some(before)
            }
        };
        self.ring.push_back(Slot { at: now, trace, part: Some(part), before, last: true });
        self.forget(now)
    }

    fn forget(&mut self, now: f64) -> u64 {
        let mut dropped = 0;
        while let Some(oldest) = self.ring.front() {
            let waits = oldest.part.is_some();
            if waits && self.ring.len() <= MAX_WAITING && now - oldest.at <= WAITING_FOR {
                break;
            }
            // Most traces have a later part, so that theirs is found in the ring alone.
            if waits && oldest.last {
                self.chains.remove(&oldest.trace);
                dropped += 1;
            }
            self.ring.pop_front();
            self.first += 1;
        }
        dropped
    }

    /// The interaction of this trace is here.
    pub(super) fn take(&mut self, trace: TraceId) -> Waited {
        let Some(chain) = self.chains.remove(&trace) else { return Waited::default() };
        let (mut parts, mut next) = (Vec::with_capacity(chain.came as usize), Some(chain.last));
        while let Some(number) = next.filter(|number| *number >= self.first) {
            let slot = &mut self.ring[(number - self.first) as usize];
            parts.extend(slot.part.take());
            next = slot.before;
        }
        parts.reverse();
        Waited { omitted: chain.came - parts.len() as u32, parts, late: chain.late }
    }

    /// A re-render that came when the interaction had ended, which isn't here yet. Without a part nobody waits.
    pub(super) fn late(&mut self, trace: TraceId) -> Option<&mut Vec<f64>> {
        self.chains.get_mut(&trace).map(|chain| &mut chain.late)
    }

    /// How many traces wait.
    pub(super) fn len(&self) -> usize {
        self.chains.len()
    }
}
