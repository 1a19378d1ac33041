//! Time: how many pings a second in a closed loop, and how long one takes in an open loop at a fixed rate.
//!
//! Pings are made before any clock starts. Latency is counted from the moment at which a ping was due, whether or not
//! the strategy was ready for it, so that a stall is charged to every ping that it kept waiting (no coordinated
//! omission); service time, from call to verdict, is kept beside it.

use std::num::NonZeroUsize;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use dedup_strategies::{
    Outcome, Ping, Routing, Settled, Strategy, Timestamp, Unavailable, Verdict, Worker, worker_of,
};
use dedup_stream::stream::Id;
use dedup_stream::workload::Workload;
use hdrhistogram::Histogram;

use crate::environment::{CellError, TimeOptions, Timing};
use crate::passes::Bench;
use crate::pipeline::{Pace, TICK};
use crate::record::{Failure, Latency, TimeFigures};

/// The open loop's rate is not taken higher than this of itself: beyond it, reading a clock and recording a value
/// for every ping costs as much as what is measured.
const HIGHEST_DEFAULT_RATE: f64 = 1e6;

/// Closed loops are repeated, each with fresh state, until this much time was measured: one pass of a fast strategy
/// over the pings is too short to trust.
const LEAST_MEASURED: Duration = Duration::from_millis(400);

/// The most closed loops.
const MOST_LOOPS: u32 = 40;

/// Runs the pass.
pub fn run(mut bench: Bench<'_>, options: &TimeOptions) -> Result<TimeFigures, CellError> {
    let pings = prepare(bench.workload, bench.environment.seed, options.pings)?;
    if pings.is_empty() {
        return Err(CellError::Failed(
            Failure::Died,
            "the stream has no ping with a usable id to time".into(),
        ));
    }
    let batch = bench.workload.pipeline().batch.get();
    let threads = NonZeroUsize::new(options.threads).unwrap_or(NonZeroUsize::MIN);
    let budget = Duration::from_secs_f64(options.seconds);

    let closed = closed_loops(&mut bench, &pings, threads, batch, budget)?;
    (bench.progress)(0.5);
    let offered = options.rate_per_s.unwrap_or((closed.per_s() / 2.0).min(HIGHEST_DEFAULT_RATE));
    let instance = bench.environment.instance(threads, Timing::FullSpeed)?;
    let lanes = Lanes::new(&pings, instance.strategy.routing(), threads, batch);
    let paces = (0..threads.get()).map(|_| instance.pace()).collect();
    let open = open_loop(instance.strategy.as_ref(), &lanes, paces, offered, budget)?;
    (bench.progress)(1.0);
    Ok(TimeFigures {
        judged_count: closed.judged,
        throughput_per_s: closed.per_s(),
        threads_count: threads.get() as u32,
        offered_per_s: offered,
        achieved_per_s: open.loop_.per_s(),
        latency_ns: Latency::from_histogram(&open.latency),
        service_ns: Latency::from_histogram(&open.service),
    })
}

/// The first `limit` pings of the stream that have a usable id.
pub(crate) fn prepare(workload: &Workload, seed: u64, limit: usize) -> Result<Vec<Ping>, CellError> {
    let mut source = workload.source(seed)?;
    let mut pings = Vec::with_capacity(limit.min(workload.expected_pings() as usize + 1));
    let mut events = Vec::new();
    while pings.len() < limit {
        events.clear();
        source.fill(4096.min(limit - pings.len()), &mut events)?;
        if events.is_empty() {
            break;
        }
        for event in &events {
            if let Id::Key(key) = event.id {
                let delivery = dedup_strategies::DeliveryId(pings.len() as u64);
                pings.push(Ping { key, event_time: event.event_time, arrival: event.at, delivery });
            }
        }
    }
    Ok(pings)
}

/// The batches of each worker.
pub struct Lanes<'a> {
    lanes: Vec<Lane<'a>>,
}

enum Lane<'a> {
    /// Every `step`th batch of a list that is shared.
    Shared { pings: &'a [Ping], batch: usize, first: usize, step: usize },
    /// A list of its own.
    Own { pings: Vec<Ping>, batch: usize },
}

