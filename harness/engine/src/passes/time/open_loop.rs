//! The open loop: at a fixed rate, whether or not the strategy is ready.

use std::thread;
use std::time::{Duration, Instant};

use dedup_strategies::Strategy;
use dedup_strategies::driver::DriveError;
use hdrhistogram::Histogram;

use super::closed_loop::{Loop, WarmUp, together};
use super::partitions::{Partition, Partitions};
use super::threads::on_threads;
use super::worker::PacedWorker;
use crate::pipeline::Pace;
use crate::process::{self, Scheduled};

/// What an open loop saw.
pub(super) struct OpenLoop {
    /// How many in how long.
    pub(super) loop_: Loop,
    /// From due to verdict, ns.
    pub(super) latency: Histogram<u64>,
    /// From call to verdict, ns.
    pub(super) service: Histogram<u64>,
    /// How long all threads took together.
    pub(super) threads: Duration,
    /// Of that, how long they ran or waited for a processor; none where the system does not say.
    pub(super) ran: Option<Duration>,
}

/// Judges pings as they fall due at `rate_per_s` in all. What is due together is judged together, up to a batch, as
/// a consumer does that pulls whatever waits for it.
pub(super) fn open_loop(
    strategy: &dyn Strategy,
    partitions: &Partitions<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    rate_per_s: f64,
    budget: Duration,
    warm_up: WarmUp,
) -> Result<OpenLoop, DriveError> {
    let interval_ns = 1e9 * paces.len() as f64 / rate_per_s;
    let parts = on_threads(strategy, partitions, paces, |worker, partition| {
        open_partition(worker, partition, interval_ns, budget, warm_up)
    })?;
    let mut all = OpenLoop {
        loop_: together(parts.iter().map(|p| &p.loop_)),
        latency: histogram(),
        service: histogram(),
        threads: parts.iter().map(|part| part.threads).sum(),
        ran: parts.iter().map(|part| part.ran).sum(),
    };
    for part in &parts {
        all.latency.add(&part.latency).expect("same bounds");
        all.service.add(&part.service).expect("same bounds");
    }
    Ok(all)
}

fn open_partition(
    worker: &mut PacedWorker<'_>,
    partition: &Partition<'_>,
    interval_ns: f64,
    budget: Duration,
    warm_up: WarmUp,
) -> Result<OpenLoop, DriveError> {
    let (mut latency, mut service) = (histogram(), histogram());
    let mut batches = partition.batches();
    let (warmed_up, budget) = warm_up.begin(budget, worker, partition, &mut batches)?;
    let (began, before) = (Instant::now(), process::scheduled_here());
    let due_at = |index: u64| Duration::from_nanos((index as f64 * interval_ns) as u64);
    let mut judged = 0u64;
    'stream: for batch in batches {
        let mut rest = batch;
        while !rest.is_empty() {
            let called = wait_until(began, due_at(judged).min(budget));
            if called >= budget {
                break 'stream;
            }
            let due = (called.as_nanos() as f64 / interval_ns) as u64 + 1;
            let take = (due.saturating_sub(judged).max(1) as usize).min(rest.len());
            let (now, later) = rest.split_at(take);
            worker.judge(now)?;
            let done = began.elapsed();
            service.saturating_record_n(nanos(done - called), take as u64);
            for index in judged..judged + take as u64 {
                latency.saturating_record(nanos(done.saturating_sub(due_at(index))));
            }
            judged += take as u64;
            rest = later;
        }
    }
    let (took, after) = (began.elapsed(), process::scheduled_here());
    let busy = |scheduled: Scheduled| scheduled.ran + scheduled.waited;
    let ran = before.zip(after).map(|(before, after)| busy(after).saturating_sub(busy(before)).min(took));
    Ok(OpenLoop { loop_: Loop { judged, took, warmed_up }, latency, service, threads: took, ran })
}

/// Waits until `due` after `began`; the time that it then is. Sleeping is too coarse for the last stretch.
fn wait_until(began: Instant, due: Duration) -> Duration {
    const COARSE: Duration = Duration::from_micros(200);
    loop {
        let now = began.elapsed();
        if now >= due {
            return now;
        }
        if due - now > COARSE {
            thread::sleep(due - now - COARSE);
        } else {
            std::hint::spin_loop();
        }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 3).expect("the bounds are allowed")
}

fn nanos(duration: Duration) -> u64 {
    dedup_strategies::time::saturating_nanos(duration).max(1)
}
