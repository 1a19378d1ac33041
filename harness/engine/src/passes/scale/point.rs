//! One number of ids: a window that fills, and windows in which an id leaves for each that comes.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Instant;

use dedup_strategies::time::saturating_nanos;

use super::budget::Limits;
use super::stream::{Load, Pings};
use super::tally::{Memory, Seen, Stretch};
use crate::alloc;
use crate::environment::{CellError, Instance, Timing};
use crate::passes::Bench;
use crate::passes::time::PacedWorker;
use crate::passes::weigh::{Charged, Fullest, Payloads};
use crate::record::{Latency, ScalePoint};

/// What a curve is of.
pub(super) const ONE_WORKER: NonZeroUsize = NonZeroUsize::MIN;

/// Looks at the memory while the window fills, and again in steady state.
const LOOKS: u64 = 4;

/// Signs of life and looks at the budget: every so many batches.
const SIGN_EVERY: u64 = 64;

/// How measuring ended.
pub(super) enum Ended {
    /// With a point.
    Whole(Box<ScalePoint>),
    /// The budget was used up.
    Over(String),
}

/// Builds the strategy and drives it through `load`.
pub(super) fn measure(bench: &mut Bench<'_>, load: &Load, limits: &Limits) -> Result<Ended, CellError> {
    let before = alloc::live_bytes();
    alloc::forget_peak();
    let instance = alloc::charged(|| bench.environment.instance(ONE_WORKER, Timing::Scenario))?;
    let measured = drive(&instance, load, limits, before, bench.environment.alive);
    let settings = bench.environment.settings.entries();
    let ended = measured.map(|measured| match measured {
        Err(because) => Ended::Over(because),
        Ok(measured) => Ended::Whole(Box::new(ScalePoint {
            settings: settings.map(|(name, value)| (name.to_string(), value)).collect(),
            ..measured
        })),
    });
    alloc::charged(|| drop(instance));
    ended
}

fn drive(
    instance: &Instance,
    load: &Load,
    limits: &Limits,
    before: u64,
    alive: fn(),
) -> Result<Result<ScalePoint, String>, CellError> {
    let memory = Memory::new(instance, before);
    let worker = alloc::charged(|| instance.strategy.worker(0))?;
    let payloads = Payloads::new(load.payload_bytes as usize);
    let mut run = Run {
        worker: PacedWorker::of(Box::new(Charged(worker)), instance.pace(), payloads),
        pings: Pings::new(load),
        memory,
        limits,
        alive,
    };
    let (mut filling, mut steady) = (Stretch::new(), Stretch::new());
    if let Some(because) = run.judge(load.ids, Looks::AtTheEnd, &mut filling)? {
        return Ok(Err(because));
    }
    let trips_before = instance.round_trips();
    if let Some(because) = run.judge(load.steady_pings(), Looks::Often, &mut steady)? {
        return Ok(Err(because));
    }
    let round_trips = instance.round_trips().zip(trips_before).map(|(after, before)| after - before);
    let live_bytes = alloc::peak_bytes().saturating_sub(before);
    run.worker.end()?;
    run.worker.nothing_left()?;
    let fullest = Fullest::of(&run.memory.over_time);
    let server_used_bytes = run.memory.server_peak;
    alloc::charged(|| drop(run));
    Ok(Ok(ScalePoint {
        ids_count: load.ids,
        settings: BTreeMap::new(),
        filling_pings_count: filling.pings,
        filling_ns: saturating_nanos(filling.took),
        steady_pings_count: steady.pings,
        steady_ns: saturating_nanos(steady.took),
        steady_batch_ns: Latency::from_histogram(&steady.batches),
        steady_round_trips_count: round_trips,
        copies_count: steady.copies,
        recognised_count: steady.recognised,
        lost_count: filling.lost + steady.lost,
        held_bytes: fullest.as_ref().map(|fullest| fullest.bytes),
        peak_ids_count: fullest.map_or(0, |fullest| fullest.ids),
        live_bytes,
        server_used_bytes,
    }))
}

/// When ids are counted: a store may walk all of them for it.
#[derive(Clone, Copy, PartialEq)]
enum Looks {
    /// Once: there are never more than at the end.
    AtTheEnd,
    /// At each look at the memory.
    Often,
}

/// A strategy on its way.
struct Run<'a> {
    worker: PacedWorker<'a, Payloads>,
    pings: Pings<'a>,
    memory: Memory<'a>,
    limits: &'a Limits,
    alive: fn(),
}

impl Run<'_> {
    /// Judges so many pings more; if it is broken off, why.
    fn judge(
        &mut self,
        pings: u64,
        looks: Looks,
        stretch: &mut Stretch,
    ) -> Result<Option<String>, CellError> {
        let made = self.pings.made();
        for look in 1..=LOOKS {
            if let Some(because) = self.until(made + pings * look / LOOKS, stretch)? {
                return Ok(Some(because));
            }
            if looks == Looks::Often || look == LOOKS {
                self.memory.sample();
            }
            (self.alive)();
            if let Some(because) = self.limits.over(Instant::now(), self.memory.bytes()) {
                return Ok(Some(because));
            }
        }
        Ok(None)
    }

    /// Judges until so many pings were made.
    fn until(&mut self, pings: u64, stretch: &mut Stretch) -> Result<Option<String>, CellError> {
        for nth in 0_u64.. {
            self.pings.fill(pings);
            let batch = &self.pings.batch;
            if batch.is_empty() {
                break;
            }
            let mut seen = Seen::default();
            let called = Instant::now();
            self.worker.judge_and(batch, |verdicts| seen = Seen::of(verdicts, &self.pings.is_copy))?;
            let done = Instant::now();
            stretch.add(batch.len(), done - called, seen);
            if nth.is_multiple_of(SIGN_EVERY) {
                (self.alive)();
                if let Some(because) = self.limits.over(done, self.memory.own_bytes()) {
                    return Ok(Some(because));
                }
            }
        }
        Ok(None)
    }
}
