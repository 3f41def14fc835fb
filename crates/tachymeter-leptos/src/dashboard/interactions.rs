//! The list of interactions: the events with their figures, the latest, the slowest.

use leptos::prelude::*;

use super::figure::humanise;
use super::{Query, Sort};
use crate::interaction::Outcome;
use crate::trace::{EventFigures, Overview, Summary};

/// Lists interactions; each leads to its waterfall at `<base>/<trace id>`. Filters and sorting are links, so they stand in the address.
///
/// # Server-Side Rendering
/// Renders the same.
#[component]
pub fn Interactions(
    /// What is known, kept up to date by the caller.
    #[prop(into)]
    overview: Signal<Overview>,
    /// What the address says.
    #[prop(into)]
    query: Signal<Query>,
    /// The path of the page.
    base: &'static str,
) -> impl IntoView {
    let nothing = Memo::new(move |_| overview.with(|it| it.events.is_empty()));
    view! {
        <div class="tm-interactions" hidden=move || nothing.get()>
            <Events overview query base/>
            <div class="tm-lists">
                <Chosen query base/>
                <List title="Latest" overview of=|it| &it.latest query base/>
                <List title="Slowest" overview of=|it| &it.slowest query base/>
            </div>
        </div>
        <div class="tm-nothing" hidden=move || !nothing.get()>
            <p><b>"No interactions yet."</b></p>
            <p>"Click, type or submit something on any page of this application, in this browser or another. It is here two seconds after it is on the screen."</p>
        </div>
    }
}

/// Every event in a row. A row's figures change where they stand, so that nobody loses a link under the pointer.
#[component]
fn Events(overview: Signal<Overview>, query: Signal<Query>, base: &'static str) -> impl IntoView {
    let names = Memo::new(move |_| {
        let sort = query.with(|query| query.sort);
        let mut events = overview.with(|it| it.events.clone());
        events.sort_by(|a, b| sort.compare(a, b));
        events.into_iter().map(|it| it.name).collect::<Vec<_>>()
    });
    let head = Sort::ALL.map(|sort| {
        let chosen = move || query.with(|query| query.sort == sort);
        let order = if sort == Sort::Name { "ascending" } else { "descending" };
        let title = if sort == Sort::Name { "Event" } else { sort.as_str() };
        view! {
            <th scope="col" aria-sort=move || chosen().then_some(order)>
                <a href=move || query.with(|query| query.with_sort(sort).href(base))>{title}</a>
            </th>
        }
    });
    view! {
        <section class="tm-card" aria-labelledby="tm-events">
            <h2 class="tm-title" id="tm-events">"Events"</h2>
            <div class="tm-scroll tm-scroll-wide" tabindex="0" role="region" aria-label="Events and their figures">
                <table class="tm-figures" data-testid="events">
                    <thead><tr>{head.collect_view()}<th scope="col">"outcomes"</th></tr></thead>
                    <tbody><For each=move || names.get() key=Clone::clone children=move |name| view! { <EventRow name overview query base/> }/></tbody>
                </table>
            </div>
            <p class="tm-note">"From the input to the paint; percentiles and outcomes of the last thousand of each."</p>
        </section>
    }
}

#[component]
fn EventRow(name: String, overview: Signal<Overview>, query: Signal<Query>, base: &'static str) -> impl IntoView {
    let name = StoredValue::new(name);
    let figures =
        Memo::new(move |_| overview.with(|it| it.events.iter().find(|it| name.with_value(|name| it.name == *name)).cloned()));
    let number = move |of: fn(&EventFigures) -> String| move || figures.with(|it| it.as_ref().map(of));
    let chosen = move || query.with(|query| name.with_value(|name| query.filter.name == *name));
    // A second click takes the filter away again.
    let href = move || {
        let wanted = if chosen() { String::new() } else { name.get_value() };
        query.with(|query| query.with_name(&wanted).href(base))
    };
    let shares = move || figures.with(|it| it.as_ref().map(|it| shares(&it.outcomes)));
    view! {
        <tr class:tm-chosen=chosen>
            <th scope="row"><a href=href aria-current=move || chosen().then_some("true")>{name.get_value()}</a></th>
            <td>{number(|it| humanise(Some(it.count as f64), ""))}</td>
            <td>{number(|it| humanise(Some(it.p50), "ms"))}</td>
            <td>{number(|it| humanise(Some(it.p95), "ms"))}</td>
            <td>{number(|it| humanise(Some(it.p99), "ms"))}</td>
            <td class="tm-shares">{shares}</td>
        </tr>
    }
}

