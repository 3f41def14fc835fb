//! The server's end: one tick, one encoding, any number of subscribers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use http::{StatusCode, header};
use tachymeter::execute;
use tachymeter_metrics::Live;
use tokio::sync::{broadcast, watch};

use crate::events::STREAM_TICK;

/// How the stream runs.
#[derive(Clone, Debug)]
pub struct FeedOptions {
    /// From one frame to the next.
    pub tick: Duration,
    /// How many frames are kept for those that reconnect.
    pub kept: usize,
    /// How many streams may be open at once.
    pub max_subscribers: usize,
    /// How often an open stream's right to be open is checked again.
    pub recheck: Duration,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self { tick: Duration::from_secs(1), kept: 60, max_subscribers: 1_000, recheck: Duration::from_secs(30) }
    }
}

/// How many frames a subscriber may fall behind before it gets a snapshot instead.
const MAX_LAG: usize = 16;

/// Sends the live store to its subscribers.
#[derive(Debug)]
pub struct Feed {
    live: Arc<Live>,
    options: FeedOptions,
    /// Tells this run of the server from the one before: sequence numbers start anew in each.
    life: u64,
    subscribers: AtomicUsize,
    state: Mutex<State>,
    shutdown: watch::Receiver<bool>,
}

#[derive(Debug)]
struct State {
    sequence: u64,
    kept: VecDeque<(u64, Bytes)>,
    snapshot: Option<(u64, Bytes)>,
    sender: broadcast::Sender<Bytes>,
}

/// A stream that can't be opened because there are as many as there may be.
#[derive(Debug, thiserror::Error)]
#[error("there are {0} live streams open, which is as many as this server allows (dashboard.max_subscribers); try again later")]
pub struct Full(usize);

impl IntoResponse for Full {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "10")], self.to_string()).into_response()
    }
}

/// The body of a stream.
pub type StreamBody = Body;

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

impl Feed {
    /// A feed of this store that ends when `shutdown` turns true. Nothing ticks before [`run`](Self::run).
    pub fn new(live: Arc<Live>, options: FeedOptions, shutdown: watch::Receiver<bool>) -> Arc<Self> {
        let (sender, _) = broadcast::channel(MAX_LAG);
        Arc::new(Self {
            live,
            options,
            life: unix_ms(),
            subscribers: AtomicUsize::new(0),
            state: Mutex::new(State { sequence: 0, kept: VecDeque::new(), snapshot: None, sender }),
            shutdown,
        })
    }

    /// Ticks until shutdown.
    pub async fn run(self: Arc<Self>) {
        let mut shutdown = self.shutdown.clone();
        let tick = self.options.tick.as_millis().max(1) as u64;
        loop {
            // At whole multiples of the tick, so that what a frame brings belongs to one of the store's seconds.
            let wait = tick - unix_ms() % tick;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait)) => self.tick(unix_ms()),
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// How many streams are open.
    pub fn subscribers(&self) -> usize {
        self.subscribers.load(Ordering::Relaxed)
    }

    /// Makes one frame of what changed and sends it to everybody. `now` in milliseconds since 1970.
    pub fn tick(&self, now: u64) {
        let mut state = self.lock();
        let frame = self.live.tick(now);
        state.sequence = frame.seq;
        let id = self.id(frame.seq);
        let message = if frame.is_empty() { message(&id, "heartbeat", &now) } else { message(&id, "frame", &frame) };
        let bytes = message.len();
        state.kept.push_back((frame.seq, message.clone()));
        if state.kept.len() > self.options.kept {
            state.kept.pop_front();
        }
        state.snapshot = None;
        // An error says only that nobody listens.
        _ = state.sender.send(message);
        drop(state);
        execute!(STREAM_TICK, { bytes: bytes, subscribers: self.subscribers() });
    }

