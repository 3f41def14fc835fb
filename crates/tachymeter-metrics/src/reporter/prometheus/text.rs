//! Writes the two text formats: Prometheus' own, 0.0.4, and OpenMetrics 1.0.

use std::fmt::Write;

use super::family::{Family, OTHER, Type, sanitised};
use crate::{Exemplar, Kind, Series, Total};

/// The percentiles that a summary has, as text and number.
const QUANTILES: [(&str, f64); 3] = [("0.5", 0.5), ("0.95", 0.95), ("0.99", 0.99)];

/// How a page is written.
///
/// ```
/// use tachymeter_metrics::reporter::Format;
///
/// let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// assert_eq!(Format::for_accept(prometheus), Format::OpenMetrics);
/// assert_eq!(Format::for_accept("text/html,*/*;q=0.8"), Format::Text);
/// assert_eq!(Format::for_accept(""), Format::Text);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4, without units and exemplars.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The better one of those that an HTTP `Accept` header names. OpenMetrics has to be asked for by name.
    pub fn for_accept(accept: &str) -> Self {
        let weight = |wanted: &[&str]| accept.split(',').filter_map(|range| weight_of(range, wanted)).fold(0.0, f64::max);
        let open = weight(&["application/openmetrics-text"]);
        let text = weight(&["text/plain", "text/*"]);
        if open > 0.0 && open >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// What `Content-Type` says of a page.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The weight of a media range, if it is one of the wanted ones and in a version that we write.
fn weight_of(range: &str, wanted: &[&str]) -> Option<f64> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?;
    if !wanted.iter().any(|name| name.eq_ignore_ascii_case(media)) {
        return None;
    }
    let mut weight = 1.0;
    for (key, value) in parts.filter_map(|part| part.split_once('=')) {
        match key.trim() {
            "q" => weight = value.trim().parse().unwrap_or(0.0),
            "version" if !["1.0.0", "0.0.4"].contains(&value.trim()) => return None,
            _ => {}
        }
    }
    Some(weight)
}

/// `key="value",` for each tag, ready to stand between braces. An empty value is no label to Prometheus, and a tag that a function
/// gave a name which is taken is told apart as Prometheus itself does it.
pub(super) fn labels(family: &Family, series: &Series) -> String {
    let mut text = String::new();
    if series.other {
        text = format!("{OTHER}=\"true\",");
    }
    let mut seen: Vec<String> = family.kind.own_labels().map(str::to_owned).collect();
    for (key, value) in series.tags.iter().filter(|(_, value)| !value.is_empty()) {
        let mut name = sanitised(key);
        while seen.contains(&name) {
            name.insert_str(0, "exported_");
        }
        text.extend([&name, "=\""]);
        escape(&mut text, value);
        text.push_str("\",");
        seen.push(name);
    }
    text
}

/// A label's value, or the help of OpenMetrics.
fn escape(into: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => into.push_str("\\\\"),
            '"' => into.push_str("\\\""),
            '\n' => into.push_str("\\n"),
            c => into.push(c),
        }
    }
}

/// Writes a page, family by family.
pub(super) struct Page {
    text: String,
    format: Format,
}

