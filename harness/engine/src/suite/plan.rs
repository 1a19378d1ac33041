//! Everything that determines a run.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_strategies::{Needs, Settings};
use dedup_stream::workload::Workload;

use super::faultless::WithoutFaults;
use super::partition::Partition;
use super::seed::seed_of;
use super::task::{Place, Sharing, Task};
use super::worker_pool::WorkerPool;
use crate::cell::{Input, Job, LEAST_MEMORY_BYTES, Limits, Work};
use crate::environment::{PassOptions, RedisChoice};
use crate::nightly::Choice;
use crate::pacing::Pacing;
use crate::record::{CellResult, Pass};
use crate::select::Selected;
use crate::servers::SharedRedis;

/// Everything that determines a run.
#[derive(Debug)]
pub struct Plan {
    /// What to run on.
    pub workloads: Vec<Workload>,
    /// What to run.
    pub strategies: Vec<Selected>,
    /// Which passes, in this order.
    pub passes: Vec<Pass>,
    /// How many rounds.
    pub rounds: u32,
    /// The seed, where not the scenario's own.
    pub seed: Option<u64>,
    /// The passes that take options.
    pub options: PassOptions,
    /// Where Redis is.
    pub redis: RedisChoice,
    /// Our claim on the prefix, where the server was given. What a cell that was killed left there is deleted.
    pub claim: Option<RefCell<SharedRedis>>,
    /// How fast time goes for a store that keeps the wall's.
    pub pacing: Pacing,
    /// The nightly job behind the verify pass, and the days before its own at which it looks, where not the scenario's.
    pub nightly: (Choice, Option<u32>),
    /// Whether cells with faults are given what their streams come to without.
    pub without_faults: WithoutFaults,
    /// Bytes of disk for the nightly jobs of all cells that run at once.
    pub disk_bytes: u64,
    /// When a cell is ended.
    pub limits: Limits,
    /// How many cells may run at once, where the memory is enough for so many. Those of the time pass, of long streams, and of stores that keep wall time are
    /// alone in any case.
    pub jobs: NonZeroUsize,
    /// Among how many pipelines the keys of a verify or an impact cell are split, where its strategy allows that.
    pub pipelines: NonZeroU32,
    /// Which share of the cells is run, where not all are; of a cell of several pipelines it is a share of these.
    pub partition: Option<Partition>,
    /// Cells of the plans before it, where several plans are one run.
    pub cells_before: usize,
    /// Where cells keep their files.
    pub directory: PathBuf,
}

/// What a ping may take in a strategy, its server, the truth and the nightly job together, by far.
const BYTES_A_PING: u64 = 512;

/// What any ping takes in an impact pass, that of the nightly job and of who sent it together, by far.
const BYTES_A_SENT_PING: u64 = 24;

impl Plan {
    /// Of all passes, once, with a private server where one is needed, and with all the memory and cores there are:
    /// what the commands do unless they are told otherwise.
    pub fn new(workloads: Vec<Workload>, strategies: Vec<Selected>, directory: PathBuf) -> Plan {
        Plan {
            workloads,
            strategies,
            passes: vec![Pass::Verify, Pass::Time, Pass::Weigh],
            rounds: 1,
            seed: None,
            options: PassOptions::default(),
            redis: RedisChoice::default(),
            claim: None,
            pacing: Pacing { asked: None, round_trip: Duration::ZERO },
            nightly: (Choice::Auto, None),
            without_faults: WithoutFaults::Measured,
            disk_bytes: crate::process::free_bytes(&directory),
            limits: Limits::default(),
            jobs: crate::process::cores(),
            pipelines: NonZeroU32::MIN,
            partition: None,
            cells_before: 0,
            directory,
        }
    }

    /// How many cells are run.
    pub fn cells(&self) -> usize {
        self.turns().count()
    }

    /// How many cells there are, those of other shares included.
    pub fn all_cells(&self) -> usize {
        let passes: usize = (0..self.workloads.len()).map(|w| self.passes_of(w).count()).sum();
        passes * self.strategies.len() * self.rounds as usize
    }

    /// How many processes are run one after the other, or side by side: the cells, and streams without their faults.
    pub fn steps(&self) -> usize {
        self.cells() + self.faultless_turns().len()
    }

    /// The passes over a workload: speed and memory are not measured while something is made to go wrong.
    pub(super) fn passes_of(&self, workload: usize) -> impl Iterator<Item = Pass> {
        let faults = !self.workloads[workload].faults().is_empty();
        self.passes.iter().copied().filter(move |pass| pass.has_pipeline() || !faults)
    }

    /// Every strategy on every workload on which any of its cells is run.
    pub(super) fn places(&self) -> BTreeSet<Place> {
        self.turns().map(|(place, _)| place).collect()
    }

    pub(super) fn at(&self, place: Place) -> (&Workload, &Selected) {
        (&self.workloads[place.workload], &self.strategies[place.strategy])
    }

    /// How many cells may run at once: no more than there is memory for, each with the least that it needs.
    fn at_once(&self) -> NonZeroUsize {
        let room = usize::try_from(self.limits.memory_bytes / LEAST_MEMORY_BYTES).unwrap_or(usize::MAX);
        NonZeroUsize::new(room).map_or(NonZeroUsize::MIN, |room| room.min(self.jobs))
    }

