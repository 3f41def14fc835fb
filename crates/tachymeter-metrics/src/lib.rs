//! Metric definitions, extraction and the live store.
#![deny(missing_docs)]

mod wire;

pub use wire::{Definition, Frame, Kind, Point, Series, Snapshot, UnknownKind};
