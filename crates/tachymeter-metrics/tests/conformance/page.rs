//! Reads a page of either text format back, and believes nothing: what the grammar of OpenMetrics 1.0 doesn't allow is a failure.

use std::collections::{BTreeMap, HashSet};

use crate::table::Tags;

#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) unit: String,
    pub(crate) help: String,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Tags,
    pub(crate) value: f64,
    /// Labels and value.
    pub(crate) exemplar: Option<(Tags, f64)>,
}

/// The families by name.
pub(crate) fn parse(page: &str, is_open_metrics: bool) -> BTreeMap<String, Family> {
    let page = if is_open_metrics { page.strip_suffix("# EOF\n").expect("ends in # EOF") } else { page };
    assert!(page.ends_with('\n'), "every line ends");
    let mut families = BTreeMap::new();
    let (mut current, mut seen) = (String::new(), HashSet::new());
    // A carriage return is a character like any other.
    for line in page.split_terminator('\n') {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name, rest) = (words.next().unwrap(), words.next().expect("a name"), words.next().unwrap_or(""));
            assert!(is_name(name), "{line}");
            if name != current {
                assert!(!families.contains_key(name), "{name} stands in two places");
                current = name.to_owned();
            }
            let family: &mut Family = families.entry(current.clone()).or_default();
            assert!(family.samples.is_empty(), "{line} stands after samples");
            let slot = match what {
                "TYPE" => &mut family.kind,
                "UNIT" if is_open_metrics => &mut family.unit,
                "HELP" => &mut family.help,
                _ => panic!("{line}"),
            };
            assert!(slot.is_empty(), "said twice: {line}");
            *slot = if what == "HELP" { unescape(rest) } else { rest.to_owned() };
            continue;
        }
        let sample = Reader(line).sample(is_open_metrics);
        let family = families.get_mut(&current).expect("a family has a head");
        let suffix = sample.name.strip_prefix(&current).unwrap_or_else(|| panic!("{line} is no sample of {current}"));
        assert!(allowed(&family.kind, is_open_metrics).contains(&suffix), "{line} in a {}", family.kind);
        assert!(seen.insert((sample.name.clone(), sample.labels.clone())), "twice: {line}");
        family.samples.push(sample);
    }
    families
}

/// What the names of samples end in, by the family's kind.
fn allowed(kind: &str, is_open_metrics: bool) -> &'static [&'static str] {
    match kind {
        "counter" if is_open_metrics => &["_total"],
        "counter" | "gauge" => &[""],
        "summary" => &["", "_sum", "_count"],
        "histogram" => &["_bucket", "_sum", "_count"],
        kind => panic!("unknown kind {kind:?}"),
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

fn unescape(text: &str) -> String {
    let (mut plain, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => escaped(chars.next()),
            c => c,
        });
    }
    plain
}

fn escaped(c: Option<char>) -> char {
    match c {
        Some('n') => '\n',
        Some(c @ ('\\' | '"')) => c,
        other => panic!("a backslash stands before {other:?}"),
    }
}

/// What of a line is still to be read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn until(&mut self, ends: &[char]) -> &'a str {
        let (word, rest) = self.0.split_at(self.0.find(ends).unwrap_or(self.0.len()));
        self.0 = rest;
        word
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn sample(mut self, is_open_metrics: bool) -> Sample {
        let line = self.0;
        let name = self.until(&['{', ' ']).to_owned();
        assert!(is_name(&name), "{line}");
        let labels = if self.skip("{") { self.labels() } else { Tags::new() };
        assert!(self.skip(" "), "{line}");
        let value = number(self.until(&[' ']));
        let exemplar = self.skip(" # {").then(|| {
            assert!(is_open_metrics, "the older format has no exemplars: {line}");
            let labels = self.labels();
            assert!(self.skip(" "), "{line}");
            let value = number(self.until(&[' ']));
            assert!(self.skip(" ") && number(self.until(&[' '])) > 1e9, "{line} has no time");
            (labels, value)
        });
        assert!(self.0.is_empty(), "{:?} is left of {line}", self.0);
        Sample { name, labels, value, exemplar }
    }

    fn labels(&mut self) -> Tags {
        let mut labels = Tags::new();
        loop {
            let name = self.until(&['=']).to_owned();
            assert!(is_name(&name) && !name.contains(':') && self.skip("=\""), "{name:?} in front of {:?}", self.0);
            let mut value = String::new();
            loop {
                let c = self.0.chars().next().expect("a quote at the end");
                self.0 = &self.0[c.len_utf8()..];
                match c {
                    '"' => break,
                    '\\' => {
                        value.push(escaped(self.0.chars().next()));
                        self.0 = &self.0[1..];
                    }
                    c => value.push(c),
                }
            }
            assert!(labels.insert(name, value).is_none(), "a label stands twice");
            if self.skip("}") {
                return labels;
            }
            assert!(self.skip(","), "{:?} follows a label", self.0);
        }
    }
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        text => {
            assert!(text.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{text:?} is no number");
            text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
        }
    }
}
