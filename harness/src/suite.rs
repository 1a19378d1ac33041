//! Plans the cells of a run and works them off, one process each, rounds of different strategies interleaved.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use dedup_strategies::time::saturating_nanos;

use crate::cell::{Ending, Input, Job, Limits, RedisChoice, TimeOptions, Work, run_parent};
use crate::nightly::Choice;
use crate::pacing::Pacing;
use crate::record::{CellRecord, CellResult, Pass, Role};
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
    /// When a cell is ended.
    pub limits: Limits,
}

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

/// What a run tells while it goes on.
pub trait Observer {
    /// A cell begins.
    fn begins(&mut self, label: &str);
    /// A cell has done this share of its work.
    fn progress(&mut self, share: f64);
    /// A cell has ended: how, in a word or two.
    fn ended(&mut self, summary: &str);
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
        let mut found = Preflight::default();
        for (w, (workload, _)) in self.workloads.iter().enumerate() {
            let refusal = |reason: String| Refusal { scenario: workload.name().to_string(), reason };
            for (s, strategy) in self.strategies.iter().enumerate() {
                strategy.settings(&workload.sizing()).map_err(|error| refusal(error.to_string()))?;
                let job = self.job(w, s, Work::Build, 0, directory);
                match self.process(&job, stop, &mut |_| {})? {
                    Ending::Built(servers) => found.servers.extend(servers),
                    Ending::Refused(reason) => return Err(refusal(reason).into()),
                    Ending::Result(result) => drop(found.troubled.insert((w, s), *result)),
                    Ending::Stopped => return Ok(None),
                }
            }
        }
        Ok(Some(found))
    }

    /// Runs every cell.
    pub fn run(
        &self,
        mut preflight: Preflight,
        directory: &Path,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Completion, SuiteError> {
        for round in 0..self.rounds {
            for w in 0..self.workloads.len() {
                for pass in self.passes_of(w) {
                    for turn in 0..self.strategies.len() {
                        // Another strategy goes first in each round: what one leaves behind for the next, a hot
                        // processor or a warm cache, does not always meet the same.
                        let s = (turn + round as usize) % self.strategies.len();
                        let job = self.job(w, s, Work::Measure(pass, self.time), round, directory);
                        let cell = Cell { plan: self, w, s, pass, round };
                        if cell.run(&job, &mut preflight, stop, observer)? == Completion::Interrupted {
                            return Ok(Completion::Interrupted);
                        }
                    }
                }
            }
        }
        Ok(Completion::Whole)
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
            directory: directory.join("cell"),
        }
    }

    /// Runs a job in a directory that is gone afterwards.
    fn process(
        &self,
        job: &Job,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Ending, SuiteError> {
        let limits = match job.work {
            // Its loops are silent, so as not to disturb what they measure.
            Work::Measure(Pass::Time, options) => {
                let stall = self.limits.stall + Duration::from_secs_f64(options.seconds);
                Limits { stall, ..self.limits }
            }
            _ => self.limits,
        };
        std::fs::create_dir_all(&job.directory)?;
        let ending = run_parent(job, &limits, stop, progress);
        std::fs::remove_dir_all(&job.directory)?;
        let ending = ending?;
        if let (Some(claim), Ending::Result(result)) = (&self.claim, &ending)
            && let CellResult::Failed { .. } = result.as_ref()
        {
            // Whatever it met will be met again by the next cell, or at the end, and said there.
            let _ = claim.borrow_mut().sweep();
        }
        Ok(ending)
    }
}

/// One cell of a plan.
struct Cell<'a> {
    plan: &'a Plan,
    w: usize,
    s: usize,
    pass: Pass,
    round: u32,
}

