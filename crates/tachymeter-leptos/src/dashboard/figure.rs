//! One chart on the page: title, current values, the canvas, and the same numbers as a table.

use leptos::html::Div;
use leptos::prelude::*;

use super::model::Columns;
use super::{Chart, Model};

/// How many rows the table shows, newest first.
const TABLE_ROWS: usize = 60;

/// How many colours there are before they begin anew; the style sheet has a class for each.
const MARKS: usize = 8;

/// What all charts of a page share.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    pub(super) model: StoredValue<Model>,
    /// Changes when the model has.
    pub(super) version: RwSignal<u64>,
    /// How many seconds are shown.
    pub(super) range: RwSignal<u64>,
    /// Changes when the page's colours have.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser draws"))]
    pub(super) theme: RwSignal<u32>,
}

impl Shared {
    fn columns(self, chart: &Chart) -> Columns {
        self.version.track();
        let seconds = self.range.get();
        self.model.with_value(|model| model.columns(chart, seconds))
    }
}

/// A number as a person reads it; `—` for none.
pub(super) fn humanise(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return "—".to_owned() };
    let (value, unit) = match unit {
        "ms" | "millisecond" if value >= 1000.0 => (value / 1000.0, "s"),
        "ms" | "millisecond" if value < 1.0 && value > 0.0 => (value * 1000.0, "µs"),
        "ms" | "millisecond" => (value, "ms"),
        _ if value >= 10_000.0 => (value / 1000.0, "k"),
        other => (value, other),
    };
    let digits = match value.abs() {
        magnitude if magnitude == magnitude.trunc() || magnitude >= 100.0 => 0,
        magnitude if magnitude >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

/// A chart.
#[component]
pub(super) fn Figure(chart: Chart, shared: Shared) -> impl IntoView {
    let canvas = NodeRef::<Div>::new();
    let chart = StoredValue::new(chart);
    let columns = Memo::new(move |_| chart.with_value(|chart| shared.columns(chart)));
    let unit = Memo::new(move |_| {
        shared.version.track();
        let metric = chart.with_value(|chart| chart.metric.clone());
        let counts = chart.with_value(|chart| chart.stats.as_slice() == [super::Stat::PerSecond]);
        if counts {
            return "/s".to_owned();
        }
        shared.model.with_value(|model| model.definition(&metric).map(|it| it.unit.clone()).unwrap_or_default())
    });
    let empty = move || columns.with(|columns| columns.rows.is_empty());
    let (id, title) = chart.with_value(|chart| (chart.id.clone(), chart.title.clone()));
    let title_id = format!("{id}-title");
    let named_by = title_id.clone();
    draw(canvas, chart, columns, shared);
    view! {
        <figure class="tm-figure" id=id data-testid="chart" aria-labelledby=title_id>
            <figcaption class="tm-caption">
                <h2 class="tm-title" id=named_by>{title}</h2>
            </figcaption>
            <div class="tm-plot">
                <div class="tm-canvas" node_ref=canvas role="img" aria-label="Chart; the table below has the same numbers"></div>
                <p class="tm-empty" hidden=move || !empty()>"Nothing yet. It appears here as soon as it happens."</p>
            </div>
            <Current columns unit/>
            <Table columns unit/>
        </figure>
    }
}

/// The series with their latest values: legend and readout in one.
#[component]
fn Current(columns: Memo<Columns>, unit: Memo<String>) -> impl IntoView {
    let item = move |columns: &Columns, series: usize| {
        let unit = unit.get();
        let of_series = columns.labels.iter().enumerate().filter(|(_, label)| label.series == series);
        let value = |(column, label): (usize, &super::Label)| {
            let value = humanise(columns.latest(column), &unit);
            view! { <span class="tm-value">{label.stat_name}" "<b>{value}</b></span> }
        };
        let values = of_series.clone().map(value).collect_view();
        let name = of_series.clone().next().map(|(_, label)| label.name.clone());
        view! { <li><span class=format!("tm-mark tm-mark-{}", series % MARKS) aria-hidden="true"></span>{name}" "{values}</li> }
    };
    let items = move || columns.with(|columns| (0..columns.series()).map(|series| item(columns, series)).collect_view());
    view! { <ul class="tm-current" data-testid="current" tabindex="0" aria-label="Latest values">{items}</ul> }
}

/// The same numbers for those who can't see a chart.
#[component]
fn Table(columns: Memo<Columns>, unit: Memo<String>) -> impl IntoView {
    let open = RwSignal::new(false);
    let time = |ms: f64| {
        let seconds = (ms / 1000.0) as u64;
        format!("{:02}:{:02}:{:02} UTC", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
    };
    let rows = move || {
        columns.with(|columns| {
            let unit = unit.get();
            let some = |row: &&[f64]| row[1..].iter().any(|value| *value > 0.0);
            let row = |row: &[f64]| {
                let cells = row[1..].iter().map(|value| view! { <td>{humanise(Some(*value), &unit)}</td> }).collect_view();
                view! { <tr><th scope="row">{time(row[0])}</th>{cells}</tr> }
            };
            columns.iter().rev().filter(some).take(TABLE_ROWS).map(row).collect_view()
        })
    };
    let head = move || {
        columns.with(|columns| columns.labels.iter().map(|label| view! { <th scope="col">{label.text()}</th> }).collect_view())
    };
    view! {
        <details class="tm-table" on:toggle=move |_| *open.write() ^= true>
            <summary>"Table"</summary>
            <div class="tm-scroll" tabindex="0" role="region" aria-label="The chart's numbers">
                {move || open.get().then(|| view! {
                    <table>
                        <thead><tr><th scope="col">"Time"</th>{head}</tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                })}
            </div>
        </details>
    }
}

#[cfg(not(feature = "hydrate"))]
fn draw(_canvas: NodeRef<Div>, _chart: StoredValue<Chart>, _columns: Memo<Columns>, _shared: Shared) {}

#[cfg(feature = "hydrate")]
fn draw(canvas: NodeRef<Div>, chart: StoredValue<Chart>, columns: Memo<Columns>, shared: Shared) {
    use super::echarts::{Drawing, load};

    let drawing = RwSignal::new_local(None::<std::rc::Rc<Drawing>>);
    Effect::new(move |_| {
        shared.theme.track();
        let Some(element) = canvas.get() else { return };
        drawing.set(None);
        leptos::task::spawn_local(async move {
            let made = match load().await {
                Ok(()) => chart.try_with_value(|chart| Drawing::new(&element, &chart.option)),
                Err(_) => {
                    leptos::logging::error!("tachymeter: /echarts.js could not be loaded; scripts/setup makes it");
                    None
                }
            };
            if let Some(Ok(made)) = made {
                drawing.try_set(Some(made));
            }
        });
    });
    Effect::new(move |_| {
        let table = columns.get();
        drawing.with(|drawing| {
            if let Some(drawing) = drawing {
                drawing.request(table);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_a_person_would_say_them() {
        for (value, unit, text) in [
            (Some(4.237), "ms", "4.24 ms"),
            (Some(1284.0), "ms", "1.28 s"),
            (Some(0.42), "ms", "420 µs"),
            (Some(0.0), "ms", "0 ms"),
            (Some(12_400.0), "/s", "12.4 k"),
            (Some(3.0), "/s", "3 /s"),
            (Some(7.0), "", "7"),
            (Some(f64::NAN), "ms", "—"),
            (None, "ms", "—"),
        ] {
            assert_eq!(humanise(value, unit), text);
        }
    }
}
