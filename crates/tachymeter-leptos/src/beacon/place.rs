//! An event's place in a trace, as far as a browser is believed: ids that are ids, traces of its own page, and each span once.

use std::collections::{HashSet, VecDeque};

use tachymeter::{Context, SpanId};

/// How many spans are remembered, to know those again that a browser sends twice because it didn't hear the answer.
const REMEMBERED: usize = 65_536;

/// Which metadata says the place; never a tag, for every value is another.
pub(super) const KEYS: [&str; 3] = ["trace_id", "span_id", "parent_id"];

/// A span and its parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) context: Context,
    pub(super) parent: Option<SpanId>,
}

/// Why a place is not believed.
#[derive(Debug, PartialEq)]
pub(super) enum Unbelieved {
    Malformed(String),
    /// It belongs to another page load.
    Foreign,
}

/// Reads the place from an event's metadata. `None`: it has none, or its page has no prefix that this server knows.
pub(super) fn read(metadata: &[(String, String)], page: Option<[u8; 8]>) -> Result<Option<Place>, Unbelieved> {
    let [trace, span, parent] = KEYS.map(|key| metadata.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str()));
    let (Some(trace), Some(span)) = (trace, span) else {
        let whole = trace.is_none() && span.is_none() && parent.is_none();
        return if whole { Ok(None) } else { Err(malformed("trace_id and span_id come together")) };
    };
    let context = place(trace, span)?;
    let parent = parent.map(|parent| place(trace, parent)).transpose()?.map(|parent| parent.span_id);
    match page {
        None => Ok(None),
        Some(page) if context.trace_id.0.starts_with(&page) => Ok(Some(Place { context, parent })),
        Some(_) => Err(Unbelieved::Foreign),
    }
}

fn place(trace: &str, span: &str) -> Result<Context, Unbelieved> {
    let text = format!("00-{trace}-{span}-01");
    text.parse().map_err(|_| malformed("trace_id has 32 lower-case hex digits, span_id and parent_id 16, and none is all zero"))
}

fn malformed(text: &str) -> Unbelieved {
    Unbelieved::Malformed(text.to_owned())
}

/// The spans that came last.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<(usize, SpanId)>,
    order: VecDeque<(usize, SpanId)>,
}

impl Recent {
    /// Whether the span comes for the first time with this event, which is told by its number.
    pub(super) fn is_new(&mut self, event: usize, span: SpanId) -> bool {
        if !self.known.insert((event, span)) {
            return false;
        }
        self.order.push_back((event, span));
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: [u8; 8] = [0xab; 8];
    const OURS: &str = "abababababababab0000000000000001";

    fn ids(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_place_of_the_own_page_is_believed() {
        let whole = ids(&[("trace_id", OURS), ("span_id", "00000000000000aa"), ("parent_id", "00000000000000bb")]);
        let place = read(&whole, Some(PAGE)).expect("well formed").expect("a place");
        assert_eq!((place.context.trace_id.to_string(), place.context.span_id.0[7]), (OURS.to_owned(), 0xaa));
        assert_eq!(place.parent.map(|parent| parent.0[7]), Some(0xbb));
        assert_eq!(read(&whole, None), Ok(None), "of a page that nobody knows");
        assert_eq!(read(&whole, Some([0xac; 8])), Err(Unbelieved::Foreign));
        assert_eq!(read(&ids(&[("name", "x")]), Some(PAGE)), Ok(None));
    }

    #[test]
    fn what_is_no_id_is_refused_whatever_the_page() {
        let zero = "0".repeat(32);
        for broken in [
            &[("trace_id", OURS)][..],
            &[("span_id", "00000000000000aa")],
            &[("parent_id", "00000000000000aa")],
            &[("trace_id", OURS), ("span_id", "aa")],
            &[("trace_id", OURS), ("span_id", "00000000000000AA")],
            &[("trace_id", OURS), ("span_id", "0000000000000000")],
            &[("trace_id", &zero), ("span_id", "00000000000000aa")],
            &[("trace_id", OURS), ("span_id", "00000000000000aa-01-")],
            &[("trace_id", OURS), ("span_id", "00000000000000aa"), ("parent_id", "no")],
        ] {
            for page in [None, Some(PAGE)] {
                assert!(matches!(read(&ids(broken), page), Err(Unbelieved::Malformed(_))), "{broken:?}");
            }
        }
    }

    #[test]
    fn each_span_counts_once_and_the_memory_has_an_end() {
        let mut recent = Recent::default();
        let span = |number: u64| SpanId(number.to_be_bytes());
        assert!(recent.is_new(0, span(1)) && recent.is_new(1, span(1)) && !recent.is_new(0, span(1)));
        assert!((2..=2 * REMEMBERED as u64).all(|number| recent.is_new(0, span(number))));
        assert_eq!((recent.known.len(), recent.order.len()), (REMEMBERED, REMEMBERED));
        assert!(recent.is_new(0, span(1)), "long ago");
    }
}
