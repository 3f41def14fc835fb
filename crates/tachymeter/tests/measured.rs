//! What `#[measured]` makes of functions: one test per kind of function and per way out of it.

use std::fmt::{Debug, Display};
use std::future::{pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use tachymeter::testing::{Capture, Captured, capture};
use tachymeter::{Context, measured};

tachymeter::events! {
    /// What these tests emit.
    pub EVENTS;
    /// Some work.
    pub span WORK = "measured.work" {} [form, id, name, outcome];
    /// Work inside of it.
    pub span INNER = "measured.inner" {} [];
    /// Work that nobody listens to.
    pub span UNHEARD = "measured.unheard" {} [form];
}

fn listen() -> Capture {
    capture(&[
        "measured.work.start",
        "measured.work.stop",
        "measured.work.exception",
        "measured.work.aborted",
        "measured.inner.stop",
    ])
}

fn names(events: &[Captured]) -> Vec<&str> {
    events.iter().filter_map(|event| event.name.strip_prefix("measured.")).collect()
}

fn poll<F: Future + ?Sized>(future: &mut Pin<&mut F>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Task::from_waker(Waker::noop()))
}

fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(&mut future) {
            return output;
        }
    }
}

/// Not ready the first time.
async fn once_pending() {
    let mut polled = false;
    poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[measured(INNER)]
fn inner() -> Option<Context> {
    Context::current()
}

#[measured(WORK)]
fn plain() {
    inner();
}

#[test]
fn a_function_is_a_span_and_the_parent_of_those_inside() {
    let events = listen();
    plain();
    let events = events.take();
    assert_eq!(names(&events), ["work.start", "inner.stop", "work.stop"]);
    assert!(events[0].metadata.is_empty(), "nothing is recorded by default");
    assert_eq!(events[1].parent_id, events[0].context.map(|context| context.span_id));
    assert_eq!(events[2].context, events[0].context);
    assert_eq!(Context::current(), None);
}

#[measured(WORK, metadata(form, id = form.len() + *number), err)]
fn early(form: &str, number: &usize) -> Result<usize, std::num::ParseIntError> {
    if form.is_empty() {
        return Ok(0);
    }
    let read: usize = form.parse()?;
    Ok(read + number)
}

#[test]
fn every_way_out_of_a_function_is_a_stop_and_err_says_which() {
    for (form, id, result, outcome) in [("", "1", Some(0), "ok"), ("12", "3", Some(13), "ok"), ("x", "2", None, "error")] {
        let events = listen();
        assert_eq!(early(form, &1).ok(), result);
        let events = events.take();
        assert_eq!(names(&events), ["work.start", "work.stop"]);
        assert_eq!((events[0].get("form"), events[0].get("id"), events[0].get("outcome")), (Some(form), Some(id), None));
        assert_eq!((events[1].get("form"), events[1].get("id"), events[1].get("outcome")), (Some(form), Some(id), Some(outcome)));
    }
}

#[measured(WORK, metadata(form))]
fn panics(form: String) -> usize {
    assert!(form.is_empty(), "a test's panic");
    drop(form);
    0
}

#[test]
fn a_panic_is_an_exception_and_goes_on() {
    let events = listen();
    assert!(catch_unwind(|| panics("x".to_owned())).is_err());
    let events = events.take();
    assert_eq!(names(&events), ["work.start", "work.exception"]);
    assert_eq!((events[1].get("kind"), events[1].get("form")), (Some("panic"), Some("x")));
    assert_eq!(Context::current(), None);
}

#[measured(WORK, metadata(id), err)]
async fn later(id: u64) -> Result<Option<Context>, Box<dyn std::error::Error>> {
    once_pending().await;
    if id == 0 {
        Err("zero")?;
    }
    Ok(inner())
}

#[test]
fn a_future_carries_the_span_across_its_awaits() {
    let events = listen();
    let mut first = pin!(later(1));
    let mut second = pin!(later(0));
    assert!(events.take().is_empty(), "a future does nothing until it is polled");
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    assert_eq!(Context::current(), None);
    let Poll::Ready(Ok(inside)) = poll(&mut first) else { panic!("ready and well") };
    assert!(matches!(poll(&mut second), Poll::Ready(Err(_))));
    let events = events.take();
    assert_eq!(names(&events), ["work.start", "work.start", "inner.stop", "work.stop", "work.stop"]);
    assert_eq!(events[2].parent_id, events[0].context.map(|context| context.span_id));
    assert_eq!(events[2].context, inside);
    assert_eq!((events[3].get("id"), events[3].get("outcome")), (Some("1"), Some("ok")));
    assert_eq!((events[4].get("id"), events[4].get("outcome")), (Some("0"), Some("error")));
    assert_eq!(events[4].context, events[1].context);
}

#[measured(crate::WORK)]
async fn endless() {
    let _dropped_inside = Inside;
    pending().await
}

/// Emits a span when it is dropped.
struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        inner();
    }
}