impl Page {
    pub(super) fn new(format: Format, capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity), format }
    }

    /// The lines that say what a family is.
    pub(super) fn head(&mut self, family: &Family) {
        let (name, kind) = (&family.name, family.kind.as_str());
        if self.format == Format::OpenMetrics {
            let _ = writeln!(self.text, "# TYPE {name} {kind}");
            if !family.unit.is_empty() {
                let _ = writeln!(self.text, "# UNIT {name} {}", family.unit);
            }
            let _ = write!(self.text, "# HELP {name} ");
            escape(&mut self.text, &family.help);
            self.text.push('\n');
            return;
        }
        let total = if family.kind == Type::Counter { "_total" } else { "" };
        // There a quote stands for itself.
        let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = write!(self.text, "# HELP {name}{total} {help}\n# TYPE {name}{total} {kind}\n");
    }

    /// The lines of one series.
    pub(super) fn series(&mut self, family: &Family, labels: &str, total: &Total) {
        let suffix = if family.kind == Type::Counter { "_total" } else { "" };
        match family.shows {
            Kind::Counter => self.number(family, suffix, labels, total.count),
            Kind::Sum => self.float(family, suffix, labels, total.sum.value()),
            Kind::LastValue => self.float(family, suffix, labels, total.last),
            Kind::Summary => self.summary(family, labels, total),
            Kind::Distribution => self.histogram(family, labels, total),
        }
        if family.kind == Type::Counter {
            self.exemplar(family, total.exemplars.first());
        }
        self.text.push('\n');
    }

    /// A counter that no datapoints are behind.
    pub(super) fn count(&mut self, family: &Family, labels: &str, count: u64) {
        self.number(family, "_total", labels, count);
        self.text.push('\n');
    }

    fn summary(&mut self, family: &Family, labels: &str, total: &Total) {
        let recent = total.recent();
        for (text, q) in QUANTILES {
            self.name(family, "", labels, Some(("quantile", text)));
            self.value(family.value(recent.quantile(q).unwrap_or(f64::NAN)));
            self.text.push('\n');
        }
        self.ends(family, labels, total);
    }

    fn histogram(&mut self, family: &Family, labels: &str, total: &Total) {
        let mut below = 0;
        for (at, bound) in family.bounds.iter().enumerate() {
            below += total.buckets.get(at).copied().unwrap_or(0);
            self.name(family, "_bucket", labels, Some(("le", bound)));
            let _ = write!(self.text, "{below}");
            self.exemplar(family, total.exemplars.get(at));
            self.text.push('\n');
        }
        self.ends(family, labels, total);
    }

    fn ends(&mut self, family: &Family, labels: &str, total: &Total) {
        self.float(family, "_sum", labels, total.sum.value());
        self.text.push('\n');
        self.number(family, "_count", labels, total.count);
    }

    /// A sample without its end of line.
    fn number(&mut self, family: &Family, suffix: &str, labels: &str, value: u64) {
        self.name(family, suffix, labels, None);
        let _ = write!(self.text, "{value}");
    }

    fn float(&mut self, family: &Family, suffix: &str, labels: &str, value: f64) {
        self.name(family, suffix, labels, None);
        self.value(family.value(value));
    }

    fn value(&mut self, value: f64) {
        // Rust's own words for what is no number are not Prometheus'.
        let _ = match value {
            value if value.is_nan() => write!(self.text, "NaN"),
            value if value.is_infinite() => write!(self.text, "{}Inf", if value > 0.0 { '+' } else { '-' }),
            value => write!(self.text, "{value:?}"),
        };
    }

    fn name(&mut self, family: &Family, suffix: &str, labels: &str, own: Option<(&str, &str)>) {
        self.text.push_str(&family.name);
        self.text.push_str(suffix);
        if labels.is_empty() && own.is_none() {
            self.text.push(' ');
            return;
        }
        self.text.push('{');
        match own {
            Some((key, value)) => {
                self.text.push_str(labels);
                self.text.extend([key, "=\"", value, "\"} "]);
            }
            None => {
                self.text.push_str(&labels[..labels.len() - 1]);
                self.text.push_str("} ");
            }
        }
    }

    fn exemplar(&mut self, family: &Family, exemplar: Option<&Option<(Exemplar, u64)>>) {
        let Some(Some((exemplar, ms))) = exemplar else { return };
        if self.format != Format::OpenMetrics {
            return;
        }
        let context = exemplar.context;
        let _ = write!(self.text, " # {{trace_id=\"{}\",span_id=\"{}\"}} ", context.trace_id, context.span_id);
        self.value(family.value(exemplar.value));
        let _ = write!(self.text, " {}.{:03}", ms / 1_000, ms % 1_000);
    }

    pub(super) fn end(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}