impl Cell<'_> {
    fn run(
        &self,
        job: &Job,
        preflight: &mut Preflight,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Completion, SuiteError> {
        let place = (self.w, self.s);
        observer.begins(&self.label());
        let began = Instant::now();
        let result = match preflight.troubled.get(&place) {
            Some(result) => result.clone(),
            None => match self.plan.process(job, stop, &mut |share| observer.progress(share))? {
                Ending::Result(result) => *result,
                Ending::Stopped => return Ok(Completion::Interrupted),
                Ending::Refused(reason) => return Err(self.refusal(reason).into()),
                Ending::Built(_) => {
                    return Err(self.refusal("its cell built and did not measure".into()).into());
                }
            },
        };
        // A strategy that fails once is not tried again: its cells say why.
        if let CellResult::Failed { .. } = &result {
            preflight.troubled.insert(place, result.clone());
        }
        let record = self.record(job, began.elapsed(), result);
        observer.ended(&summary(&record));
        observer.record(&record).map_err(SuiteError::Records)?;
        Ok(Completion::Whole)
    }

    fn label(&self) -> String {
        let (workload, _) = &self.plan.workloads[self.w];
        let round = match self.plan.rounds {
            1 => String::new(),
            rounds => format!("  round {}/{rounds}", self.round + 1),
        };
        format!(
            "{:<6}  {}  {}{round}",
            self.pass.name(),
            workload.name(),
            self.plan.strategies[self.s].label()
        )
    }

    fn refusal(&self, reason: String) -> Refusal {
        Refusal { scenario: self.plan.workloads[self.w].0.name().to_string(), reason }
    }

    fn record(&self, job: &Job, took: std::time::Duration, result: CellResult) -> CellRecord {
        let (workload, _) = &self.plan.workloads[self.w];
        let strategy = &self.plan.strategies[self.s];
        let settings = strategy.settings(&workload.sizing());
        let settings = settings.map(|settings| settings.entries().map(|(k, v)| (k.to_string(), v)).collect());
        CellRecord {
            scenario: workload.name().to_string(),
            scenario_digest: workload.digest(),
            window_ns: Some(saturating_nanos(workload.sizing().window)),
            strategy: strategy.label(),
            role: role(strategy.definition.role),
            settings: settings.unwrap_or_default(),
            pass: self.pass,
            round: self.round,
            seed: job.seed,
            faults: workload.faults().iter().map(|fault| fault.kind.name.to_string()).collect(),
            workers_count: job.workers.get() as u32,
            batch_count: job.batch.get() as u32,
            time_factor: match (self.pass, job.redis.keeps_wall_time(strategy.definition.needs)) {
                (Pass::Verify | Pass::Weigh, true) => job.time_factor,
                (Pass::Time, _) | (_, false) => 1.0,
            },
            elapsed_ns: saturating_nanos(took),
            result,
        }
    }
}

fn role(role: dedup_strategies::Role) -> Role {
    match role {
        dedup_strategies::Role::Candidate => Role::Candidate,
        dedup_strategies::Role::Floor => Role::Floor,
        dedup_strategies::Role::NegativeControl => Role::NegativeControl,
    }
}

/// The one figure of a cell that a person wants to see go by.
fn summary(cell: &CellRecord) -> String {
    let percent = |count: u64, of: u64| 100.0 * count as f64 / of.max(1) as f64;
    match &cell.result {
        CellResult::Verify(figures) => format!(
            "missed {:.2} %, lost {:.4} %",
            percent(figures.missed_count, figures.duplicate_count),
            percent(figures.lost_count, figures.unique_count)
        ),
        CellResult::Time(figures) => format!("{:.2} M id/s", figures.throughput_per_s / 1e6),
        CellResult::Weigh(figures) => match figures.bytes_per_id {
            Some(bytes) => format!("{bytes:.1} B/id"),
            None => "tracks no ids".to_string(),
        },
        CellResult::Skipped { reason, .. } => format!("skipped: {reason}"),
        CellResult::Failed { reason, .. } => format!("FAILED: {reason}"),
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
    fn every_round_has_a_seed_of_its_own_and_the_first_has_the_given_one() {
        let seeds: std::collections::BTreeSet<u64> = (0..1000).map(|round| seed_of(7, round)).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(seed_of(7, 0), 7);
    }
}
