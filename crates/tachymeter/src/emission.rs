//! What a handler is given.

use crate::{Context, SpanId, Value};

/// A key and its value.
pub(crate) type Pair<'a> = (&'a str, Value<'a>);

/// Whose context an emission has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    /// The span around it, which is looked up only if a handler asks.
    Ambient,
    /// The span that emits it, and that span's parent.
    Span(Option<Context>, Option<SpanId>),
}

/// One emitted event, borrowed for the time of the call.
#[derive(Clone, Copy, Debug)]
pub struct Emission<'a> {
    name: &'a str,
    measurements: &'a [Pair<'a>],
    metadata: &'a [Pair<'a>],
    origin: Origin,
}

impl<'a> Emission<'a> {
    #[inline]
    pub(crate) fn new(name: &'a str, measurements: &'a [Pair<'a>], metadata: &'a [Pair<'a>], origin: Origin) -> Self {
        Self { name, measurements, metadata, origin }
    }

    /// The event's name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// All measurements.
    pub fn measurements(&self) -> &'a [(&'a str, Value<'a>)] {
        self.measurements
    }

    /// All metadata.
    pub fn metadata(&self) -> &'a [(&'a str, Value<'a>)] {
        self.metadata
    }

    /// The measurement of this key.
    pub fn measurement(&self, key: &str) -> Option<Value<'a>> {
        find(self.measurements, key)
    }

    /// The metadata of this key.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        find(self.metadata, key)
    }

    /// The span that emitted it, or else the one that is current where it is emitted.
    pub fn context(&self) -> Option<Context> {
        match self.origin {
            Origin::Ambient => Context::current(),
            Origin::Span(context, _) => context,
        }
    }

    /// The parent of the span that emitted it.
    pub fn parent_id(&self) -> Option<SpanId> {
        match self.origin {
            Origin::Ambient => None,
            Origin::Span(_, parent) => parent,
        }
    }
}

fn find<'a>(pairs: &[Pair<'a>], key: &str) -> Option<Value<'a>> {
    pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}
