//! Plans the cells of a run and works them off, one process each, rounds of different strategies interleaved.

mod cell;
mod floor;
#[cfg(test)]
mod floor_tests;
mod in_order;
mod lanes;
mod task;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lanes::Lanes;
use task::{Company, Task, Teller};

use crate::cell::{Ending, Input, Job, Limits, Work};
use crate::environment::{RedisChoice, TimeOptions};
use crate::nightly::Choice;
use crate::pacing::Pacing;
use crate::record::{CellRecord, CellResult, Pass};
use crate::select::Selected;
use crate::servers::SharedRedis;
use crate::workload::Workload;

/// Everything that determines a run.
#[derive(Debug)]
pub struct Plan {
    /// What to run on.
    pub workloads: Vec<(Workload, Input)>,
    /// What to run.
    pub strategies: Vec<Selected>,
    /// Which passes, in this order.
    pub passes: Vec<Pass>,
    /// How many rounds.
    pub rounds: u32,
    /// The seed, where not the scenario's own.
    pub seed: Option<u64>,
    /// The time pass.
    pub time: TimeOptions,
    /// Where Redis is.
    pub redis: RedisChoice,
    /// Our claim on the prefix, where the server was given. What a cell that was killed left there is deleted.
    pub claim: Option<RefCell<SharedRedis>>,
    /// How fast time goes for a store that keeps the wall's.
    pub pacing: Pacing,
    /// The nightly job behind the verify pass, and the days before its own at which it looks, where not the scenario's.
    pub nightly: (Choice, Option<u32>),
    /// Bytes of disk for the nightly jobs of all cells at work.
    pub disk_bytes: u64,
    /// When a cell is ended.
    pub limits: Limits,
    /// How many cells may be at work at once. Those of the time pass, of long streams, and of stores that keep wall time are
    /// alone in any case.
    pub jobs: NonZeroUsize,
}

/// What a ping may take in a strategy, its server, the truth and the nightly job together, by far.
const BYTES_A_PING: u64 = 512;

/// Why a run cannot begin: the user's to mend.
#[derive(Debug, thiserror::Error)]
#[error("{scenario}: {reason}")]
pub struct Refusal {
    scenario: String,
    reason: String,
}

/// A run that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Before it began: something that was asked for is not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A process could not be started, or a directory not be made.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The records could not be written.
    #[error("{0:#}")]
    Records(anyhow::Error),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Every cell was run.
    Whole,
    /// Somebody asked to stop.
    Interrupted,
}

/// What a run tells while it goes on: of one cell after the other in the plan's order, also where several are at work.
pub trait Observer {
    /// A cell has begun, and all before it have ended.
    fn begins(&mut self, label: &str);
    /// A cell has done this share of its work.
    fn progress(&mut self, share: f64);
    /// A cell has ended: after how long, and how, in a word or two.
    fn ended(&mut self, took: Duration, summary: &str);
    /// A cell's record is complete.
    fn record(&mut self, cell: &CellRecord) -> anyhow::Result<()>;
}

/// What was found out before the first cell.
#[derive(Debug, Default)]
pub struct Preflight {
    /// Versions of the servers that take part.
    pub servers: BTreeMap<String, String>,
    /// Workload and strategy, by index, that cannot be run, and why.
    troubled: BTreeMap<(usize, usize), CellResult>,
}

impl Plan {
    /// How many cells there are.
    pub fn cells(&self) -> usize {
        let passes: usize = (0..self.workloads.len()).map(|w| self.passes_of(w).count()).sum();
        passes * self.strategies.len() * self.rounds as usize
    }

    /// The passes over a workload: speed and memory are not measured while something is made to go wrong.
    fn passes_of(&self, w: usize) -> impl Iterator<Item = Pass> {
        let faults = !self.workloads[w].0.faults().is_empty();
        self.passes.iter().copied().filter(move |pass| *pass == Pass::Verify || !faults)
    }