impl<'a> Lanes<'a> {
    /// Deals `pings` out to `workers`, batch by batch or by key.
    pub fn new(pings: &'a [Ping], routing: Routing, workers: NonZeroUsize, batch: usize) -> Self {
        let count = workers.get();
        if routing == Routing::Any || count == 1 {
            let lane = |first| Lane::Shared { pings, batch, first, step: count };
            return Lanes { lanes: (0..count).map(lane).collect() };
        }
        let mut own = vec![Vec::with_capacity(pings.len() / count + pings.len() / 64); count];
        for ping in pings {
            own[worker_of(ping.key, count)].push(*ping);
        }
        Lanes { lanes: own.into_iter().map(|pings| Lane::Own { pings, batch }).collect() }
    }
}

impl Lane<'_> {
    fn batches(&self) -> Box<dyn Iterator<Item = &[Ping]> + '_> {
        match self {
            Lane::Shared { pings, batch, first, step } => {
                Box::new(pings.chunks(*batch).skip(*first).step_by(*step))
            }
            Lane::Own { pings, batch } => Box::new(pings.chunks(*batch)),
        }
    }
}

/// How many pings a loop judged in how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loop {
    /// Pings judged.
    pub judged: u64,
    /// From the first call to the last verdict.
    pub took: Duration,
}

impl Loop {
    /// Pings a second.
    pub fn per_s(&self) -> f64 {
        self.judged as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

fn closed_loops(
    bench: &mut Bench<'_>,
    pings: &[Ping],
    threads: NonZeroUsize,
    batch: usize,
    budget: Duration,
) -> Result<Loop, CellError> {
    let mut total = Loop::default();
    let mut loops = 0;
    while total.took < LEAST_MEASURED.min(budget) && loops < MOST_LOOPS {
        let instance = bench.environment.instance(threads, Timing::FullSpeed)?;
        let lanes = Lanes::new(pings, instance.strategy.routing(), threads, batch);
        let paces = (0..threads.get()).map(|_| instance.pace()).collect();
        let one = closed_loop(instance.strategy.as_ref(), &lanes, paces, budget)?;
        total.judged += one.judged;
        total.took += one.took;
        loops += 1;
        (bench.progress)(0.5 * (total.took.as_secs_f64() / LEAST_MEASURED.as_secs_f64()).min(1.0));
    }
    Ok(total)
}

/// Judges as fast as it will go until the pings or the budget are used up.
pub fn closed_loop(
    strategy: &dyn Strategy,
    lanes: &Lanes<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    budget: Duration,
) -> Result<Loop, Unavailable> {
    let ran = on_threads(strategy, lanes, paces, |driver, lane| {
        let began = Instant::now();
        let mut judged = 0;
        for batch in lane.batches() {
            driver.judge(batch)?;
            judged += batch.len() as u64;
            if began.elapsed() >= budget {
                break;
            }
        }
        Ok(Loop { judged, took: began.elapsed() })
    })?;
    Ok(together(ran.iter()))
}

fn together<'a>(loops: impl Iterator<Item = &'a Loop>) -> Loop {
    loops.fold(Loop::default(), |all, one| Loop {
        judged: all.judged + one.judged,
        took: all.took.max(one.took),
    })
}

/// What an open loop saw.
pub struct OpenLoop {
    /// How many in how long.
    pub loop_: Loop,
    /// From due to verdict, ns.
    pub latency: Histogram<u64>,
    /// From call to verdict, ns.
    pub service: Histogram<u64>,
}

/// Judges pings as they fall due at `rate_per_s` in all. What is due together is judged together, up to a batch, as
/// a consumer does that pulls whatever waits for it.
pub fn open_loop(
    strategy: &dyn Strategy,
    lanes: &Lanes<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    rate_per_s: f64,
    budget: Duration,
) -> Result<OpenLoop, Unavailable> {
    let interval_ns = 1e9 * paces.len() as f64 / rate_per_s;
    let parts =
        on_threads(strategy, lanes, paces, |driver, lane| open_lane(driver, lane, interval_ns, budget))?;
    let mut all = OpenLoop {
        loop_: together(parts.iter().map(|p| &p.loop_)),
        latency: histogram(),
        service: histogram(),
    };
    for part in &parts {
        all.latency.add(&part.latency).expect("same bounds");
        all.service.add(&part.service).expect("same bounds");
    }
    Ok(all)
}

fn open_lane(
    driver: &mut Driver<'_>,
    lane: &Lane<'_>,
    interval_ns: f64,
    budget: Duration,
) -> Result<OpenLoop, Unavailable> {
    let (mut latency, mut service) = (histogram(), histogram());
    let began = Instant::now();
    let due_at = |index: u64| Duration::from_nanos((index as f64 * interval_ns) as u64);
    let mut judged = 0u64;
    'stream: for batch in lane.batches() {
        let mut rest = batch;
        while !rest.is_empty() {
            let called = wait_until(began, due_at(judged).min(budget));
            if called >= budget {
                break 'stream;
            }
            let due = (called.as_nanos() as f64 / interval_ns) as u64 + 1;
            let take = (due.saturating_sub(judged).max(1) as usize).min(rest.len());
            let (now, later) = rest.split_at(take);
            driver.judge(now)?;
            let done = began.elapsed();
            service.saturating_record_n(nanos(done - called), take as u64);
            for index in judged..judged + take as u64 {
                latency.saturating_record(nanos(done.saturating_sub(due_at(index))));
            }
            judged += take as u64;
            rest = later;
        }
    }
    Ok(OpenLoop { loop_: Loop { judged, took: began.elapsed() }, latency, service })
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

/// One worker and the buffers around it.
pub(crate) struct Driver<'a> {
    worker: Box<dyn Worker>,
    pace: Box<dyn Pace + 'a>,
    verdicts: Vec<Verdict>,
    settled: Vec<Settled>,
    released: Vec<Ping>,
    next_tick: Timestamp,
}

