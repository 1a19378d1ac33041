//! Time: how many pings a second in a closed loop, and how long one takes in an open loop at a fixed rate.
//!
//! Pings are made before any clock starts. Latency is counted from the moment at which a ping was due, whether or not
//! the strategy was ready for it, so that a stall is charged to every ping that it kept waiting (no coordinated
//! omission); service time, from call to verdict, is kept beside it.

mod client;
mod closed_loop;
mod open_loop;
mod partitions;
#[cfg(test)]
mod tests;
mod threads;
mod worker;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{DeliveryId, Needs, Ping};
use dedup_stream::stream::{Id, KeyShare};
use dedup_stream::workload::Workload;

use crate::environment::{CellError, TimeOptions, Timing};
use crate::passes::Bench;
use crate::record::{Failure, Latency, TimeFigures};
use client::Client;
use open_loop::open_loop;

pub use client::slot;
pub use closed_loop::{Loop, WarmUp, closed_loop};
pub use partitions::Partitions;
pub use worker::PacedWorker;

/// The open loop's rate is not taken higher than this of itself: beyond it, reading a clock and recording a value
/// for every ping costs as much as what is measured.
const HIGHEST_DEFAULT_RATE: f64 = 1e6;

/// Closed loops are repeated, each with fresh state, until this much time was measured: one pass of a fast strategy
/// over the pings is too short to trust.
const LEAST_MEASURED: Duration = Duration::from_millis(400);

/// The most closed loops.
const MOST_LOOPS: u32 = 40;

/// No further loop is begun after so long: where each is over at once, and starting and ending a system takes seconds.
const LONG_ENOUGH: Duration = Duration::from_secs(10);

/// How loops are run.
struct Timed {
    threads: NonZeroUsize,
    batch: usize,
    budget: Duration,
    warm_up: WarmUp,
}

/// Runs the pass.
pub fn run(mut bench: Bench<'_>, options: &TimeOptions) -> Result<TimeFigures, CellError> {
    let client = Client::of(&bench, options)?;
    let (seed, alive) = (bench.environment.seed, bench.environment.alive);
    let pings = prepare_of(bench.workload, seed, client.share, options.pings, alive)?;
    if pings.is_empty() {
        return Err(CellError::Failed(
            Failure::Died,
            "the stream has no ping with a usable id to time".into(),
        ));
    }
    let batch = bench.workload.pipeline().batch.get();
    let threads = NonZeroUsize::new(options.threads).unwrap_or(NonZeroUsize::MIN);
    let budget = Duration::from_secs_f64(options.seconds);

    let needs = bench.environment.definition.needs;
    // What is in this process is there at once.
    let start_matters = needs != Needs::Nothing;
    let warm_up = match needs {
        Needs::System { .. } => WarmUp::FirstHalf,
        _ => WarmUp::None,
    };
    let timed = Timed { threads, batch, budget, warm_up };
    let Closed { ran: closed, start } = closed_loops(&mut bench, &pings, &timed, &client)?;
    (bench.progress)(0.5);
    let offered = client.rate(options).unwrap_or((closed.per_s() / 2.0).min(HIGHEST_DEFAULT_RATE));
    let instance = bench.environment.instance(threads, Timing::FullSpeed)?;
    let partitions = Partitions::new(&pings, instance.strategy.routing(), threads, batch);
    let paces = (0..threads.get()).map(|_| instance.pace()).collect();
    client.wait_for_second_loop(budget, alive)?;
    let open = open_loop(instance.strategy.as_ref(), &partitions, paces, offered, budget, warm_up)?;
    (bench.progress)(1.0);
    let beside_store =
        |time: Option<Duration>| time.filter(|_| needs != Needs::Nothing).map(saturating_nanos);
    Ok(TimeFigures {
        judged_count: closed.judged,
        warm_up_count: (warm_up != WarmUp::None).then_some(closed.warmed_up),
        start_ns: start_matters.then_some(saturating_nanos(start)),
        throughput_per_s: closed.per_s(),
        threads_count: threads.get() as u32,
        offered_per_s: offered,
        achieved_per_s: open.loop_.per_s(),
        latency_ns: Latency::from_histogram(&open.latency),
        service_ns: Latency::from_histogram(&open.service),
        clients_count: client.share.of().get(),
        clients: client.number().into_iter().collect(),
        threads_ns: beside_store(Some(open.threads)),
        threads_ran_ns: beside_store(open.ran),
    })
}

/// The first `limit` pings of the stream that have a usable id. Calls `alive` now and then.
pub fn prepare(workload: &Workload, seed: u64, limit: usize, alive: fn()) -> Result<Vec<Ping>, CellError> {
    prepare_of(workload, seed, KeyShare::ALL, limit, alive)
}

/// The same, of a share of the keys.
fn prepare_of(
    workload: &Workload,
    seed: u64,
    share: KeyShare,
    limit: usize,
    alive: fn(),
) -> Result<Vec<Ping>, CellError> {
    let mut source = workload.source_of(seed, share)?;
    let mut pings = Vec::with_capacity(limit.min(workload.expected_pings() as usize + 1));
    let mut events = Vec::new();
    while pings.len() < limit {
        alive();
        events.clear();
        source.fill(4096.min(limit - pings.len()), &mut events)?;
        if events.is_empty() {
            break;
        }
        for event in &events {
            if let Id::Key(key) = event.id {
                let delivery = DeliveryId(pings.len() as u64);
                pings.push(Ping { key, event_time: event.event_time, arrival: event.at, delivery });
            }
        }
    }
    Ok(pings)
}

/// What closed loops came to.
struct Closed {
    /// All of them, as one.
    ran: Loop,
    /// How long it took until the first could begin: its server's start, that of programs, tables that are set up.
    start: Duration,
}

fn closed_loops(
    bench: &mut Bench<'_>,
    pings: &[Ping],
    timed: &Timed,
    client: &Client,
) -> Result<Closed, CellError> {
    let Timed { threads, batch, budget, warm_up } = *timed;
    let mut total = Loop::default();
    let (mut loops, mut start) = (0, None);
    let most = if client.is_alone() { MOST_LOOPS } else { 1 };
    let first = Instant::now();
    while total.took < LEAST_MEASURED.min(budget)
        && loops < most
        && (loops == 0 || first.elapsed() < LONG_ENOUGH)
    {
        let began = Instant::now();
        let instance = bench.environment.instance(threads, Timing::FullSpeed)?;
        start.get_or_insert(began.elapsed());
        let partitions = Partitions::new(pings, instance.strategy.routing(), threads, batch);
        let paces = (0..threads.get()).map(|_| instance.pace()).collect();
        client.wait_for_first_loop(bench.environment.alive)?;
        let one = closed_loop(instance.strategy.as_ref(), &partitions, paces, budget, warm_up)?;
        total.judged += one.judged;
        total.took += one.took;
        total.warmed_up += one.warmed_up;
        loops += 1;
        (bench.progress)(0.5 * (total.took.as_secs_f64() / LEAST_MEASURED.as_secs_f64()).min(1.0));
    }
    Ok(Closed { ran: total, start: start.unwrap_or_default() })
}