    /// Builds every strategy for every workload once, each in a process of its own, so that what cannot work is
    /// found before anything is run or written. `None` if it was stopped.
    pub fn preflight(&self, directory: &Path, stop: &AtomicBool) -> Result<Option<Preflight>, SuiteError> {
        for (workload, _) in &self.workloads {
            for strategy in &self.strategies {
                let settings = strategy.settings(&workload.sizing());
                settings.map_err(|error| refusal(workload, error.to_string()))?;
            }
        }
        self.admit_tables(directory)?;
        let places = (0..self.workloads.len()).flat_map(|w| (0..self.strategies.len()).map(move |s| (w, s)));
        let tasks = places.map(|(w, s)| self.task(w, s, (), 0, Work::Build, directory));
        let mut found = Found { plan: self, preflight: Preflight::default() };
        match self.lanes(stop).work_off(tasks, BTreeMap::new(), &mut found)? {
            Completion::Whole => Ok(Some(found.preflight)),
            Completion::Interrupted => Ok(None),
        }
    }

    /// Sees that a nightly job that was asked for has the disk that it needs.
    fn admit_tables(&self, directory: &Path) -> Result<(), Refusal> {
        if !self.passes.contains(&Pass::Verify) {
            return Ok(());
        }
        for (w, (workload, _)) in self.workloads.iter().enumerate() {
            for s in 0..self.strategies.len() {
                let disk_limit = self.task(w, s, (), 0, Work::Build, directory).job.disk_limit;
                let jobs = self.nightly.0.jobs(workload, disk_limit);
                jobs.map_err(|error| refusal(workload, error.to_string()))?;
            }
        }
        Ok(())
    }

    /// Runs every cell.
    pub fn run(
        &self,
        preflight: Preflight,
        directory: &Path,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Completion, SuiteError> {
        let rounds = 0..self.rounds;
        let tasks = rounds.flat_map(|round| {
            (0..self.workloads.len()).flat_map(move |w| {
                self.passes_of(w).flat_map(move |pass| {
                    (0..self.strategies.len()).map(move |turn| {
                        // Another strategy goes first in each round: what one leaves behind for the next, a hot
                        // processor or a warm cache, does not always meet the same.
                        let s = (turn + round as usize) % self.strategies.len();
                        let work = Work::Measure(pass, self.time);
                        self.task(w, s, Turn { pass, round }, round, work, directory)
                    })
                })
            })
        });
        self.lanes(stop).work_off(tasks, preflight.troubled, &mut Measured { plan: self, observer })
    }

    fn lanes<'a>(&self, stop: &'a AtomicBool) -> Lanes<'a> {
        Lanes { count: self.jobs, limits: self.limits, stop }
    }

    fn task<T>(&self, w: usize, s: usize, turn: T, round: u32, work: Work, directory: &Path) -> Task<T> {
        let job = self.job(w, s, work, round, directory);
        let on_wall_time = job.redis.keeps_wall_time(self.strategies[s].definition.needs);
        let lane_bytes = self.limits.memory_bytes / self.jobs.get() as u64;
        let company = company(work, on_wall_time, self.workloads[w].0.expected_pings(), lane_bytes);
        let disk_limit = match company {
            Company::Welcome => job.disk_limit / self.jobs.get() as u64,
            Company::Unwelcome => job.disk_limit,
        };
        Task { place: (w, s), turn, job: Job { disk_limit, ..job }, company }
    }

    fn job(&self, w: usize, s: usize, work: Work, round: u32, directory: &Path) -> Job {
        let (workload, input) = &self.workloads[w];
        let strategy = &self.strategies[s];
        Job {
            input: input.clone(),
            strategy: strategy.definition.name.to_string(),
            settings: strategy.given.clone(),
            work,
            seed: seed_of(self.seed.unwrap_or(workload.seed()), round),
            workers: workload.pipeline().workers,
            batch: workload.pipeline().batch,
            redis: self.redis.under(workload.faults()),
            time_factor: self.pacing.factor(workload),
            nightly: self.nightly,
            memory_limit: self.limits.memory_bytes,
            disk_limit: self.disk_bytes,
            // Of one length: a strategy that keeps the path is weighed with it.
            directory: directory.join(format!("{:04x}", w * self.strategies.len() + s)),
        }
    }

    /// Deletes what a cell that failed may have left under our prefix.
    fn sweep_after(&self, result: &CellResult) {
        if let (Some(claim), CellResult::Failed { .. }) = (&self.claim, result) {
            // Whatever it meets will be met again by the next cell, or at the end, and said there.
            let _ = claim.borrow_mut().sweep();
        }
    }
}

