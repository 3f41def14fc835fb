//! What of the interactions is shown and how it is sorted, as it stands in the page's address.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::trace::{EventFigures, Filter};

/// By what the events are sorted: names alphabetically, numbers from the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Alphabetically.
    Name,
    /// The most frequent first.
    Count,
    /// The slowest median first.
    P50,
    /// The slowest first; this is how it is sorted if nobody says otherwise.
    #[default]
    P95,
    /// The slowest hundredth first.
    P99,
}

impl Sort {
    /// In the order of the columns.
    pub const ALL: [Self; 5] = [Self::Name, Self::Count, Self::P50, Self::P95, Self::P99];

    /// As the address and the column's head say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "event",
            Self::Count => "count",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }

    pub(super) fn compare(self, a: &EventFigures, b: &EventFigures) -> Ordering {
        let numbers = match self {
            Self::Name => Ordering::Equal,
            Self::Count => b.count.cmp(&a.count),
            Self::P50 => b.p50.total_cmp(&a.p50),
            Self::P95 => b.p95.total_cmp(&a.p95),
            Self::P99 => b.p99.total_cmp(&a.p99),
        };
        numbers.then_with(|| a.name.cmp(&b.name))
    }
}

/// The part of the address after the question mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Which interactions are listed.
    pub filter: Filter,
    /// How the events are sorted.
    pub sort: Sort,
}

impl Query {
    /// Reads it from the parameters `event`, `outcome` and `sort`, each of which may be missing.
    ///
    /// ```
    /// use tachymeter_leptos::dashboard::{Query, Sort};
    ///
    /// let query = Query::read(|key| (key == "sort").then(|| "count".to_owned()));
    /// assert_eq!((query.sort, query.href("/interactions").as_str()), (Sort::Count, "/interactions?sort=count"));
    /// ```
    pub fn read(parameter: impl Fn(&str) -> Option<String>) -> Self {
        let text = |key: &str| parameter(key).unwrap_or_default();
        let sort = text("sort");
        Self {
            filter: Filter { name: text("event"), outcome: text("outcome") },
            sort: Sort::ALL.into_iter().find(|it| it.as_str() == sort).unwrap_or_default(),
        }
    }

    /// The address that says it.
    pub fn href(&self, path: &str) -> String {
        let sort = if self.sort == Sort::default() { "" } else { self.sort.as_str() };
        let mut href = path.to_owned();
        let mut before = '?';
        for (key, value) in [("event", self.filter.name.as_str()), ("outcome", &self.filter.outcome), ("sort", sort)] {
            if !value.is_empty() {
                href.extend([before]);
                href.push_str(key);
                href.push('=');
                encode(value, &mut href);
                before = '&';
            }
        }
        href
    }

    pub(super) fn with_sort(&self, sort: Sort) -> Self {
        Self { sort, ..self.clone() }
    }

    pub(super) fn with_name(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.filter.name = name.to_owned();
        changed
    }

    pub(super) fn with_outcome(&self, outcome: &str) -> Self {
        let mut changed = self.clone();
        changed.filter.outcome = outcome.to_owned();
        changed
    }
}

/// Percent-encoding of all but what RFC 3986 leaves unreserved.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_differs_and_nothing_else() {
        let query = Query::default();
        assert_eq!(query.href("/i"), "/i");
        let query = query.with_name("a b&c=ü").with_outcome("failed").with_sort(Sort::Count);
        assert_eq!(query.href("/i"), "/i?event=a%20b%26c%3D%C3%BC&outcome=failed&sort=count");
        assert_eq!(query.with_name("").with_outcome("").href("/i"), "/i?sort=count");
    }

    #[test]
    fn a_sort_that_nobody_knows_is_the_usual_one() {
        assert_eq!(Query::read(|_| Some("nonsense".to_owned())).sort, Sort::P95);
    }

    #[test]
    fn equal_numbers_are_in_alphabetical_order() {
        let figures =
            |name: &str, p95: f64| EventFigures { name: name.into(), count: 1, p50: 1.0, p95, p99: 9.0, outcomes: Vec::new() };
        let mut events = [figures("b", 1.0), figures("c", 3.0), figures("a", 1.0)];
        events.sort_by(|a, b| Sort::P95.compare(a, b));
        assert_eq!(events.map(|it| it.name), ["c", "a", "b"]);
    }
}
