//! Which interactions something happens because of: a small set of their ids.

/// How many interactions can share one task's poll; more than that lose their attribution, not their end.
const MAX: usize = 8;

/// A set of interaction ids, in the order in which they came. An id of 0 is an empty place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Causes([u32; MAX]);

impl Causes {
    pub(super) const NONE: Self = Self([0; MAX]);

    pub(super) fn one(id: u32) -> Self {
        let mut causes = Self::default();
        causes.0[0] = id;
        causes
    }

    pub(super) fn first(self) -> u32 {
        self.0[0]
    }

    pub(super) fn is_empty(self) -> bool {
        self.0[0] == 0
    }

    /// Whether more than one interaction is in it.
    pub(super) fn is_shared(self) -> bool {
        self.0[1] != 0
    }

    pub(super) fn contains(self, id: u32) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn ids(self) -> impl Iterator<Item = u32> {
        self.0.into_iter().take_while(|&id| id != 0)
    }

    /// Adds the others and returns those that were not in yet.
    pub(super) fn add(&mut self, others: Self) -> Self {
        let known = *self;
        let mut new = others.filter(|id| !known.contains(id));
        for id in &mut new.0 {
            match self.0.iter_mut().find(|place| **place == 0) {
                Some(place) => *place = *id,
                None => *id = 0,
            }
        }
        new
    }

    pub(super) fn filter(self, mut keep: impl FnMut(u32) -> bool) -> Self {
        let mut kept = Self::default();
        let mut places = kept.0.iter_mut();
        for id in self.0 {
            if id != 0
                && keep(id)
                && let Some(place) = places.next()
            {
                *place = id;
            }
        }
        kept
    }
}
