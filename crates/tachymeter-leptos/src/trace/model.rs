//! What a page is told of interactions: the events with their figures, the latest and the slowest, and one of them whole. Times are in
//! milliseconds.

use serde::{Deserialize, Serialize};

/// Which interactions somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    /// Those of this name; all if it is empty.
    pub name: String,
    /// Those that ended so; all if it is empty.
    pub outcome: String,
}

/// All that the list shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The server's clock, in milliseconds since 1970.
    pub now: u64,
    /// Every name, whatever the filter, in alphabetical order.
    pub events: Vec<EventFigures>,
    /// Newest first.
    pub latest: Vec<Summary>,
    /// Slowest first.
    pub slowest: Vec<Summary>,
}

/// How the interactions of one name fared. The percentiles and shares are those of the last thousand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventFigures {
    /// The interactions' name.
    pub name: String,
    /// How many there were since the server started.
    pub count: u64,
    /// Half took at most so long, from the input to the paint.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// How they ended: outcome and share, from 0 to 1; those that didn't come are left out.
    pub outcomes: Vec<(String, f64)>,
}

/// One interaction in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The trace's id, 32 hex digits.
    pub id: String,
    /// Its name, for example `buttons.red`.
    pub name: String,
    /// The input event's type, for example `click`.
    pub event: String,
    /// How it ended.
    pub outcome: String,
    /// From the input to the paint.
    pub total: f64,
    /// When the server heard of it, in milliseconds since 1970.
    pub at: u64,
}

/// One interaction whole: what happened because of it, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Itself in a line.
    pub summary: Summary,
    /// Six parts that follow one another and add up to the total: input, handler, network, server, render, paint.
    pub parts: Vec<(String, f64)>,
    /// One row per part, each below its cause.
    pub rows: Vec<Row>,
    /// Points in time.
    pub marks: Vec<Mark>,
    /// Where the time axis ends.
    pub end: f64,
    /// How many parts are not among the rows because there were too many.
    pub omitted: u32,
}

/// One part of an interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// The event that told it; empty for a piece of the row above.
    pub kind: String,
    /// On what the time was spent.
    pub place: Place,
    /// How far below the interaction.
    pub depth: u8,
    /// When it began, counted from the input.
    pub start: f64,
    /// How long it took.
    pub duration: f64,
    /// How it ended, if it can end in several ways.
    pub outcome: String,
}

/// On what time is spent: six are the parts that add up to the whole, of the server's two more are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The interaction itself.
    Whole,
    /// The input waits for its handler.
    Input,
    /// The handler runs.
    Handler,
    /// The browser asks the server and reads its answer.
    Network,
    /// The server works.
    Server,
    /// The database does, or is waited for.
    Database,
    /// Somebody else's server does.
    External,
    /// The document changes.
    Render,
    /// The browser paints it.
    Paint,
}

impl Place {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Input => "input",
            Self::Handler => "handler",
            Self::Network => "network",
            Self::Server => "server",
            Self::Database => "database",
            Self::External => "external",
            Self::Render => "render",
            Self::Paint => "paint",
        }
    }
}

/// A point in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// What was reached.
    pub kind: MarkKind,
    /// When, counted from the input.
    pub at: f64,
}

/// What a [`Mark`] marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// The first re-render is in the document, for example the word that something is pending.
    FirstRender,
    /// The last one is.
    LastRender,
    /// Nothing of it is queued or under way any more.
    Settled,
    /// The animation frame that shows it begins.
    Frame,
    /// It is on the screen.
    Paint,
    /// The first paint by the browser's own word.
    EventTiming,
    /// A re-render that came when the interaction had ended.
    Late,
}

impl MarkKind {
    /// As a person reads it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstRender => "first re-render",
            Self::LastRender => "last re-render",
            Self::Settled => "settled",
            Self::Frame => "its frame",
            Self::Paint => "paint",
            Self::EventTiming => "first paint, by the browser (Event Timing)",
            Self::Late => "late re-render",
        }
    }
}
