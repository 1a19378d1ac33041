//! The worker's own side.

use std::io::{BufRead, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Instant;

use dedup_strategies::{Definition, Ping};
use dedup_stream::scenario::Scenario;
use dedup_stream::workload::Workload;
use rustix::thread::{CpuSet, sched_setaffinity};
use xxhash_rust::xxh3::Xxh3;

use super::drag::Drag;
use super::protocol::{Answer, Measured, PROTOCOL, Ready, Request, Task};
use crate::environment::{CellError, Environment, Timing, named};
use crate::passes::time::{PacedWorker, prepare};
use crate::servers::Stay;

/// Serves one gate over standard input and output. `definitions` are all strategies that this program knows.
pub fn run(definitions: &[Definition]) -> ExitCode {
    // Fails only where there are no such signals: then the end of standard input has to do.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    say(&Answer::Hello { protocol: PROTOCOL, tool: crate::machine::tool() });
    let task = match hear() {
        Some(Request::Prepare(task)) => task,
        Some(Request::Slice { .. }) => return unasked(),
        None => return ExitCode::SUCCESS,
    };
    match work(definitions, &task) {
        Ok(()) => {}
        Err(CellError::Refused(reason)) => say(&Answer::Refused { reason }),
        Err(CellError::Skipped { reason, remedy }) => {
            say(&Answer::Skipped { reason: format!("{reason} ({remedy})") });
        }
        Err(CellError::Failed(_, reason)) => say(&Answer::Failed { reason }),
    }
    ExitCode::SUCCESS
}

fn work(definitions: &[Definition], task: &Task) -> Result<(), CellError> {
    let _stay = Stay::within(&task.directory).map_err(CellError::refused)?;
    // Before the strategy is built: its threads and servers are to stay on the core as well.
    let not_pinned = task.core.and_then(|core| pin(core).err());
    let scenario = Scenario::from_toml(&task.scenario, &task.toml).map_err(CellError::refused)?;
    let workload = Workload::Scenario(Box::new(scenario));
    let pings = prepare(&workload, task.seed, task.warm_up_pings + task.pings, || {})?;
    let mut environment = environment(definitions, task, &workload)?;
    let instance = environment.instance(NonZeroUsize::MIN, Timing::FullSpeed)?;
    let mut bench = Bench {
        worker: PacedWorker::new(instance.strategy.as_ref(), 0, instance.pace())?,
        batch: workload.pipeline().batch.get(),
        drag: task.slow_down.map(Drag::new),
    };
    let (warm_up, mut rest) = pings.split_at(task.warm_up_pings.min(pings.len() / 2));
    let warmed = bench.judge(warm_up)?;
    say(&Answer::Ready(Ready {
        pings: rest.len(),
        batch: bench.batch,
        warm_up_pings: warm_up.len(),
        warm_up_ns: warmed.elapsed_ns(),
        stream: digest(&pings),
        not_pinned,
    }));
    while let Some(request) = hear() {
        let Request::Slice { batches } = request else {
            return Err(CellError::Refused("asked to prepare twice".into()));
        };
        let slice;
        (slice, rest) = rest.split_at(rest.len().min(batches.saturating_mul(bench.batch)));
        say(&Answer::Measured(bench.judge(slice)?));
    }
    Ok(())
}

/// The strategy by itself, on the pings of `task`.
fn environment(
    definitions: &[Definition],
    task: &Task,
    workload: &Workload,
) -> Result<Environment, CellError> {
    let definition = named(definitions, &task.strategy)?;
    let sizing = workload.sizing();
    // As given, and not resolved by the gate: of two programs with other defaults each is measured with its own.
    let settings = definition.resolve(&task.settings, &sizing).map_err(CellError::refused)?;
    Ok(Environment {
        memory_limit: task.memory_limit,
        start: workload.start(),
        ..Environment::new(*definition, settings, task.seed, sizing, task.directory.clone())
    })
}

/// A strategy at work.
struct Bench<'a> {
    worker: PacedWorker<'a>,
    batch: usize,
    drag: Option<Drag>,
}

impl Bench<'_> {
    /// Judges `pings`, batch by batch.
    fn judge(&mut self, pings: &[Ping]) -> Result<Measured, CellError> {
        let mut batch_ns = Vec::with_capacity(pings.len().div_ceil(self.batch));
        let waited = waited_ns();
        judge_loop(&mut self.worker, pings, self.batch, &mut self.drag, &mut batch_ns)?;
        let waited_ns = waited.zip(waited_ns()).map(|(before, after)| after.saturating_sub(before));
        Ok(Measured { batch_ns, waited_ns })
    }
}

/// What is measured, and where valgrind counts instructions: the name is part of its command line.
#[inline(never)]
fn judge_loop(
    worker: &mut PacedWorker<'_>,
    pings: &[Ping],
    batch: usize,
    drag: &mut Option<Drag>,
    batch_ns: &mut Vec<u64>,
) -> Result<(), CellError> {
    let mut last = Instant::now();
    for batch in pings.chunks(batch) {
        worker.judge(batch)?;
        let mut now = Instant::now();
        if let Some(drag) = drag {
            now = drag.pay(last, now);
        }
        batch_ns.push((now - last).as_nanos() as u64);
        last = now;
    }
    Ok(())
}

fn pin(core: usize) -> Result<(), String> {
    if core >= CpuSet::MAX_CPU {
        return Err(format!("no core {core}"));
    }
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).map_err(|error| error.to_string())
}

/// How long this thread has stood ready without being run, since it began (`Documentation/scheduler/sched-stats.rst`).
fn waited_ns() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn digest(pings: &[Ping]) -> String {
    let mut hasher = Xxh3::new();
    for ping in pings {
        hasher.update(&ping.key.0);
        hasher.update(&ping.arrival.as_nanos().to_le_bytes());
        hasher.update(&ping.event_time.as_nanos().to_le_bytes());
    }
    format!("{:016x}", hasher.digest())
}

fn hear() -> Option<Request> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => match serde_json::from_str(&line) {
            Ok(request) => Some(request),
            Err(_) => {
                unasked();
                None
            }
        },
    }
}

fn unasked() -> ExitCode {
    eprintln!("this sub-command is for the gate's own use");
    ExitCode::from(2)
}

/// A gate that no longer listens is a gate that is gone.
fn say(answer: &Answer) {
    let mut line = serde_json::to_string(answer).expect("answers are plain data");
    line.push('\n');
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_can_be_pinned_to_a_core_it_may_run_on_and_not_to_one_that_does_not_exist() {
        let allowed = rustix::thread::sched_getaffinity(None).unwrap();
        let core = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)).unwrap();
        std::thread::spawn(move || assert_eq!(pin(core), Ok(()))).join().unwrap();
        assert!(pin(CpuSet::MAX_CPU).is_err());
        assert!(pin(CpuSet::MAX_CPU - 1).is_err());
    }
}