impl<'a> Driver<'a> {
    /// Opens worker `index` of `strategy`.
    pub(crate) fn new(
        strategy: &dyn Strategy,
        index: usize,
        pace: Box<dyn Pace + 'a>,
    ) -> Result<Self, Unavailable> {
        Ok(Driver {
            worker: strategy.worker(index)?,
            pace,
            verdicts: Vec::new(),
            settled: Vec::new(),
            released: Vec::new(),
            next_tick: Timestamp::ZERO,
        })
    }

    /// Has the worker judge `batch`, settles what it let through, and lets time pass.
    pub(crate) fn judge(&mut self, batch: &[Ping]) -> Result<(), Unavailable> {
        let Some(last) = batch.last() else { return Ok(()) };
        let now = self.pace.reach(last.arrival);
        self.verdicts.clear();
        self.worker.judge(batch, now, &mut self.verdicts)?;
        self.settled.clear();
        let judged = batch.iter().zip(&self.verdicts);
        let new = judged.filter(|(_, verdict)| **verdict == Verdict::New);
        self.settled.extend(new.map(|(ping, _)| Settled { ping: *ping, outcome: Outcome::Delivered }));
        self.worker.settle(&self.settled, now)?;
        if now >= self.next_tick {
            self.next_tick = now.plus(TICK);
            self.released.clear();
            self.worker.advance(now, &mut self.released)?;
        }
        Ok(())
    }
}

/// Opens a worker for each lane and runs `work` on all at once, each on its own thread.
fn on_threads<T: Send>(
    strategy: &dyn Strategy,
    lanes: &Lanes<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    work: impl Fn(&mut Driver<'_>, &Lane<'_>) -> Result<T, Unavailable> + Sync,
) -> Result<Vec<T>, Unavailable> {
    let barrier = Barrier::new(lanes.lanes.len());
    let mut drivers = Vec::new();
    for (index, pace) in paces.into_iter().enumerate() {
        drivers.push(Driver::new(strategy, index, pace)?);
    }
    thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let started: Vec<_> = drivers
            .iter_mut()
            .zip(&lanes.lanes)
            .map(|(driver, lane)| {
                scope.spawn(move || {
                    barrier.wait();
                    work(driver, lane)
                })
            })
            .collect();
        started
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

#[cfg(test)]
mod tests;