    /// Opens a stream. `last_id` is the last id that the browser has seen, if any; `allowed` is asked again while the stream runs,
    /// and when it says no the stream ends.
    ///
    /// # Errors
    /// [`Full`] when as many streams are open as [`FeedOptions::max_subscribers`] allows.
    pub fn subscribe<A, F>(self: &Arc<Self>, last_id: Option<&str>, allowed: A) -> Result<Response, Full>
    where
        A: Fn() -> F + Send + 'static,
        F: Future<Output = bool> + Send,
    {
        let most = self.options.max_subscribers;
        let admitted = self.subscribers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1));
        if admitted.is_err() {
            return Err(Full(most));
        }
        let seat = Seat(self.clone());
        let (first, receiver) = self.join(last_id);
        let subscriber = Subscriber {
            seat,
            waiting: first,
            receiver,
            shutdown: self.shutdown.clone(),
            checked: tokio::time::Instant::now(),
            allowed,
        };
        let body = Body::from_stream(subscriber.into_stream());
        let headers = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-cache"),
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        Ok((headers, body).into_response())
    }

    /// What a subscriber gets first, and where it gets the rest, with nothing between the two.
    fn join(&self, last_id: Option<&str>) -> (VecDeque<Bytes>, broadcast::Receiver<Bytes>) {
        let mut state = self.lock();
        let receiver = state.sender.subscribe();
        let missed = last_id.and_then(|id| self.missed(&state, id));
        let first = missed.unwrap_or_else(|| VecDeque::from([self.snapshot(&mut state)]));
        (first, receiver)
    }

    /// The messages after `id`, if all of them are still there.
    fn missed(&self, state: &State, id: &str) -> Option<VecDeque<Bytes>> {
        let (life, sequence) = id.split_once('-')?;
        let sequence: u64 = sequence.parse().ok()?;
        let oldest = state.kept.front()?.0;
        let known = life.parse() == Ok(self.life) && sequence <= state.sequence && sequence + 1 >= oldest;
        known.then(|| state.kept.iter().filter(|(kept, _)| *kept > sequence).map(|(_, bytes)| bytes.clone()).collect())
    }

    /// Encoded once for all that join between two ticks.
    fn snapshot(&self, state: &mut State) -> Bytes {
        match &state.snapshot {
            Some((sequence, bytes)) if *sequence == state.sequence => bytes.clone(),
            _ => {
                let snapshot = self.live.snapshot(unix_ms());
                let bytes = message(&self.id(state.sequence), "snapshot", &snapshot);
                state.snapshot = Some((state.sequence, bytes.clone()));
                bytes
            }
        }
    }

    fn id(&self, sequence: u64) -> String {
        format!("{}-{sequence}", self.life)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One server-sent event (WHATWG HTML, section 9.2). JSON has no line breaks, so one `data` line is enough.
fn message(id: &str, event: &str, data: &impl serde::Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("wire types have string keys only");
    format!("id: {id}\nevent: {event}\ndata: {data}\n\n").into()
}

/// A place among the subscribers, given back when the stream ends, however it ends.
struct Seat(Arc<Feed>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.subscribers.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Subscriber<A> {
    seat: Seat,
    waiting: VecDeque<Bytes>,
    receiver: broadcast::Receiver<Bytes>,
    shutdown: watch::Receiver<bool>,
    checked: tokio::time::Instant,
    allowed: A,
}

impl<A, F> Subscriber<A>
where
    A: Fn() -> F + Send + 'static,
    F: Future<Output = bool> + Send,
{
    fn into_stream(self) -> Pin<Box<dyn Stream<Item = Result<Bytes, std::convert::Infallible>> + Send>> {
        Box::pin(unfold(self, |mut subscriber| async move { subscriber.next().await.map(|bytes| (Ok(bytes), subscriber)) }))
    }

    async fn next(&mut self) -> Option<Bytes> {
        let message = match self.waiting.pop_front() {
            Some(message) => message,
            None => self.receive().await?,
        };
        // After the wait: what came when the right had ended is not sent.
        if self.checked.elapsed() >= self.seat.0.options.recheck {
            if !(self.allowed)().await {
                return None;
            }
            self.checked = tokio::time::Instant::now();
        }
        Some(message)
    }

    async fn receive(&mut self) -> Option<Bytes> {
        tokio::select! {
            received = self.receiver.recv() => match received {
                Ok(bytes) => Some(bytes),
                // Too slow for the frames: it gets the whole instead, so that nothing is missing unseen.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let (first, receiver) = self.seat.0.join(None);
                    self.receiver = receiver;
                    self.waiting = first;
                    self.waiting.pop_front()
                }
                Err(broadcast::error::RecvError::Closed) => None,
            },
            _ = self.shutdown.wait_for(|stop| *stop) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::sync::atomic::AtomicBool;
    use tachymeter_metrics::{Limits, Metric};

    fn feed(change: impl FnOnce(&mut FeedOptions)) -> (Arc<Feed>, watch::Sender<bool>) {
        let (stop, stopping) = watch::channel(false);
        let metrics = vec![Metric::counter("feed.test.count").build().expect("a metric")];
        let mut options = FeedOptions::default();
        change(&mut options);
        (Feed::new(Live::new(metrics, Limits::default()), options, stopping), stop)
    }

    async fn always() -> bool {
        true
    }

    async fn next(body: &mut Body) -> Option<String> {
        let bytes = body.frame().await?.expect("no error").into_data().expect("data");
        Some(String::from_utf8(bytes.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn an_id_that_nobody_gave_out_starts_anew() {
        let (feed, _stop) = feed(|options| options.kept = 2);
        (1..=4).for_each(|now| feed.tick(now));
        let first = |last: String| feed.join(Some(&last)).0.len();
        let life = feed.life;
        assert_eq!((first(format!("{life}-4")), first(format!("{life}-3")), first(format!("{life}-2"))), (0, 1, 2));
        for last in
            [format!("{life}-1"), format!("{life}-5"), format!("{life}-{}", u64::MAX), format!("{}-4", life + 1), "-".into()]
        {
            let (messages, _) = feed.join(Some(&last));
            assert!(messages.len() == 1 && messages[0].windows(8).any(|part| part == b"snapshot"), "{last}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_to_listen_is_asked_for_again_while_the_stream_runs() {
        let (feed, _stop) = feed(|options| options.recheck = Duration::from_secs(30));
        let may = Arc::new(AtomicBool::new(true));
        let asked = Arc::new(AtomicUsize::new(0));
        let allowed = {
            let (may, asked) = (may.clone(), asked.clone());
            move || {
                asked.fetch_add(1, Ordering::Relaxed);
                std::future::ready(may.load(Ordering::Relaxed))
            }
        };
        let mut body = feed.subscribe(None, allowed).expect("room").into_body();
        assert!(next(&mut body).await.is_some_and(|message| message.contains("event: snapshot\n")));
        for _ in 0..29 {
            tokio::time::advance(Duration::from_secs(1)).await;
            feed.tick(1);
            assert!(next(&mut body).await.is_some());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        may.store(false, Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(1)).await;
        feed.tick(1);
        assert_eq!(next(&mut body).await, None);
        assert_eq!(
            (asked.load(Ordering::Relaxed), feed.subscribers()),
            (1, 0),
            "the seat is free as soon as the stream has ended"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_waits_is_asked_as_well() {
        let (feed, _stop) = feed(|options| options.recheck = Duration::from_secs(30));
        let mut body = feed.subscribe(None, || std::future::ready(false)).expect("room").into_body();
        assert!(next(&mut body).await.is_some());
        let waiting = tokio::spawn(async move { next(&mut body).await });
        tokio::time::advance(Duration::from_secs(31)).await;
        feed.tick(1);
        assert_eq!(waiting.await.expect("no panic"), None, "what came after the right had ended is not sent");
    }

    #[tokio::test(start_paused = true)]
    async fn it_ticks_until_it_is_told_to_stop() {
        let (feed, stop) = feed(|options| options.tick = Duration::from_secs(1));
        let mut body = feed.subscribe(None, always).expect("room").into_body();
        let running = tokio::spawn(feed.clone().run());
        for id in 0..4 {
            let message = next(&mut body).await.expect("a message");
            assert!(message.starts_with(&format!("id: {}-{id}\n", feed.life)), "{message}");
        }
        stop.send(true).expect("somebody listens");
        assert_eq!(next(&mut body).await, None);
        running.await.expect("no panic");
    }
}
