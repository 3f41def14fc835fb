//! What a handler is given.

use crate::{Context, SpanId, Value};

/// One emitted event, borrowed for the time of the call.
#[derive(Clone, Copy, Debug)]
pub struct Emission<'a> {
    pub(crate) name: &'a str,
    pub(crate) measurements: &'a [(&'a str, Value<'a>)],
    pub(crate) metadata: &'a [(&'a str, Value<'a>)],
    pub(crate) context: Option<Context>,
    pub(crate) parent: Option<SpanId>,
}

impl<'a> Emission<'a> {
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

    /// The span that emitted it, or else the one that was current when it was emitted.
    pub fn context(&self) -> Option<Context> {
        self.context
    }

    /// The parent of the span that emitted it.
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent
    }
}

fn find<'a>(pairs: &[(&str, Value<'a>)], key: &str) -> Option<Value<'a>> {
    pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}