    pub(super) fn pool<'a>(&self, stop: &'a AtomicBool) -> WorkerPool<'a> {
        WorkerPool { workers: self.at_once(), limits: self.limits, stop }
    }

    /// `work` at `place`, in a process of its own, with the settings that were resolved for it.
    pub(super) fn task<T>(
        &self,
        place: Place,
        settings: &Settings,
        tag: T,
        round: u32,
        work: Work,
    ) -> Task<T> {
        let (workload, strategy) = self.at(place);
        let sharing = self.sharing(place, work);
        let job = Job {
            input: Input::of(workload),
            strategy: strategy.definition.name.to_string(),
            system: match strategy.definition.needs {
                Needs::System { file, .. } => Some(file),
                Needs::Nothing | Needs::Redis => None,
            },
            settings: settings.clone(),
            given: strategy.given.clone(),
            work,
            seed: seed_of(self.seed.unwrap_or(workload.seed()), round),
            pipelines: self.pipelines_at(place, work),
            workers: workload.pipeline().workers,
            batch: strategy.definition.needs.batching().map_or(workload.pipeline().batch, |flow| flow.pings),
            redis: self.redis.under(workload.faults()),
            time_factor: self.pacing.factor(workload),
            nightly: self.nightly,
            memory_limit: self.limits.memory_bytes,
            disk_limit: self.disk_limit(sharing),
            // Of one length: a strategy that keeps the path is weighed with it.
            directory: self
                .directory
                .join(format!("{:04x}", place.workload * self.strategies.len() + place.strategy)),
        };
        Task { place, tag, job, sharing }
    }

    /// Whether `work` at `place` may share the machine.
    pub(super) fn sharing(&self, place: Place, work: Work) -> Sharing {
        let (workload, strategy) = self.at(place);
        let redis = self.redis.under(workload.faults());
        let on_wall_time = redis.keeps_wall_time(strategy.definition.needs);
        let worker_bytes = self.limits.memory_bytes / self.at_once().get() as u64;
        match self.pipelines_at(place, work).own.len() {
            1 => sharing(work, on_wall_time, expected_bytes(work, workload), worker_bytes),
            // They are at work on all cores by themselves.
            _ => Sharing::Alone,
        }
    }

    /// Bytes of disk for the tables of a task's nightly job: who shares the machine has a share of what is free.
    pub(super) fn disk_limit(&self, sharing: Sharing) -> u64 {
        match sharing {
            Sharing::Shared => self.disk_bytes / self.at_once().get() as u64,
            Sharing::Alone => self.disk_bytes,
        }
    }

    /// Deletes what a cell that failed may have left under our prefix.
    pub(super) fn sweep_after(&self, result: &CellResult) {
        if let (Some(claim), CellResult::Failed { .. }) = (&self.claim, result) {
            // Whatever it meets will be met again by the next cell, or at the end, and reported there.
            let _ = claim.borrow_mut().sweep();
        }
    }
}

/// Bytes that `work` may take. The impact pass is for streams of many days: there what a strategy remembers is a window of them, and
/// what remembers more and finds no room is tried once more, alone.
fn expected_bytes(work: Work, workload: &Workload) -> u64 {
    let pings = workload.expected_pings();
    match work {
        Work::Measure(Pass::Impact, _) => {
            let in_window = workload.sizing().ids_in_window.min(pings);
            let remembered = in_window.saturating_mul(BYTES_A_PING);
            remembered.saturating_add(pings.saturating_mul(BYTES_A_SENT_PING))
        }
        _ => pings.saturating_mul(BYTES_A_PING),
    }
}

/// What keeps virtual time is not disturbed by others, and a short stream leaves them room.
fn sharing(work: Work, on_wall_time: bool, bytes: u64, worker_bytes: u64) -> Sharing {
    let is_timed = matches!(work, Work::Measure(Pass::Time | Pass::Scale, _));
    if is_timed || on_wall_time || bytes > worker_bytes { Sharing::Alone } else { Sharing::Shared }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_timed_or_keeps_wall_time_or_is_large_is_alone() {
        let measured = |pass| Work::Measure(pass, PassOptions::default());
        for work in [Work::Build, measured(Pass::Verify), measured(Pass::Weigh)] {
            assert_eq!(sharing(work, false, 1_000, 1_000), Sharing::Shared);
            assert_eq!(sharing(work, false, 1_001, 1_000), Sharing::Alone);
            assert_eq!(sharing(work, true, 1, u64::MAX), Sharing::Alone);
        }
        for pass in [Pass::Time, Pass::Scale] {
            assert_eq!(sharing(measured(pass), false, 1, u64::MAX), Sharing::Alone);
        }
    }

    #[test]
    fn an_impact_pass_takes_what_a_window_of_its_stream_takes_and_others_what_all_of_it_does() {
        let month = dedup_stream::scenario::Scenario::from_toml("month", MONTH).unwrap();
        let month = Workload::Scenario(Box::new(month));
        let of = |pass| expected_bytes(Work::Measure(pass, PassOptions::default()), &month);
        let pings = month.expected_pings();
        assert_eq!(of(Pass::Verify), pings * BYTES_A_PING);
        assert_eq!(of(Pass::Impact), month.sizing().ids_in_window * BYTES_A_PING + pings * BYTES_A_SENT_PING);
        assert!(of(Pass::Impact) * 5 < of(Pass::Verify));
    }

    const MONTH: &str = "about = \"A month.\"\nduration = \"30days\"\nwindow = \"24h\"\n[arrival]\nprocess = \"constant\"\nrate = \"1/s\"\n";
}