/// Outcomes as a bar, and in words.
fn shares(outcomes: &[(String, f64)]) -> impl IntoView + use<> {
    let mut from = 0.0;
    let mut bar = |(outcome, share): &(String, f64)| {
        let x = format!("{from:.2}%");
        from += share * 100.0;
        view! { <rect class=format!("tm-outcome-{outcome}") x=x width=format!("{:.2}%", share * 100.0) height="8"></rect> }
    };
    let bars = outcomes.iter().map(&mut bar).collect_view();
    let words: Vec<_> = outcomes.iter().map(|(outcome, share)| format!("{} {outcome}", percent(*share))).collect();
    view! {
        <svg class="tm-share" width="100%" height="8" aria-hidden="true">{bars}</svg>
        <span>{words.join(", ")}</span>
    }
}

/// Never 0 % of what is there, nor 100 % of what isn't all.
fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 1.0 => "<1 %".to_owned(),
        percent if percent > 99.0 && share < 1.0 => ">99 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// The filters that are on, and the way out of them.
#[component]
fn Chosen(query: Signal<Query>, base: &'static str) -> impl IntoView {
    let link = move |outcome: &'static str, text: &'static str| {
        let current = move || query.with(|query| (query.filter.outcome == outcome).then_some("true"));
        view! { <a class="tm-chip" href=move || query.with(|query| query.with_outcome(outcome).href(base)) aria-current=current>{text}</a> }
    };
    let event = move || query.with(|query| query.filter.name.clone());
    view! {
        <nav class="tm-chips" aria-label="Outcome">
            {link("", "all")}
            {Outcome::ALL.map(|outcome| link(outcome.as_str(), outcome.as_str())).collect_view()}
        </nav>
        <p class="tm-note" hidden=move || event().is_empty()>
            "Only " <b>{event}</b> ". " <a href=move || query.with(|query| query.with_name("").href(base))>"Show all events"</a>
        </p>
    }
}

/// One list of interactions.
#[component]
fn List(
    title: &'static str,
    overview: Signal<Overview>,
    of: fn(&Overview) -> &Vec<Summary>,
    query: Signal<Query>,
    base: &'static str,
) -> impl IntoView {
    let rows = Memo::new(move |_| overview.with(|it| of(it).clone()));
    let now = Memo::new(move |_| overview.with(|it| it.now));
    let row = move |it: Summary| {
        let href = {
            let path = format!("{base}/{}", it.id);
            move || query.with(|query| query.href(&path))
        };
        view! {
            <li>
                <a class="tm-row" href=href>
                    <span class="tm-row-name">{it.name}</span>
                    <span class=format!("tm-outcome tm-outcome-{}", it.outcome)>{it.outcome.clone()}</span>
                    <span class="tm-number">{humanise(Some(it.total), "ms")}</span>
                    <span class="tm-age">{move || age(now.get().saturating_sub(it.at))}</span>
                </a>
            </li>
        }
    };
    view! {
        <section class="tm-card" aria-label=title>
            <h2 class="tm-title">{title}</h2>
            <ol class="tm-list" data-testid=title.to_lowercase()><For each=move || rows.get() key=|it| it.id.clone() children=row/></ol>
            <p class="tm-note" hidden=move || rows.with(|rows| !rows.is_empty())>"None of these is kept."</p>
        </section>
    }
}

/// How long ago, in one unit.
fn age(ms: u64) -> String {
    match ms / 1_000 {
        0..=1 => "now".to_owned(),
        seconds @ 2..=99 => format!("{seconds} s ago"),
        seconds @ 100..=5_999 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_said_to_be_nothing_or_all() {
        assert_eq!([0.001, 0.25, 0.999, 1.0].map(percent), ["<1 %", "25 %", ">99 %", "100 %"]);
    }

    #[test]
    fn ages_have_one_unit() {
        assert_eq!(
            [0, 1_999, 2_000, 99_999, 100_000, 6_000_000].map(age),
            ["now", "now", "2 s ago", "99 s ago", "1 min ago", "1 h ago"]
        );
    }
}
