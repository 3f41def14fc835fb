//! One series' numbers as lines of text.

use std::fmt::Write;

use super::{Flavor, HEALTH};
use crate::{Accumulator, Kind, Metric, Series};

/// Stand in the name for a tag that is absent, and for one that is empty.
const NONE: &str = "none";
const EMPTY: &str = "empty";

pub(super) struct Lines {
    flavor: Flavor,
    prefix: String,
    tags: Vec<(String, String)>,
    /// Reused from line to line.
    name: String,
    suffix: String,
    line: String,
}

impl Lines {
    pub(super) fn new(flavor: Flavor, prefix: String, tags: Vec<(String, String)>) -> Self {
        Self { flavor, prefix, tags, name: String::new(), suffix: String::new(), line: String::new() }
    }

    /// Calls `send` with each line and the number of datapoints in it.
    pub(super) fn write(&mut self, metric: &Metric, series: &Series, new: &Accumulator, mut send: impl FnMut(&str, u64)) {
        self.name(metric, series);
        match metric.kind() {
            Kind::Counter => self.plain(new.count, "c", new.count, &mut send),
            Kind::Sum => self.number(new.sum.value(), "c", new.count, &mut send),
            Kind::LastValue => {
                if self.flavor == Flavor::Standard && new.last < 0.0 {
                    self.plain(0, "g", 0, &mut send);
                }
                self.number(new.last, "g", new.count, &mut send);
            }
            Kind::Summary if self.flavor == Flavor::Datadog => self.values(new, "h", &mut send),
            Kind::Distribution if self.flavor == Flavor::Datadog => self.values(new, "d", &mut send),
            Kind::Summary | Kind::Distribution => self.values(new, "ms", &mut send),
        }
    }

    fn name(&mut self, metric: &Metric, series: &Series) {
        self.name.clear();
        self.suffix.clear();
        if !self.prefix.is_empty() {
            _ = write!(self.name, "{}.", self.prefix);
        }
        self.name.push_str(metric.name());
        match self.flavor {
            Flavor::Standard => self.append_values(metric, series),
            Flavor::Datadog => self.append_tags(series),
        }
    }

    fn append_values(&mut self, metric: &Metric, series: &Series) {
        if series.other {
            self.name.push_str(".other");
            return;
        }
        let own = |key: &str| find(&series.tags, key).or_else(|| find(&self.tags, key));
        let values: Vec<&str> = match metric.tags() {
            // A function made them.
            [] => series.tags.iter().map(|(_, value)| value.as_str()).collect(),
            keys => keys.iter().map(|key| own(key).unwrap_or(NONE)).collect(),
        };
        for value in values {
            self.name.push('.');
            let value = if value.is_empty() { EMPTY } else { value };
            let clean = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
            self.name.extend(value.chars().map(clean));
        }
    }

    fn append_tags(&mut self, series: &Series) {
        let common = self.tags.iter().filter(|(key, _)| find(&series.tags, key).is_none());
        let mut before = "|#";
        for (key, value) in series.tags.iter().chain(common) {
            self.suffix.push_str(before);
            self.suffix.extend(key.chars().map(|c| if is_syntax(c) || c == ':' { '_' } else { c }));
            self.suffix.push(':');
            self.suffix.extend(value.chars().map(|c| if is_syntax(c) { '_' } else { c }));
            before = ",";
        }
        if series.other {
            self.suffix.push_str(before);
            self.suffix.push_str("other:true");
        }
    }

    /// All values, or a sample of them with rates that add up.
    fn values(&mut self, new: &Accumulator, kind: &str, send: &mut impl FnMut(&str, u64)) {
        let values = new.sample.values();
        let mut weights = Weights::of(new.sample.seen(), values.len());
        for value in values {
            let weight = weights.next();
            self.begin(*value, kind);
            if weight > 1 {
                _ = write!(self.line, "|@{}", 1.0 / weight as f64);
            }
            self.end(weight, send);
        }
    }

    fn number(&mut self, value: f64, kind: &str, datapoints: u64, send: &mut impl FnMut(&str, u64)) {
        if value.is_finite() {
            // Minus zero would be a sign.
            self.plain(value + 0.0, kind, datapoints, send);
        } else {
            HEALTH.dropped(datapoints, "sum too great");
        }
    }

    fn plain(&mut self, value: impl std::fmt::Display, kind: &str, datapoints: u64, send: &mut impl FnMut(&str, u64)) {
        self.begin(value, kind);
        self.end(datapoints, send);
    }

    fn begin(&mut self, value: impl std::fmt::Display, kind: &str) {
        self.line.clear();
        _ = write!(self.line, "{}:{value}|{kind}", self.name);
    }

    fn end(&mut self, datapoints: u64, send: &mut impl FnMut(&str, u64)) {
        self.line.push_str(&self.suffix);
        send(&self.line, datapoints);
    }
}

fn find<'a>(tags: &'a [(String, String)], key: &str) -> Option<&'a str> {
    tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// What has a meaning in a line of DogStatsD.
fn is_syntax(c: char) -> bool {
    c.is_control() || matches!(c, '|' | ',' | '#' | '@')
}

/// Powers of two, as many as there are values, whose sum is the number of events. Their reciprocals are exact in binary and short in
/// decimal, which other rates aren't.
struct Weights([usize; 64]);

impl Weights {
    fn of(events: u64, values: usize) -> Self {
        let mut counts = [0; 64];
        (0..64).for_each(|bit| counts[bit] = (events >> bit & 1) as usize);
        let mut parts = events.count_ones() as usize;
        while parts < values {
            let Some(largest) = (1..64).rev().find(|bit| counts[*bit] > 0) else { break };
            counts[largest] -= 1;
            counts[largest - 1] += 2;
            parts += 1;
        }
        Self(counts)
    }

    /// The next one; 1 if there is none left.
    fn next(&mut self) -> u64 {
        let Some(bit) = (0..64).find(|bit| self.0[*bit] > 0) else { return 1 };
        self.0[bit] -= 1;
        1 << bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_powers_of_two_that_add_up_to_the_number_of_events() {
        for values in [64usize, 100, 10_000] {
            for events in [values as u64, values as u64 + 1, 12_345, 999_999, 1_000_000, 4_294_967_295] {
                let events = events.max(values as u64);
                let mut weights = Weights::of(events, values);
                let all: Vec<u64> = (0..values).map(|_| weights.next()).collect();
                assert_eq!(all.iter().sum::<u64>(), events, "{events} by {values}");
                assert!(all.iter().all(|weight| weight.is_power_of_two()));
            }
        }
        let mut few = Weights::of(3, 3);
        assert_eq!([few.next(), few.next(), few.next()], [1, 1, 1]);
    }
}
