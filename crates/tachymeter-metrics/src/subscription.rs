//! A list of metrics as a handler needs it: grouped by event, with a count of what they skipped.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tachymeter::{AttachError, Attached, Emission};

use crate::extract::extract_unchecked;
use crate::{Datapoint, Metric, Skip};

/// The metrics of one reporter. It goes through [`extract`](crate::extract()) for each event, and counts what gave no datapoint.
///
/// ```
/// use tachymeter_metrics::{Metric, Skip, Subscription};
///
/// let subscription = Subscription::new(vec![Metric::sum("doc.subscription.bytes").build()?]);
/// let _attached = subscription.attach("doc", |subscription, event| {
///     subscription.for_each(event, |index, datapoint| assert_eq!((index, datapoint.value), (0, 5.0)));
/// })?;
/// tachymeter::execute("doc.subscription", &[("bytes", 5u64.into())], &[]);
/// tachymeter::execute("doc.subscription", &[], &[]);
/// assert_eq!(subscription.skipped(0, Skip::Missing), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Subscription {
    metrics: Vec<Metric>,
    by_event: HashMap<String, Box<[u32]>, BuildHasherDefault<NameHasher>>,
    skipped: Box<[[AtomicU64; Skip::ALL.len()]]>,
}

/// Of a name, its length and its last eight bytes: enough to tell a program's events apart, and they are no strangers who would choose
/// names that collide.
#[derive(Debug, Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    #[inline]
    fn write(&mut self, name: &[u8]) {
        // A text is followed by one byte that says so.
        if name.len() == 1 {
            return;
        }
        let end = match name.last_chunk::<8>() {
            Some(end) => u64::from_le_bytes(*end),
            None => name.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
        };
        let mixed = (end ^ (name.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Subscription {
    /// For these metrics. It hears nothing until [`attach`](Self::attach).
    pub fn new(metrics: Vec<Metric>) -> Arc<Self> {
        Arc::new(Self::of(metrics))
    }

    pub(crate) fn of(metrics: Vec<Metric>) -> Self {
        let mut grouped: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, metric) in (0..).zip(&metrics) {
            grouped.entry(metric.event().to_owned()).or_default().push(index);
        }
        Self {
            by_event: grouped.into_iter().map(|(event, list)| (event, list.into())).collect(),
            skipped: metrics.iter().map(|_| Default::default()).collect(),
            metrics,
        }
    }

    /// Calls `handler` for every event of its metrics, by one handler for all of them, until the guard is dropped. `name` is the
    /// reporter's; the handler's id begins with it and is like no other.
    ///
    /// # Errors
    /// If there are no metrics.
    pub fn attach(
        self: &Arc<Self>,
        name: &str,
        handler: impl Fn(&Self, &Emission<'_>) + Send + Sync + 'static,
    ) -> Result<Attached, AttachError> {
        let subscription = Arc::clone(self);
        self.attach_handler(name, move |emission: &Emission<'_>| handler(&subscription, emission))
    }

    pub(crate) fn attach_handler(
        &self,
        name: &str,
        handler: impl Fn(&Emission<'_>) + Send + Sync + 'static,
    ) -> Result<Attached, AttachError> {
        static STARTED: AtomicU64 = AtomicU64::new(1);
        let id = format!("tachymeter-metrics.{name}.{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let events: Vec<&str> = self.by_event.keys().map(String::as_str).collect();
        tachymeter::attach(&id, &events, handler)
    }

    /// Every datapoint of an event, with its metric's place in the list.
    #[inline]
    pub fn for_each(&self, emission: &Emission<'_>, mut each: impl FnMut(u32, Datapoint<'_>)) {
        self.for_each_metric(emission, |index, found| _ = found.map(|datapoint| each(index, datapoint)));
    }

    /// Like [`for_each`](Self::for_each), but for what gave no datapoint, too.
    #[inline]
    pub fn for_each_metric(&self, emission: &Emission<'_>, mut each: impl FnMut(u32, Result<Datapoint<'_>, Skip>)) {
        for &index in self.by_event.get(emission.name()).map_or(&[][..], |list| list) {
            let found = extract_unchecked(&self.metrics[index as usize], emission);
            if let Err(skip) = found {
                self.skipped[index as usize][skip as usize].fetch_add(1, Ordering::Relaxed);
            }
            each(index, found);
        }
    }

    /// The metrics, in the order that their indices count.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// How many events gave this metric no datapoint, for this reason.
    ///
    /// # Panics
    /// If there is no such metric.
    pub fn skipped(&self, metric: u32, reason: Skip) -> u64 {
        self.skipped[metric as usize][reason as usize].load(Ordering::Relaxed)
    }
}
