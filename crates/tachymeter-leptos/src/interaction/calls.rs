//! Server functions under way: which interaction each belongs to, and where its time goes.

use std::cell::{Cell, RefCell};

use tachymeter::{Context, OpenSpan, SpanId, Value, clock};

use super::causes::Causes;
use super::{input, paint, start, tracker};

/// Points in time of a call, in milliseconds of the page's clock.
struct Call {
    /// Its span, by which the client finds it while that is current.
    span: SpanId,
    causes: Causes,
    /// Others that woke the task which waits for the answer: they can't go on before it is here.
    behind: Causes,
    task: usize,
    /// The input that its offset is counted from.
    input: Option<f64>,
    sent: Option<f64>,
    first_byte: Option<f64>,
}

thread_local! {
    static CALLS: RefCell<Vec<Call>> = RefCell::default();
    /// Causes of the poll under way that are not those of the call whose answer it has just got.
    static OTHERS: Cell<Causes> = const { Cell::new(Causes::NONE) };
    /// The task that is polled, by its address.
    static TASK: Cell<usize> = const { Cell::new(0) };
}

fn current<T>(f: impl FnOnce(&mut Call) -> T) -> Option<T> {
    let span = Context::current()?.span_id;
    CALLS.with_borrow_mut(|calls| Some(f(calls.iter_mut().find(|call| call.span == span)?)))
}

/// The span that a call which begins now lies below.
pub(crate) fn parent() -> Option<Context> {
    match turn_to_others() {
        // An executor that isn't ours has made nothing current, but the input is known.
        Causes::NONE => Context::current().or_else(|| tracker::context_of(input::current()?.first())),
        others => tracker::context_of(others.first()),
    }
}

/// A resource whose source changes while it loads gets the old answer and begins to load anew in one poll, whose causes are those of
/// both. The answer belongs to the first interaction (see [`InFlight`]'s drop); what is called or spawned after it to the other.
pub(super) fn turn_to_others() -> Causes {
    let others = OTHERS.take();
    if !others.is_empty() {
        input::continue_under(others);
    }
    others
}

/// The current server function's request goes out now.
pub(crate) fn sent() {
    let now = paint::now();
    current(|call| call.sent = Some(now));
}

/// The first byte of its answer is here, with the server's own word on how long it took, if it said so.
pub(crate) fn answered(server_ms: Option<f64>) {
    let now = paint::now();
    let causes = current(|call| {
        call.first_byte = Some(now);
        call.causes
    });
    tracker::each(causes.unwrap_or_default(), |open| open.marks.server_time += server_ms.unwrap_or(0.0));
}

/// A server function under way; its interactions don't settle before it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    span: SpanId,
    /// `None` while there is no answer.
    succeeded: Option<bool>,
}

impl InFlight {
    pub(crate) fn begin(span: SpanId) -> Self {
        let causes = input::current().unwrap_or_default();
        let mut input = None;
        tracker::each(causes, |open| {
            open.in_flight += 1;
            input.get_or_insert(open.marks.input);
        });
        let (task, behind) = (TASK.get(), Causes::NONE);
        let call = Call { span, causes, behind, task, input, sent: None, first_byte: None };
        CALLS.with_borrow_mut(|calls| calls.push(call));
        Self { span, succeeded: None }
    }

    /// The answer is here.
    pub(crate) fn ended(&mut self, succeeded: bool) {
        self.succeeded = Some(succeeded);
    }

    /// How long its parts took, each with the key under which it is measured. They are counted from the beginning of its span.
    pub(crate) fn timings(&self, span: &OpenSpan) -> Vec<(&'static str, Value<'static>)> {
        let now = paint::now();
        // In this order: rather a hair too early than ended after what it has caused.
        let open = span.started().map_or(0.0, |started| clock::now().since(started).as_secs_f64());
        let began = now - open * 1000.0;
        CALLS.with_borrow(|calls| {
            let Some(call) = calls.iter().find(|call| call.span == self.span) else { return Vec::new() };
            let parts = [
                ("offset", call.input, Some(began)),
                ("queue", Some(began), call.sent),
                ("request", call.sent, call.first_byte),
                ("decode", call.first_byte, Some(now)),
            ];
            parts.into_iter().filter_map(|(key, from, to)| Some((key, tracker::duration(to? - from?).into()))).collect()
        })
    }
}

impl Drop for InFlight {
    /// With an answer, the rest of the poll is the doing of those who asked. Without one it was given up: the page no longer wants it.
    fn drop(&mut self) {
        let now = paint::now();
        let call = CALLS.with_borrow_mut(|calls| {
            let at = calls.iter().position(|call| call.span == self.span)?;
            Some(calls.swap_remove(at))
        });
        let (causes, behind) = call.map_or_else(Default::default, |call| (call.causes, call.behind));
        tracker::each(behind, |open| open.in_flight = open.in_flight.saturating_sub(1));
        tracker::each(causes, |open| {
            open.in_flight = open.in_flight.saturating_sub(1);
            open.marks.server_end = Some(now);
            open.failed |= self.succeeded == Some(false);
            open.superseded |= self.succeeded.is_none();
        });
        if self.succeeded.is_none() || causes.is_empty() {
            return;
        }
        match input::scope() {
            Some(scope) => OTHERS.set(scope.filter(|id| !causes.contains(id))),
            // An executor that isn't ours: what follows up to the next frame is taken for its effect.
            None if !start::executes() => {}
            None => return,
        }
        input::continue_under(causes);
    }
}

/// The poll of a task begins.
pub(super) fn poll_begins(task: usize) {
    TASK.set(task);
    OTHERS.set(Causes::NONE);
}

/// The task waits for more. If that is a call which others have made, these wait with them: a resource that is told to load again makes
/// the new call after the answer to the old one.
pub(super) fn poll_pends(task: usize, causes: Causes) {
    if causes.is_empty() {
        return;
    }
    CALLS.with_borrow_mut(|calls| {
        for call in calls.iter_mut().filter(|call| call.task == task) {
            let known = call.causes;
            let new = call.behind.add(causes.filter(|id| !known.contains(id)));
            tracker::each(new, |open| open.in_flight += 1);
        }
    });
}

/// How many are under way.
pub(super) fn held() -> usize {
    CALLS.with_borrow(Vec::len)
}