#[test]
fn a_future_that_is_given_up_is_aborted_after_what_it_held() {
    let events = listen();
    let mut future = Box::pin(endless());
    assert!(poll(&mut future.as_mut()).is_pending());
    drop(future);
    assert_eq!(names(&events.take()), ["work.start", "inner.stop", "work.aborted"]);
}

#[measured(WORK)]
async fn panics_later() {
    once_pending().await;
    panic!("a test's panic");
}

#[test]
fn a_panic_in_a_future_is_an_exception() {
    let events = listen();
    assert!(catch_unwind(|| ready(panics_later())).is_err());
    assert_eq!(names(&events.take()), ["work.start", "work.exception"]);
}

#[measured(WORK)]
async fn sendable(id: u64) -> Option<Context> {
    once_pending().await;
    inner().filter(|_| id > 0)
}

#[test]
fn a_measured_future_may_go_to_another_thread() {
    let events = listen();
    let scope = events.scope();
    let future = sendable(1);
    assert!(std::thread::spawn(move || scope.run(|| ready(future).is_some())).join().unwrap());
    assert_eq!(names(&events.take()), ["work.start", "inner.stop", "work.stop"]);
}

#[measured(WORK, metadata(form = form.to_string(), id = N))]
fn generic<'a, T, const N: usize>(form: &'a T, list: &mut [u8; N]) -> (&'a T, usize)
where
    T: Display + ?Sized + 'a,
{
    list.fill(1);
    (form, list.len())
}

#[measured(WORK)]
fn lazily(numbers: &[u32]) -> impl Iterator<Item = u32> + use<'_> {
    if numbers.is_empty() {
        return numbers.iter().map(double as fn(&u32) -> u32);
    }
    numbers.iter().map(double)
}

fn double(number: &u32) -> u32 {
    number * 2
}

#[measured(WORK, err)]
async fn lazily_later(numbers: impl IntoIterator<Item = u32>) -> Result<impl Iterator<Item = u32>, String> {
    once_pending().await;
    let numbers: Vec<_> = numbers.into_iter().collect();
    if numbers.is_empty() { Err("nothing".to_owned()) } else { Ok(numbers.into_iter().rev()) }
}

