//! One interaction whole: where its time went in six parts, and every part below its cause.

use leptos::ev;
use leptos::html::Table;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::figure::humanise;
use crate::trace::{Mark, MarkKind, Place, Row, Trace};

/// A bar is never thinner than this, in per cent of the axis: the shortest part is to be seen as well.
const THINNEST: f64 = 0.3;

/// About how many steps the time axis has.
const STEPS: f64 = 5.0;

/// Shows one interaction. Arrow keys move through its parts, `c` copies the trace's id.
///
/// # Server-Side Rendering
/// Renders the same.
#[component]
pub fn Waterfall(
    /// The interaction.
    trace: Trace,
) -> impl IntoView {
    let Trace { summary, parts, rows, marks, end, omitted } = trace;
    let end = end.max(f64::EPSILON);
    let total = humanise(Some(summary.total), "ms");
    let sentence = format!("{total} from the {} to the screen, {}.", summary.event, summary.outcome);
    let rows = StoredValue::new(rows);
    view! {
        <article class="tm-trace" data-testid="trace">
            <header>
                <h2 class="tm-trace-name">{summary.name}</h2>
                <p class="tm-trace-sentence">{sentence}</p>
                <TraceId id=summary.id/>
            </header>
            {six_parts(&parts, summary.total)}
            <Rows rows marks=marks.clone() end/>
            {rows.with_value(|rows| legend(&marks, rows))}
            <p class="tm-note" hidden={omitted == 0}>{format!("{omitted} further parts were not kept.")}</p>
            {rows.with_value(|rows| table(rows))}
        </article>
    }
}

/// The trace's id, to be copied by a click or by the key `c` wherever the focus is.
#[component]
fn TraceId(id: String) -> impl IntoView {
    let copied = RwSignal::new(false);
    let id = StoredValue::new(id);
    let copy = move || {
        _ = window().navigator().clipboard().write_text(&id.get_value());
        copied.set(true);
    };
    Effect::new(move |_| {
        let listener = window_event_listener(ev::keydown, move |event| {
            let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
            if event.key() == "c" && plain && !is_field(&event) {
                copy();
            }
        });
        on_cleanup(move || listener.remove());
    });
    view! {
        <p class="tm-trace-id">
            "Trace " <code data-testid="trace-id">{id.get_value()}</code>
            <button type="button" class="tm-button" aria-keyshortcuts="c" on:click=move |_| copy()>"Copy"</button>
            <span role="status">{move || if copied.get() { "Copied" } else { "" }}</span>
        </p>
    }
}

/// Who types means the letter.
fn is_field(event: &web_sys::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest("input, textarea, select, [contenteditable]").ok().flatten().is_some())
}

/// Six parts that add up to the whole, as a bar and in words.
fn six_parts(parts: &[(String, f64)], total: f64) -> AnyView {
    let total = total.max(f64::EPSILON);
    let mut from = 0.0;
    let mut bar = |(name, ms): &(String, f64)| {
        let (x, width) = (format!("{from:.3}%"), format!("{:.3}%", ms / total * 100.0));
        from += ms / total * 100.0;
        view! { <rect class=format!("tm-place-{name}") x=x width=width height="16"></rect> }
    };
    let bars = parts.iter().map(&mut bar).collect_view();
    let word = |(name, ms): &(String, f64)| {
        let dot = format!("tm-mark tm-place-{name}");
        view! { <div><dt><span class=dot aria-hidden="true"></span>{name.clone()}</dt><dd>{humanise(Some(*ms), "ms")}</dd></div> }
    };
    let words = parts.iter().map(word).collect_view();
    view! {
        <svg class="tm-parts" width="100%" height="16" aria-hidden="true">{bars}</svg>
        <dl class="tm-parts-list" data-testid="parts">{words}</dl>
    }
    .into_any()
}

