//! What the operating system says of this process and this machine.

use std::sync::Mutex;

use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};
use tachymeter::clock::{self, Timestamp};
use tachymeter::{Event, Value};

use super::{Failure, HOST, PROCESS, lock};

/// CPU time that had been used at a time.
type Used = Option<(Timestamp, u64)>;

/// What this platform doesn't tell, and what needs a time before, is left out.
fn emit(event: &Event, measurements: &[(&str, Option<Value<'_>>)]) {
    let known: Vec<_> = measurements.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
    event.execute(&known, &[]);
}

pub(super) fn process() -> impl Fn() -> Result<(), Failure> {
    let state = Mutex::new((System::new(), None));
    move || {
        if !PROCESS.is_attached() {
            return Ok(());
        }
        let (system, used) = &mut *lock(&state);
        let pid = get_current_pid()?;
        let what = ProcessRefreshKind::nothing().with_memory().with_cpu().with_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
        let process = system.process(pid).ok_or("this process is not in the system's list of processes")?;
        emit(
            &PROCESS,
            &[
                ("cpu", cores_since(used, process.accumulated_cpu_time()).map(Value::from)),
                ("memory", Some(process.memory().into())),
                ("virtual_memory", Some(process.virtual_memory().into())),
                ("open_files", process.open_files().map(Value::from)),
                ("open_files_limit", process.open_files_limit().map(Value::from)),
                // The tasks are the threads besides the first.
                ("threads", process.tasks().map(|tasks| Value::from(tasks.len().max(1)))),
                ("uptime", Some(process.run_time().into())),
            ],
        );
        Ok(())
    }
}

/// How many cores were busy with it since the last time.
fn cores_since(last: &mut Used, milliseconds: u64) -> Option<f64> {
    let now = clock::now();
    let (then, before) = last.replace((now, milliseconds))?;
    let elapsed = now.since(then).as_secs_f64() * 1_000.0;
    (elapsed > 0.0).then(|| milliseconds.saturating_sub(before) as f64 / elapsed)
}

pub(super) fn host() -> impl Fn() -> Result<(), Failure> {
    let state = Mutex::new((System::new(), false));
    move || {
        if !HOST.is_attached() {
            return Ok(());
        }
        let (system, again) = &mut *lock(&state);
        system.refresh_memory_specifics(MemoryRefreshKind::everything());
        system.refresh_cpu_usage();
        let cpu = std::mem::replace(again, true).then(|| f64::from(system.global_cpu_usage()) / 100.0);
        if system.total_memory() == 0 {
            return Err("the system doesn't say how much memory it has".into());
        }
        emit(
            &HOST,
            &[
                ("cpu", cpu.map(Value::from)),
                ("memory", Some(system.used_memory().into())),
                ("memory_total", Some(system.total_memory().into())),
                ("swap", Some(system.used_swap().into())),
                ("swap_total", Some(system.total_swap().into())),
                ("load", Some(System::load_average().one.into())),
            ],
        );
        Ok(())
    }
}
