//! What is known of an interaction when it has ended.

use std::fmt;

/// How an interaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Something on the screen changed because of it.
    Rendered,
    /// Nothing it caused changed the document, or said that it did.
    Unchanged,
    /// Its own answer was not shown: a newer one of the same kind was answered first, or what had asked was gone from the page.
    Superseded,
    /// One of its server functions failed, or its handler or an effect of it panicked.
    Failed,
    /// The page went away before it had ended.
    Aborted,
    /// The page was hidden, so there was no paint to wait for.
    Hidden,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Rendered, Self::Unchanged, Self::Superseded, Self::Failed, Self::Aborted, Self::Hidden];

    /// The word used as metadata: `rendered`, `unchanged`, `superseded`, `failed`, `aborted` or `hidden`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Unchanged => "unchanged",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Hidden => "hidden",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Points in time of an interaction, in milliseconds of the page's own clock (`performance.now`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    /// The browser's time of the input (`event.timeStamp`).
    pub(crate) input: f64,
    pub(crate) handler_start: f64,
    pub(crate) handler_end: f64,
    /// The last server function was decoded.
    pub(crate) server_end: Option<f64>,
    /// Time within the server, as the server itself said (`Server-Timing`).
    pub(crate) server_time: f64,
    /// The first re-render was in the document, for example with the word that something is pending.
    pub(crate) first_render: Option<f64>,
    /// The last re-render was in the document.
    pub(crate) render: Option<f64>,
    pub(crate) renders: u32,
    /// Of those, how many another interaction has caused as well.
    pub(crate) shared: u32,
    /// Nothing of it was queued or in flight any more.
    pub(crate) settled: f64,
    /// The frame that shows it began; 0 without one.
    pub(crate) frame: f64,
    /// The first task after the frame that shows it.
    pub(crate) paint: f64,
}

/// An interaction that has closed. All times in milliseconds; the parts add up to [`total`](Self::total).
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// Counts the page's interactions from 1.
    pub id: u32,
    /// The hook's name and the handler's, for example `buttons.red`; where there is no hook, `data-measure` or the control's role and name.
    pub name: String,
    /// The type of the input event, for example `click`.
    pub event: String,
    /// How it ended.
    pub outcome: Outcome,
    /// From the input to its handler.
    pub input_delay: f64,
    /// In the handler.
    pub handler: f64,
    /// From the handler's end until the last answer was decoded, less what the server says that it took.
    pub network: f64,
    /// What the server says that it took.
    pub server: f64,
    /// From then until the last re-render was in the document.
    pub render: f64,
    /// From then until it was on the screen.
    pub paint: f64,
    /// From the input to the paint.
    pub total: f64,
    /// From the input until the last re-render was in the document.
    pub commit: f64,
    /// From the input until the first re-render was in the document: of an asynchronous interaction the one that says it is pending.
    pub first_render: f64,
    /// From the input until nothing of it was queued or in flight any more.
    pub settled: f64,
    /// From the input until the animation frame that shows it began; 0 if there was none.
    pub frame: f64,
    /// How many re-renders there were. What changes the document in one go is one, whatever the number of effects.
    pub renders: u32,
    /// Of those, how many another interaction has caused as well.
    pub shared: u32,
}

impl Interaction {
    /// The parts in the order in which they follow one another, each with its name.
    ///
    /// ```
    /// # use tachymeter_leptos::{Interaction, Outcome};
    /// # let it = Interaction { id: 1, name: "a.b".into(), event: "click".into(), outcome: Outcome::Rendered, input_delay: 1.0, handler: 2.0,
    /// #   network: 3.0, server: 4.0, render: 5.0, paint: 6.0, total: 21.0, commit: 15.0, first_render: 15.0, settled: 15.0, frame: 17.0,
    /// #   renders: 1, shared: 0 };
    /// let sum: f64 = it.parts().iter().map(|(_, ms)| ms).sum();
    /// assert_eq!(sum, it.total);
    /// ```
    pub fn parts(&self) -> [(&'static str, f64); 6] {
        [
            ("input", self.input_delay),
            ("handler", self.handler),
            ("network", self.network),
            ("server", self.server),
            ("render", self.render),
            ("paint", self.paint),
        ]
    }

    /// Everything in milliseconds, each by the key under which it is measured.
    #[cfg(feature = "hydrate")]
    pub(super) fn measurements(&self) -> [(&'static str, f64); 11] {
        [
            ("input_delay", self.input_delay),
            ("handler", self.handler),
            ("network", self.network),
            ("server", self.server),
            ("render", self.render),
            ("paint", self.paint),
            ("total", self.total),
            ("commit", self.commit),
            ("first_render", self.first_render),
            ("settled", self.settled),
            ("frame", self.frame),
        ]
    }

    #[cfg_attr(not(any(feature = "hydrate", test)), expect(dead_code, reason = "only a browser has marks"))]
    pub(crate) fn from_marks(id: u32, name: String, event: String, outcome: Outcome, marks: Marks) -> Self {
        // Clocks of different resolutions meet here, so no mark may lie before the one it follows.
        let handler_start = marks.handler_start.max(marks.input);
        let handler_end = marks.handler_end.max(handler_start);
        let server_end = marks.server_end.map_or(handler_end, |end| end.max(handler_end));
        let render = marks.render.map_or(server_end, |end| end.max(server_end));
        let paint = marks.paint.max(render);
        let exchange = server_end - handler_end;
        // Not `clamp`, whose panic prints floats: 6 kB of a page's first load.
        let server = marks.server_time.max(0.0).min(exchange);
        Self {
            id,
            name,
            event,
            outcome,
            input_delay: handler_start - marks.input,
            handler: handler_end - handler_start,
            network: exchange - server,
            server,
            render: render - server_end,
            paint: paint - render,
            total: paint - marks.input,
            commit: render - marks.input,
            first_render: marks.first_render.unwrap_or(render).max(handler_start) - marks.input,
            settled: (marks.settled - marks.input).max(0.0),
            frame: (marks.frame - marks.input).max(0.0),
            renders: marks.renders,
            shared: marks.shared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(marks: Marks) -> Interaction {
        Interaction::from_marks(1, "buttons.red".into(), "click".into(), Outcome::Rendered, marks)
    }

    #[test]
    fn parts_follow_one_another_and_add_up() {
        let it = closed(Marks {
            input: 10.0,
            handler_start: 12.0,
            handler_end: 13.0,
            server_end: Some(120.0),
            server_time: 100.0,
            first_render: Some(14.0),
            render: Some(122.0),
            renders: 2,
            shared: 0,
            settled: 122.5,
            frame: 128.0,
            paint: 130.0,
        });
        assert_eq!(it.parts().map(|(_, ms)| ms), [2.0, 1.0, 7.0, 100.0, 2.0, 8.0]);
        assert_eq!((it.first_render, it.commit, it.settled, it.frame, it.total), (4.0, 112.0, 112.5, 118.0, 120.0));
    }

    #[test]
    fn without_server_and_without_render_nothing_is_negative() {
        let it = closed(Marks { input: 10.0, handler_start: 9.9, handler_end: 10.5, paint: 10.2, ..Marks::default() });
        assert!(it.parts().iter().all(|(_, ms)| *ms >= 0.0), "{it:?}");
        assert_eq!(it.server, 0.0);
    }

    #[test]
    fn a_server_that_claims_more_than_the_exchange_took_is_not_believed() {
        let it = closed(Marks { handler_end: 1.0, server_end: Some(5.0), server_time: 900.0, paint: 6.0, ..Marks::default() });
        assert_eq!((it.network, it.server), (0.0, 4.0));
    }
}