/// Each part in a row: its name below its cause, its bar on the shared axis, how long it took.
#[component]
fn Rows(rows: StoredValue<Vec<Row>>, marks: Vec<Mark>, end: f64) -> impl IntoView {
    let active = RwSignal::new(0usize);
    let grid = NodeRef::<Table>::new();
    let count = rows.with_value(Vec::len);
    let go = move |to: usize| {
        active.set(to);
        let row = grid.get_untracked().and_then(|grid| grid.rows().item(to as u32 + 1));
        if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
            _ = row.focus();
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let now = active.get_untracked();
        let to = match event.key().as_str() {
            "ArrowDown" => (now + 1).min(count.saturating_sub(1)),
            "ArrowUp" => now.saturating_sub(1),
            "Home" => 0,
            "End" => count.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        go(to);
    };
    let row = |(index, row): (usize, &Row)| {
        let tab = move || if active.get() == index { "0" } else { "-1" };
        // A point in time takes none.
        let time = if row.duration > 0.0 {
            humanise(Some(row.duration), "ms")
        } else {
            format!("at {}", humanise(Some(row.start), "ms"))
        };
        let name = row.name.clone();
        let bad = matches!(row.outcome.as_str(), "error" | "exception" | "aborted" | "timeout" | "failed");
        let class = format!("tm-wf-name tm-depth-{}{}", row.depth.min(8), if bad { " tm-bad" } else { "" });
        let kind = if bad { format!("{} {}", row.kind, row.outcome) } else { row.kind.clone() };
        view! {
            <tr role="row" tabindex=tab attr:aria-level=(row.depth + 1).to_string() on:focus=move |_| active.set(index) on:click=move |_| go(index)>
                <td role="gridcell" class=class><span>{name}</span>" "<span class="tm-kind">{kind}</span></td>
                <td role="gridcell" class="tm-wf-bar"><svg width="100%" height="24" aria-hidden="true">{lines(&marks, end)}{bar(row, end)}</svg></td>
                <td role="gridcell" class="tm-number">{time}</td>
            </tr>
        }
    };
    let body = rows.with_value(|rows| rows.iter().enumerate().map(row).collect_view());
    let detail = move || rows.with_value(|rows| rows.get(active.get()).map(describe));
    view! {
        <table class="tm-wf" role="treegrid" aria-label="Parts of the interaction" data-testid="waterfall" node_ref=grid on:keydown=on_key>
            <thead>
                <tr role="row">
                    <th role="columnheader" scope="col">"Part"</th>
                    <th role="columnheader" scope="col" class="tm-wf-bar"><span class="tm-hidden">"Time"</span>{axis(end)}</th>
                    <th role="columnheader" scope="col" class="tm-number">"Took"</th>
                </tr>
            </thead>
            <tbody>{body}</tbody>
        </table>
        <p class="tm-wf-detail" data-testid="detail">{detail}</p>
        <p class="tm-note tm-keys"><kbd>"↑"</kbd><kbd>"↓"</kbd>" move through the parts, "<kbd>"c"</kbd>" copies the trace's id."</p>
    }
}

fn describe(row: &Row) -> String {
    let [start, duration] = [row.start, row.duration].map(|ms| humanise(Some(ms), "ms"));
    let kind = if row.kind.is_empty() { String::new() } else { format!(" ({})", row.kind) };
    let outcome = if row.outcome.is_empty() { String::new() } else { format!(", ended {}", row.outcome) };
    let place = if row.place == Place::Whole { String::new() } else { format!(", {}", row.place.as_str()) };
    format!("{}{kind}: {start} after the input, for {duration}{place}{outcome}", row.name)
}

fn bar(row: &Row, end: f64) -> AnyView {
    let x = (row.start / end * 100.0).clamp(0.0, 100.0);
    let class = format!("tm-place-{}", row.place.as_str());
    if row.duration <= 0.0 {
        return view! { <circle class=class cx=format!("{x:.3}%") cy="12" r="4"></circle> }.into_any();
    }
    let width = (row.duration / end * 100.0).clamp(THINNEST, 100.0);
    view! { <rect class=class x=format!("{:.3}%", x.min(100.0 - width)) width=format!("{width:.3}%") y="6" height="12" rx="2"></rect> }.into_any()
}

/// The marks as lines through every row.
fn lines(marks: &[Mark], end: f64) -> Vec<AnyView> {
    let line = |mark: &Mark| {
        let x = format!("{:.3}%", (mark.at / end * 100.0).clamp(0.0, 100.0));
        view! { <line class=format!("tm-line {}", line_class(mark.kind)) x1=x.clone() x2=x y1="0" y2="100%"></line> }.into_any()
    };
    marks.iter().map(line).collect()
}

const fn line_class(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::FirstRender | MarkKind::LastRender => "tm-line-render",
        MarkKind::Settled => "tm-line-settled",
        MarkKind::Frame => "tm-line-frame",
        MarkKind::Paint => "tm-line-paint",
        MarkKind::EventTiming => "tm-line-browser",
        MarkKind::Late => "tm-line-late",
    }
}

