//! StatsD and DogStatsD, over UDP or a Unix datagram socket.
//!
//! Datapoints are added up where they happen and sent once per flush, so that a million events per second cost the network as much
//! as ten. The caller never waits for a socket: a thread of the reporter's own sends.
//!
//! | kind | [`Flavor::Standard`] | [`Flavor::Datadog`] |
//! |---|---|---|
//! | counter, sum | `value\|c`, what came since the last flush | the same |
//! | last value | `value\|g`; a negative one is set by `0\|g` and `-value\|g`, since a sign means a change there | `value\|g` |
//! | summary | `value\|ms` | `value\|h` |
//! | distribution | `value\|ms` | `value\|d` |
//!
//! Values of summaries and distributions are sent as they are, as long as there are no more than [`Options::samples`] of a series in
//! one flush (or than the metric's own option `statsd.samples`). Beyond, a uniform sample of them is sent with rates, which are powers
//! of two and add up: a receiver that counts `1 / rate` gets the number of events to the last one.
//!
//! Tags: Datadog has them; in the standard their values are appended to the name, in the order of the definition, with every
//! character that isn't a letter, a digit, `_` or `-` replaced by `_`, `none` for one that is absent and `empty` for one that is. What went to a
//! metric's `other` series is called `other`, or has the tag `other:true`.
//!
//! A packet is never longer than [`Options::mtu`]. A line that is, is dropped. What doesn't go out is counted and said by the events of
//! [`reporter`](crate::reporter), in datapoints; what gets lost on the way, as UDP may, nobody can know.
//!
//! The crate `cadence` isn't used for the format: it escapes nothing, writes a line that is longer than the packet into a packet
//! of its own, and sends each value when it comes; what is left of it is one `write!`.
//!
//! ```
//! use tachymeter_metrics::Metric;
//! use tachymeter_metrics::reporter::statsd::{Options, Receiver, Statsd};
//!
//! let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
//! let receiver = Receiver::Udp(socket.local_addr()?.to_string());
//! let logins = Metric::counter("doc.statsd.count").tags(&["result"]).build()?;
//! let reporter = Statsd::start(vec![logins], Options { receiver, ..Options::default() })?;
//! tachymeter::execute("doc.statsd", &[("count", 1u64.into())], &[("result", "ok".into())]);
//! drop(reporter); // detaches, and sends what is left
//!
//! let mut packet = [0; 100];
//! let length = socket.recv(&mut packet)?;
//! assert_eq!(&packet[..length], b"doc.statsd.count.ok:1|c");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod line;
mod packet;
mod socket;
#[cfg_attr(not(unix), path = "no_unix.rs")]
mod unix;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tachymeter::{AttachError, Attached};

use self::line::Lines;
use self::packet::Packet;
use self::socket::Socket;
use super::{Health, Worker};
use crate::{Aggregate, Detail, Limits, Metric, Series};

const HEALTH: Health = Health::of("statsd");

/// The metric's option that overrides [`Options::samples`].
const SAMPLES: &str = "statsd.samples";

/// Where the receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A host (name or address) and a port: `"127.0.0.1:8125"`. A name is looked up again every minute.
    Udp(String),
    /// The path of a datagram socket.
    Unix(PathBuf),
}

/// Which dialect the receiver speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// Etsy's, which everybody understands; tags become part of the name.
    #[default]
    Standard,
    /// With tags.
    Datadog,
}

/// How to report.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to; `127.0.0.1:8125` by UDP, unless said otherwise.
    pub receiver: Receiver,
    /// The dialect.
    pub flavor: Flavor,
    /// Stands before every name, with a dot between; none if empty.
    pub prefix: String,
    /// For every metric. In the standard they stand in for those of a metric's tags that an event lacks.
    pub tags: Vec<(String, String)>,
    /// How often to send; every 10 s, unless said otherwise, as StatsD itself does. At least 10 ms.
    pub flush: Duration,
    /// The longest packet, in bytes: 1,432 as shipped, which fits an Ethernet frame. From 64 to 65,507.
    pub mtu: usize,
    /// The most values of one series of a summary or distribution in one flush: 100 as shipped. From 64 to 10,000.
    pub samples: usize,
    /// How many series are kept.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            receiver: Receiver::Udp("127.0.0.1:8125".into()),
            flavor: Flavor::Standard,
            prefix: String::new(),
            tags: Vec::new(),
            flush: Duration::from_secs(10),
            mtu: 1_432,
            samples: 100,
            limits: Limits::default(),
        }
    }
}

