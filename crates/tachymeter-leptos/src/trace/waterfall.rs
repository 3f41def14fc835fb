//! From the parts of a trace to its rows: who caused what, and when by one clock.
//!
//! No clock is compared with another. What the browser says is counted from the input; what the server says is counted by the server's clock,
//! and is laid into the time that the browser waited for it, in the middle: as much of what is left over went into the way there as into the
//! way back.

use std::collections::HashMap;

use tachymeter::SpanId;

use super::ended::Ended;
use super::model::{Mark, MarkKind, Place, Row, Trace};
use super::part::Part;
use super::store::Entry;

/// No cause is further away than this; a browser may claim that a span is its own ancestor.
const MAX_DEPTH: u8 = 16;

/// Puts one trace together.
pub(super) fn build(entry: &Entry) -> Trace {
    let ended = &entry.ended;
    let mut rows =
        Rows { rows: Vec::new(), children: HashMap::new(), parts: &entry.parts, drawn: vec![false; entry.parts.len()] };
    for (index, part) in entry.parts.iter().enumerate() {
        rows.children.entry(part.parent).or_default().push(index);
    }
    rows.root(ended);
    let marks = marks(ended, &entry.late);
    let ends = rows.rows.iter().map(|row| row.start + row.duration).chain(marks.iter().map(|mark| mark.at));
    Trace {
        summary: ended.summary(),
        parts: ended.parts().map(|(name, ms)| (name.to_owned(), ms)).to_vec(),
        end: ends.fold(ended.total, f64::max),
        rows: rows.rows,
        marks,
        omitted: entry.omitted,
    }
}

fn marks(ended: &Ended, late: &[f64]) -> Vec<Mark> {
    let mut marks = Vec::new();
    if ended.renders > 1 {
        marks.push(Mark { kind: MarkKind::FirstRender, at: ended.first_render });
    }
    if ended.renders > 0 {
        marks.push(Mark { kind: MarkKind::LastRender, at: ended.commit });
    }
    marks.extend(ended.settled.map(|at| Mark { kind: MarkKind::Settled, at }));
    marks.extend(ended.frame.map(|at| Mark { kind: MarkKind::Frame, at }));
    marks.push(Mark { kind: MarkKind::Paint, at: ended.total });
    marks.extend(ended.event_timing.map(|at| Mark { kind: MarkKind::EventTiming, at }));
    marks.extend(late.iter().map(|at| Mark { kind: MarkKind::Late, at: *at }));
    marks
}

struct Rows<'t> {
    rows: Vec<Row>,
    children: HashMap<Option<SpanId>, Vec<usize>>,
    parts: &'t [Part],
    drawn: Vec<bool>,
}