/// Who keeps virtual time is not disturbed by company, and whose stream is short leaves it room.
fn company(work: Work, on_wall_time: bool, pings: u64, lane_bytes: u64) -> Company {
    let is_timed = matches!(work, Work::Measure(Pass::Time, _));
    let is_large = pings.saturating_mul(BYTES_A_PING) > lane_bytes;
    if is_timed || on_wall_time || is_large { Company::Unwelcome } else { Company::Welcome }
}

fn refusal(workload: &Workload, reason: String) -> Refusal {
    Refusal { scenario: workload.name().to_string(), reason }
}

/// Collects what the preflight finds.
struct Found<'a> {
    plan: &'a Plan,
    preflight: Preflight,
}

impl Teller<()> for Found<'_> {
    fn begins(&mut self, _: &Task<()>) {}

    fn progress(&mut self, _: f64) {}

    fn ended(&mut self, task: &Task<()>, _: Option<Duration>, ending: Ending) -> Result<(), SuiteError> {
        match ending {
            Ending::Built(servers) => self.preflight.servers.extend(servers),
            Ending::Refused(reason) => {
                return Err(refusal(&self.plan.workloads[task.place.0].0, reason).into());
            }
            Ending::Result(result) => {
                self.plan.sweep_after(&result);
                self.preflight.troubled.insert(task.place, *result);
            }
            Ending::Stopped => {}
        }
        Ok(())
    }
}

/// Which pass over a place, and in which round.
#[derive(Clone, Copy)]
struct Turn {
    pass: Pass,
    round: u32,
}

/// Makes records of what is measured.
struct Measured<'a> {
    plan: &'a Plan,
    observer: &'a mut dyn Observer,
}

impl Teller<Turn> for Measured<'_> {
    fn begins(&mut self, task: &Task<Turn>) {
        self.observer.begins(&cell::label(self.plan, task));
    }

    fn progress(&mut self, share: f64) {
        self.observer.progress(share);
    }

    fn ended(&mut self, task: &Task<Turn>, took: Option<Duration>, ending: Ending) -> Result<(), SuiteError> {
        let refused = |reason: String| refusal(&self.plan.workloads[task.place.0].0, reason);
        let result = match ending {
            Ending::Result(result) => *result,
            Ending::Refused(reason) => return Err(refused(reason).into()),
            Ending::Built(_) => return Err(refused("its cell built and did not measure".into()).into()),
            Ending::Stopped => return Ok(()),
        };
        if took.is_some() {
            self.plan.sweep_after(&result);
        }
        let took = took.unwrap_or_default();
        let record = cell::record(self.plan, task, took, result);
        self.observer.ended(took, &cell::summary(&record));
        self.observer.record(&record).map_err(SuiteError::Records)
    }
}

/// The seed of a round: the first has the one that was asked for, the others follow from it, so that no two rounds
/// share an id. The mixing step is SplitMix64's (Steele, Lea and Flood, 2014).
pub fn seed_of(seed: u64, round: u32) -> u64 {
    if round == 0 {
        return seed;
    }
    let mut mixed = seed.wrapping_add(u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_timed_or_keeps_wall_time_or_is_large_is_alone() {
        let options = TimeOptions { threads: 1, rate_per_s: None, pings: 1, seconds: 1.0 };
        let measured = |pass| Work::Measure(pass, options);
        for work in [Work::Build, measured(Pass::Verify), measured(Pass::Weigh)] {
            assert_eq!(company(work, false, 1_000, 1_000 * BYTES_A_PING), Company::Welcome);
            assert_eq!(company(work, false, 1_001, 1_000 * BYTES_A_PING), Company::Unwelcome);
            assert_eq!(company(work, true, 1, u64::MAX), Company::Unwelcome);
        }
        assert_eq!(company(measured(Pass::Time), false, 1, u64::MAX), Company::Unwelcome);
    }

    #[test]
    fn every_round_has_a_seed_of_its_own_and_the_first_has_the_given_one() {
        let seeds: std::collections::BTreeSet<u64> = (0..1000).map(|round| seed_of(7, round)).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(seed_of(7, 0), 7);
    }
}