/// Why the reporter did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatsdError {
    /// Not a host and a port.
    #[error("{0:?} is not where a StatsD receiver can be: give a host and a port, such as \"127.0.0.1:8125\"")]
    Receiver(String),
    /// It would change the names it stands before.
    #[error("the prefix {0:?} is not allowed: use letters, digits, _, - and dots between them")]
    Prefix(String),
    /// Out of range.
    #[error("{what} = {value} is not allowed: it must be {allowed}")]
    Range {
        /// Which option.
        what: String,
        /// Its value.
        value: String,
        /// The range, in words.
        allowed: &'static str,
    },
    /// There are no metrics.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The system has no thread for it.
    #[error("can't start the thread that sends to StatsD: {0}")]
    Thread(#[from] io::Error),
}

/// Reports to StatsD until it is dropped; then it detaches and sends what is left.
#[must_use = "dropping it stops the reporter"]
pub struct Statsd {
    // In this order: nothing comes any more, then the rest is sent.
    _attached: Attached,
    _worker: Worker,
    aggregate: Arc<Aggregate>,
}

impl Statsd {
    /// Starts reporting these metrics. That nobody listens there is no error: it may begin to at any time.
    ///
    /// # Errors
    /// Options that are not allowed, an empty list of metrics, no thread.
    pub fn start(metrics: Vec<Metric>, options: Options) -> Result<Self, StatsdError> {
        options.check()?;
        metrics.iter().try_for_each(|metric| options.samples_of(metric).map(drop))?;
        let samples = |metric: &Metric| options.samples_of(metric).unwrap_or(options.samples);
        let detail = |metric: &Metric| match metric.kind().has_quantiles() {
            true => Detail::Sample(samples(metric)),
            false => Detail::Plain,
        };
        let aggregate = Aggregate::new(metrics, options.limits, detail);
        let attached = aggregate.attach("statsd")?;
        let mut flush = Flush::new(Arc::clone(&aggregate), options.clone());
        let worker = Worker::start("statsd", options.flush, move || flush.run())?;
        Ok(Self { _attached: attached, _worker: worker, aggregate })
    }

    /// What it adds up: its metrics, and what they skipped.
    pub fn aggregate(&self) -> &Aggregate {
        &self.aggregate
    }
}

impl fmt::Debug for Statsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statsd").field("aggregate", &self.aggregate).finish_non_exhaustive()
    }
}

impl Options {
    fn check(&self) -> Result<(), StatsdError> {
        if let Receiver::Udp(address) = &self.receiver {
            let parts = address
                .rsplit_once(':')
                .filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
            parts.ok_or_else(|| StatsdError::Receiver(address.clone()))?;
        }
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let segments = self.prefix.split('.').all(|segment| !segment.is_empty() && segment.bytes().all(letter));
        if !self.prefix.is_empty() && !segments {
            return Err(StatsdError::Prefix(self.prefix.clone()));
        }
        let range = |holds: bool, what: &str, value: String, allowed| {
            if holds { Ok(()) } else { Err(StatsdError::Range { what: what.to_owned(), value, allowed }) }
        };
        range(self.flush >= Duration::from_millis(10), "flush", format!("{:?}", self.flush), "at least 10 ms")?;
        range((64..=65_507).contains(&self.mtu), "mtu", self.mtu.to_string(), "from 64 to 65507 bytes")?;
        range(is_sample_size(self.samples), "samples", self.samples.to_string(), SAMPLE_SIZES)
    }

    fn samples_of(&self, metric: &Metric) -> Result<usize, StatsdError> {
        Ok(match metric.option(SAMPLES) {
            None => self.samples,
            Some(text) => text.parse().ok().filter(|size| is_sample_size(*size)).ok_or_else(|| StatsdError::Range {
                what: format!("the option {SAMPLES:?} of metric {:?}", metric.name()),
                value: text.to_owned(),
                allowed: SAMPLE_SIZES,
            })?,
        })
    }
}

const SAMPLE_SIZES: &str = "from 64 to 10000 values";

fn is_sample_size(size: usize) -> bool {
    (64..=10_000).contains(&size)
}

/// What the thread does each time.
struct Flush {
    aggregate: Arc<Aggregate>,
    series: Vec<Series>,
    lines: Lines,
    packet: Packet,
    socket: Socket,
}

impl Flush {
    fn new(aggregate: Arc<Aggregate>, options: Options) -> Self {
        Self {
            aggregate,
            series: Vec::new(),
            packet: Packet::new(options.mtu),
            socket: Socket::new(options.receiver),
            lines: Lines::new(options.flavor, options.prefix, options.tags),
        }
    }

    fn run(&mut self) {
        let taken = self.aggregate.take();
        self.series.extend(self.aggregate.series_since(self.series.len()));
        self.socket.begin();
        for (series, new) in &taken {
            let series = &self.series[*series as usize];
            let metric = &self.aggregate.metrics()[series.metric as usize];
            self.lines.write(metric, series, new, |line, datapoints| self.packet.push(line, datapoints, &mut self.socket));
        }
        self.packet.finish(&mut self.socket);
        self.socket.end();
    }
}
