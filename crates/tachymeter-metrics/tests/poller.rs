//! The poller: its timetable, on a clock that the test moves, and that no measurement disturbs another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tachymeter::Value;
use tachymeter_metrics::poller::{FAILURE, HOST, PROCESS, Poller, PollerError, RUNTIME};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(5);

/// Adds a measurement that says when it runs, in whole milliseconds since now, and ends as `outcome` says for that run.
fn noted(
    poller: Poller,
    name: &str,
    outcome: impl Fn(usize) -> Result<(), String> + Send + Sync + 'static,
) -> (Poller, UnboundedReceiver<u64>) {
    let (say, heard) = unbounded_channel();
    let (start, runs) = (Instant::now(), Mutex::new(0));
    let poller = poller.measure(name, move || {
        let run = {
            let mut runs = runs.lock().unwrap();
            *runs += 1;
            *runs
        };
        say.send(start.elapsed().as_millis() as u64).unwrap();
        outcome(run).map_err(Into::into)
    });
    (poller, heard)
}

async fn next(heard: &mut UnboundedReceiver<u64>, count: usize) -> Vec<u64> {
    let mut times = Vec::new();
    while times.len() < count {
        times.push(heard.recv().await.expect("it goes on"));
    }
    times
}

#[tokio::test(start_paused = true)]
async fn the_timetable_does_not_drift_and_begins_when_it_is_told() {
    let (poller, mut heard) = noted(Poller::new(PERIOD).delay(Duration::from_secs(2)), "even", |_| Ok(()));
    let _polling = poller.start().unwrap();
    let expected: Vec<u64> = (0..100).map(|n| 2_000 + 5_000 * n).collect();
    assert_eq!(next(&mut heard, 100).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_slow_measurement_delays_no_other_and_returns_to_the_timetable() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let waits = move |run| if run == 1 { released.lock().unwrap().recv().map_err(|gone| gone.to_string()) } else { Ok(()) };
    let (poller, mut slow) = noted(Poller::new(PERIOD), "slow", waits);
    let (poller, mut even) = noted(poller, "even", |_| Ok(()));
    let _polling = poller.start().unwrap();
    assert_eq!((next(&mut slow, 1).await, next(&mut even, 1).await), (vec![0], vec![0]));
    // The clock stands while a measurement blocks, so it is moved by hand, until the other one has been heard again.
    for _ in 0..2 {
        let time = loop {
            tokio::time::advance(PERIOD).await;
            if let Ok(time) = even.try_recv() {
                break time;
            }
        };
        assert_eq!(time % 5_000, 0);
    }
    assert!(slow.try_recv().is_err(), "it still waits");
    tokio::time::advance(Duration::from_secs(2)).await;
    release.send(()).unwrap();
    let times = next(&mut slow, 2).await;
    assert_eq!((times[0] % 5_000, times[1] - times[0]), (0, 5_000), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_counted_and_retried_with_back_off_and_the_others_go_on() {
    let fails = |run| if run <= 5 { Err(format!("run {run} is out of order")) } else { Ok(()) };
    let (poller, mut failing) = noted(Poller::new(PERIOD), "failing", fails);
    let (poller, mut even) = noted(poller, "even", |_| Ok(()));
    let failures = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&failures);
    let _attached = tachymeter::attach("failures of failing", &[FAILURE.name()], move |event| {
        if event.get("measurement") == Some("failing".into()) {
            heard
                .lock()
                .unwrap()
                .push((event.measurement("consecutive").unwrap().as_f64().unwrap(), event.get("reason").unwrap().to_string()));
        }
    })
    .unwrap();
    let polling = poller.start().unwrap();
    // At the next time, then after 2, 4, 8 and 16 of them, then it works and is back at each.
    let periods: Vec<u64> = next(&mut failing, 8).await.iter().map(|time| time / 5_000).collect();
    assert_eq!(periods, [0, 1, 3, 7, 15, 31, 32, 33]);
    assert_eq!(next(&mut even, 33).await.last(), Some(&160_000));
    let failures = failures.lock().unwrap();
    assert_eq!(failures.len(), 5);
    assert_eq!(failures[4], (5.0, "run 5 is out of order".to_owned()));
    let health = polling.health();
    assert_eq!((health[0].name.as_str(), health[0].failures, health[0].consecutive), ("failing", 5, 0));
    assert_eq!((health[1].name.as_str(), health[1].failures), ("even", 0));
}

#[tokio::test(start_paused = true)]
async fn the_pause_after_failures_has_an_end() {
    let (poller, mut failing) = noted(Poller::new(PERIOD), "hopeless", |_| Err("always".into()));
    let _polling = poller.start().unwrap();
    let times: Vec<u64> = next(&mut failing, 12).await.iter().map(|time| time / 5_000).collect();
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64, 64, 64]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_like_any_other() {
    let (poller, mut panicking) =
        noted(Poller::new(PERIOD), "panicking", |run| if run == 1 { panic!("of run 1") } else { Ok(()) });
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&reasons);
    let _attached = tachymeter::attach("failures of panicking", &[FAILURE.name()], move |event| {
        if event.get("measurement") == Some("panicking".into()) {
            heard.lock().unwrap().push(event.get("reason").unwrap().to_string());
        }
    })
    .unwrap();
    let polling = poller.start().unwrap();
    assert_eq!(next(&mut panicking, 3).await, [0, 5_000, 10_000]);
    assert_eq!(*reasons.lock().unwrap(), ["panicked: of run 1"]);
    assert_eq!(polling.health()[0].failures, 1);
}

#[tokio::test(start_paused = true)]
async fn it_stops_when_it_is_dropped() {
    let (poller, mut heard) = noted(Poller::new(PERIOD), "stopped", |_| Ok(()));
    let polling = poller.start().unwrap();
    next(&mut heard, 3).await;
    drop(polling);
    assert_eq!(heard.recv().await, None, "the measurement itself is gone");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let error = Poller::new(Duration::ZERO).start().unwrap_err();
    assert_eq!(error.to_string(), "the poller's period is 0ns: it must be at least one millisecond");
    let twice = Poller::new(PERIOD).process().process().start().unwrap_err();
    assert_eq!(twice, PollerError::Twice("process".into()));
    let outside = std::thread::spawn(|| Poller::new(PERIOD).start().unwrap_err()).join().unwrap();
    assert_eq!(outside, PollerError::NoRuntime);
}

/// What the system says is compared with what the test knows by other means.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn process_host_and_runtime_say_what_is_so() {
    let (say, mut heard) = unbounded_channel::<(String, Vec<(String, f64)>)>();
    let names = [PROCESS.name(), HOST.name(), RUNTIME.name()];
    let _attached = tachymeter::attach("usage", &names, move |event| {
        if event.name() != RUNTIME.name() || event.get("runtime") == Some("test".into()) {
            let numbers =
                event.measurements().iter().map(|(key, value): &(&str, Value<'_>)| ((*key).to_owned(), value.as_f64().unwrap()));
            say.send((event.name().to_owned(), numbers.collect())).unwrap();
        }
    })
    .unwrap();
    let held: Vec<_> = (0..50).map(|_| std::fs::File::open("/proc/self/status").unwrap()).collect();
    let _polling = Poller::new(PERIOD).process().host().runtime("test", Handle::current()).start().unwrap();
    let mut seen = std::collections::HashMap::new();
    for _ in 0..6 {
        let (name, numbers) = heard.recv().await.unwrap();
        let old = seen.insert(name, numbers.into_iter().collect::<std::collections::HashMap<_, _>>());
        // CPU and work are known only once there is a time before.
        assert!(old.is_none_or(|old| !old.contains_key("cpu") && !old.contains_key("busy")));
    }
    let process = &seen["process.usage"];
    let kib = |key: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    let near = |got: f64, expected: f64| assert!((got / expected - 1.0).abs() < 0.5, "{got} is not about {expected}");
    near(process["memory"], kib("VmRSS") * 1024.0);
    assert!(process["virtual_memory"] >= process["memory"]);
    assert!(process["open_files"] >= held.len() as f64 && process["open_files"] <= process["open_files_limit"]);
    assert!(process["threads"] >= 2.0 && process["threads"] < 200.0);
    assert!(process["cpu"] >= 0.0 && process["cpu"] < 64.0);
    let host = &seen["host.usage"];
    let total = std::fs::read_to_string("/proc/meminfo").unwrap().split_whitespace().nth(1).unwrap().parse::<f64>().unwrap();
    assert!(host["memory"] > 0.0 && host["memory"] < host["memory_total"] && host["load"] >= 0.0);
    assert!((0.0..=1.0).contains(&host["cpu"]));
    assert!(host["memory_total"] <= total * 1024.0 * 1.001);
    let runtime = &seen["tokio.runtime"];
    assert_eq!(runtime["workers"], 1.0);
    assert!(runtime["tasks"] >= 3.0 && runtime.contains_key("parks") && runtime.contains_key("queued"));
}