impl Rows<'_> {
    fn push(&mut self, name: &str, place: Place, depth: u8, start: f64, duration: f64) {
        let (name, kind, outcome) = (name.to_owned(), String::new(), String::new());
        self.rows.push(Row { name, kind, place, depth, start, duration, outcome });
    }

    fn push_part(&mut self, part: &Part, place: Place, depth: u8, start: f64) {
        self.push(&part.name, place, depth, start, part.duration);
        if let Some(row) = self.rows.last_mut() {
            part.kind.clone_into(&mut row.kind);
            row.outcome = part.outcome.to_string();
        }
    }

    fn root(&mut self, ended: &Ended) {
        self.push(&ended.name, Place::Whole, 0, 0.0, ended.total);
        if let Some(row) = self.rows.last_mut() {
            row.kind = ended.event.to_string();
            row.outcome = ended.outcome.as_str().to_owned();
        }
        self.push("input delay", Place::Input, 1, 0.0, ended.input_delay);
        self.push("handler", Place::Handler, 1, ended.input_delay, ended.handler);
        let mut calls: Vec<usize> = (0..self.parts.len()).filter(|index| self.parts[*index].in_browser).collect();
        calls.sort_by(|a, b| self.parts[*a].start.total_cmp(&self.parts[*b].start));
        calls.into_iter().for_each(|call| self.call(call));
        self.unclaimed(ended);
        if ended.renders > 1 {
            self.push("first re-render", Place::Render, 1, ended.first_render, 0.0);
        }
        if ended.renders > 0 {
            self.push("re-render", Place::Render, 1, ended.commit - ended.render, ended.render);
            if let Some(row) = self.rows.last_mut().filter(|_| ended.shared > 0) {
                "shared".clone_into(&mut row.outcome);
            }
        }
        self.push("paint", Place::Paint, 1, ended.commit, ended.paint);
    }

    /// A call of a server function, as the browser saw it, and in the middle what the server says of it.
    fn call(&mut self, index: usize) {
        let part = &self.parts[index];
        self.drawn[index] = true;
        self.push_part(part, Place::Network, 1, part.start);
        let piece = |name: &str| part.piece(name).unwrap_or_default();
        let (queue, request, decode) = (piece("queue"), piece("request"), piece("decode"));
        let (sent, answered) = (part.start + queue, part.start + queue + request);
        if part.piece("queue").is_some() {
            self.push("queue", Place::Network, 2, part.start, queue);
        }
        let served = part.span.and_then(|span| self.children.get(&Some(span)).cloned()).unwrap_or_default();
        let mut far_end = None;
        for top in served.into_iter().filter(|top| !self.parts[*top].in_browser) {
            let (start, end) = self.lay(top, sent, answered, 2, far_end.is_none());
            far_end = Some(far_end.map_or((start, end), |(_, before): (f64, f64)| (start, end.max(before))));
        }
        match far_end {
            Some((_, end)) => self.push("response", Place::Network, 2, end, (answered - end).max(0.0)),
            None if part.piece("request").is_some() => self.push("request", Place::Network, 2, sent, request),
            None => {}
        }
        if part.piece("decode").is_some() {
            self.push("decode", Place::Network, 2, answered, decode);
        }
    }

    /// What the server did for this interaction that no call of the browser's report claims, because that report never came.
    fn unclaimed(&mut self, ended: &Ended) {
        let from = ended.input_delay + ended.handler;
        let to = from + ended.network + ended.server;
        for index in 0..self.parts.len() {
            let known = |span| self.parts.iter().any(|part| part.span == Some(span));
            let top = !self.drawn[index] && self.parts[index].parent.is_none_or(|parent| !known(parent));
            if top {
                self.lay(index, from, to, 1, false);
            }
        }
        // Whatever is left claims to be its own ancestor.
        for index in 0..self.parts.len() {
            if !self.drawn[index] {
                self.lay(index, from, to, 1, false);
            }
        }
    }

    /// Lays what the server did into the middle of the time that the browser waited, with the way there if that is wanted. Says where it lies.
    fn lay(&mut self, top: usize, from: f64, to: f64, depth: u8, way: bool) -> (f64, f64) {
        let part = &self.parts[top];
        // The rest of the body was sent while the browser read it.
        let length = part.piece("first_byte").unwrap_or(part.duration);
        let start = from + ((to - from - length) / 2.0).max(0.0);
        if way {
            self.push("request", Place::Network, depth, from, start - from);
        }
        self.server(top, start - part.start, depth);
        (start, start + length)
    }

    /// A part of the server and what it caused, by the server's clock moved by `shift`.
    fn server(&mut self, index: usize, shift: f64, depth: u8) {
        if std::mem::replace(&mut self.drawn[index], true) || depth > MAX_DEPTH {
            return;
        }
        let part = &self.parts[index];
        let (start, place) = (part.start + shift, place_of(part.kind));
        self.push_part(part, place, depth, start);
        let mut below = depth + 1;
        let mut at = start;
        for name in ["queue", "query", "decode", "body"] {
            if let Some(ms) = part.piece(name) {
                self.push(name, place, depth + 1, at, ms);
                at += ms;
                // What it caused, its body caused.
                below += u8::from(name == "body");
            }
        }
        let mut caused = part.span.and_then(|span| self.children.get(&Some(span)).cloned()).unwrap_or_default();
        caused.sort_by(|a, b| self.parts[*a].start.total_cmp(&self.parts[*b].start));
        for child in caused.into_iter().filter(|child| !self.parts[*child].in_browser) {
            self.server(child, shift, below);
        }
        if let Some(ms) = part.piece("encode") {
            self.push("encode", place, depth + 1, at, ms);
        }
    }
}

fn place_of(kind: &str) -> Place {
    match kind.split('.').next() {
        Some("db") => Place::Database,
        Some("external") => Place::External,
        _ => Place::Server,
    }
}