fn axis(end: f64) -> AnyView {
    let label = |at: f64| {
        let (x, anchor) = (at / end * 100.0, if at == 0.0 { "start" } else { "middle" });
        view! { <text x=format!("{x:.3}%") y="14" text-anchor=anchor>{humanise(Some(at), "ms")}</text> }
    };
    view! { <svg class="tm-axis" width="100%" height="20" aria-hidden="true">{steps(end).map(label).collect_view()}</svg> }
        .into_any()
}

/// Round points in time: 1, 2 or 5 times a power of ten apart, the last one not at the very end, where it would have no room.
fn steps(end: f64) -> impl Iterator<Item = f64> {
    let rough = end / STEPS;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(rough);
    (0..).map(move |count| f64::from(count) * step).take_while(move |at| *at <= end * 0.94)
}

/// What the lines mean, and the colours that the six parts don't have.
fn legend(marks: &[Mark], rows: &[Row]) -> AnyView {
    let mark = |mark: &Mark| {
        let class = format!("tm-key tm-key-{}", line_class(mark.kind).trim_start_matches("tm-line-"));
        view! { <li><span class=class aria-hidden="true"></span>{mark.kind.as_str()}" "<b>{humanise(Some(mark.at), "ms")}</b></li> }
    };
    let marks = marks.iter().map(mark).collect_view();
    let place = |place: Place| view! { <li><span class=format!("tm-mark tm-place-{}", place.as_str()) aria-hidden="true"></span>{place.as_str()}</li> };
    let places = [Place::Database, Place::External].into_iter().filter(|place| rows.iter().any(|row| row.place == *place));
    let places = places.map(place).collect_view();
    view! { <ul class="tm-legend" data-testid="marks">{marks}{places}</ul> }.into_any()
}

/// The same numbers, to read or to copy.
fn table(rows: &[Row]) -> AnyView {
    let mut causes: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for row in rows {
        causes.truncate(usize::from(row.depth));
        let cause = causes.last().copied().unwrap_or("—");
        causes.push(&row.name);
        let (start, duration) = (format!("{:.3}", row.start), format!("{:.3}", row.duration));
        let cells = [cause, &row.kind, row.place.as_str(), &start, &duration, &row.outcome];
        let cells = cells.map(|cell| view! { <td>{cell.to_owned()}</td> }).collect_view();
        lines.push(view! { <tr><th scope="row">{row.name.clone()}</th>{cells}</tr> });
    }
    let heads = ["Part", "Caused by", "Event", "Place", "Start, ms", "Took, ms", "Ended"];
    view! {
        <details class="tm-table">
            <summary>"Table"</summary>
            <div class="tm-scroll" tabindex="0" role="region" aria-label="The interaction's numbers">
                <table data-testid="numbers">
                    <thead><tr>{heads.map(|head| view! { <th scope="col">{head}</th> }).collect_view()}</tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_few_round_steps() {
        for (end, expected) in [
            (130.0, &[0.0, 50.0, 100.0][..]),
            (1013.0, &[0.0, 500.0]),
            (8.0, &[0.0, 2.0, 4.0, 6.0]),
            (0.5, &[0.0, 0.1, 0.2, 0.3, 0.4]),
        ] {
            let steps: Vec<f64> = steps(end).map(|at| (at * 1e6).round() / 1e6).collect();
            assert_eq!(steps, expected, "{end}");
        }
    }

    #[test]
    fn a_part_is_described_whole() {
        let row = Row {
            name: "find_user".into(),
            kind: "db.query".into(),
            place: Place::Database,
            depth: 5,
            start: 35.0,
            duration: 10.5,
            outcome: "ok".into(),
        };
        assert_eq!(describe(&row), "find_user (db.query): 35 ms after the input, for 10.5 ms, database, ended ok");
    }
}