#[test]
fn generic_functions_and_impl_trait_stay_what_they_are() {
    let events = listen();
    assert_eq!(generic("text", &mut [0; 3]), ("text", 3));
    assert_eq!(lazily(&[1, 2]).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(ready(lazily_later([1, 2])).unwrap().collect::<Vec<_>>(), [2, 1]);
    let events = events.take();
    assert_eq!(names(&events), ["work.start", "work.stop"].repeat(3));
    assert_eq!((events[1].get("form"), events[1].get("id")), (Some("text"), Some("3")));
    assert_eq!(events[5].get("outcome"), Some("ok"));
}

#[derive(Debug, Default)]
struct Shop {
    name: String,
    sold: Vec<u32>,
}

trait Sell {
    fn sell(&mut self, price: u32) -> &mut u32;
    async fn sell_later(self, price: u32) -> Self;
    fn open() -> Box<dyn Debug>;

    #[measured(WORK)]
    fn by_default(&self) -> usize {
        1
    }
}

impl Shop {
    #[measured(WORK, metadata(form = self.name))]
    fn count(&self) -> usize {
        self.sold.len()
    }

    #[measured(WORK)]
    async fn last(&self) -> Option<&u32> {
        self.sold.last()
    }

    #[measured(WORK)]
    fn shared(self: Arc<Self>) -> usize {
        self.sold.len()
    }
}

impl Sell for Shop {
    #[measured(WORK, metadata(id = price))]
    fn sell(&mut self, price: u32) -> &mut u32 {
        self.sold.push(price);
        self.sold.last_mut().expect("just pushed")
    }

    #[measured(WORK, metadata(id = price))]
    async fn sell_later(mut self, price: u32) -> Self {
        once_pending().await;
        self.sold.push(price);
        self
    }

    #[measured(WORK)]
    fn open() -> Box<dyn Debug> {
        Box::new(Self::default())
    }
}

#[test]
fn methods_and_the_methods_of_traits_are_measured() {
    let events = listen();
    let mut shop = Shop { name: "corner".to_owned(), sold: vec![1] };
    assert_eq!(shop.count(), 1);
    *shop.sell(2) += 1;
    shop = ready(shop.sell_later(4));
    assert_eq!(ready(shop.last()), Some(&4));
    assert_eq!(shop.by_default(), 1);
    assert_eq!(Arc::new(shop).shared(), 3);
    Shop::open();
    let events = events.take();
    assert_eq!(names(&events), ["work.start", "work.stop"].repeat(7));
    assert_eq!((events[0].get("form"), events[2].get("id"), events[5].get("id")), (Some("corner"), Some("2"), Some("4")));
}

#[measured(WORK, metadata(id, form = took))]
fn patterns((id, _): (i8, u8), Wrapped(took): Wrapped, mut left: u32) -> u32 {
    left -= 1;
    left
}

struct Wrapped(Duration);

#[test]
fn names_inside_of_patterns_are_arguments() {
    let events = listen();
    assert_eq!(patterns((-3, 0), Wrapped(Duration::from_millis(1500)), 5), 4);
    let events = events.take();
    assert_eq!((events[1].get("id"), events[1].get("form")), (Some("-3"), Some("1.5s")));
}

#[measured(WORK, name = "selling", skip(_secret, price), metadata(id = price * 2))]
fn named(form: &str, price: u32, _secret: &str) -> usize {
    form.len()
}

#[test]
fn a_name_is_metadata_and_skip_leaves_out_what_it_lists() {
    let events = listen();
    assert_eq!(named("x", 4, "secret"), 1);
    let stop = &events.take()[1];
    let seen: Vec<_> = stop.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(seen, [("name", "selling"), ("id", "8"), ("form", "x")]);
}

#[async_trait::async_trait]
trait Remote: Sync {
    async fn fetch(&self, id: u64) -> Result<Option<Context>, String>;

    #[measured(WORK)]
    async fn without(&self) -> usize {
        once_pending().await;
        inner().map_or(0, |_| 1)
    }
}

#[async_trait::async_trait]
impl Remote for Shop {
    #[measured(WORK, metadata(form = self.name, id), err)]
    async fn fetch(&self, id: u64) -> Result<Option<Context>, String> {
        once_pending().await;
        if id == 0 {
            return Err("zero".to_owned());
        }
        let _: u64 = "x".parse().or(Ok::<_, String>(id))?;
        Ok(inner())
    }
}

#[measured(WORK, metadata(id))]
fn by_hand(id: u64) -> Pin<Box<dyn Future<Output = Option<Context>> + Send>> {
    let id = id + 1;
    Box::pin(async move { inner().filter(|_| id > 0) })
}

#[test]
fn a_boxed_future_is_a_span_from_its_first_poll_to_its_end() {
    let events = listen();
    let shop = Shop { name: "corner".to_owned(), sold: Vec::new() };
    let given_up = shop.fetch(1);
    drop(given_up);
    assert!(events.take().is_empty(), "it was never polled");
    let inside = ready(shop.fetch(1)).unwrap();
    assert!(ready(shop.fetch(0)).is_err());
    assert_eq!(ready(shop.without()), 1);
    assert!(ready(by_hand(3)).is_some());
    let events = events.take();
    assert_eq!(
        names(&events),
        ["work.start", "inner.stop", "work.stop", "work.start", "work.stop"]
            .into_iter()
            .chain(["work.start", "inner.stop", "work.stop"].repeat(2))
            .collect::<Vec<_>>()
    );
    assert_eq!((events[1].context, events[1].parent_id), (inside, events[0].context.map(|context| context.span_id)));
    assert_eq!((events[2].get("form"), events[2].get("id"), events[2].get("outcome")), (Some("corner"), Some("1"), Some("ok")));
    assert_eq!((events[4].get("id"), events[4].get("outcome")), (Some("0"), Some("error")));
    assert_eq!(events[10].get("id"), Some("4"), "what the name means where the block begins");
}

static BUILT: AtomicUsize = AtomicUsize::new(0);

#[measured(UNHEARD, metadata(form = BUILT.fetch_add(1, Ordering::Relaxed)))]
fn unheard() -> bool {
    Context::current().is_some()
}

#[test]
fn metadata_is_built_for_somebody_only() {
    assert!(unheard(), "children find their trace all the same");
    assert_eq!(BUILT.load(Ordering::Relaxed), 0);
    let events = capture(&["measured.unheard.stop"]);
    unheard();
    assert_eq!(BUILT.load(Ordering::Relaxed), 1);
    assert_eq!(events.take().len(), 1);
}
