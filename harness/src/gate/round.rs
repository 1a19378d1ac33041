//! One round: two fresh processes, the same pings, slice by slice in turns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_files::named;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::cells::GateCell;
use super::figures::{Figure, Pair, log_ratios};
use super::worker::protocol::{Ready, Task};
use super::worker::{Prepared, Program, Side, Worker, WorkerError};

/// Slices a round.
pub const SLICES: usize = 60;

/// Fewer undisturbed slices than this say nothing.
const FEWEST_SLICES: usize = SLICES / 3;

/// How long a slice should take; longer with a server, whose replies are few.
const SLICE: Duration = Duration::from_millis(1);
const SLICE_WITH_SERVER: Duration = Duration::from_millis(4);

/// How long, and with how many pings, a strategy is warmed up before anything is measured.
const WARM_UP: Duration = Duration::from_millis(50);
const WARM_UP_PINGS: std::ops::RangeInclusive<usize> = 4_096..=100_000;

/// Both programs, and where and how they are run.
pub struct Pairing<'a> {
    /// The program as it was.
    pub base: Program,
    /// The program as it is to be.
    pub candidate: Program,
    /// The core for both; any, where they cannot be pinned.
    pub core: Option<usize>,
    /// How long a worker may be silent.
    pub patience: Duration,
    /// Bytes that a strategy may plan for.
    pub memory_limit: u64,
    /// For the workers' files.
    pub directory: &'a Path,
    /// Whether somebody asked to stop.
    pub stop: &'a AtomicBool,
}

/// How much of a cell's pings goes into what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portions {
    /// Judged unmeasured.
    pub warm_up_pings: usize,
    /// Batches a slice.
    pub batches: usize,
    /// Pings a batch.
    pub batch: usize,
}

/// What was found out about a cell before its first round.
#[derive(Clone, Debug)]
pub enum Trial {
    /// It can be measured.
    Portions(Portions),
    /// The base does not know it.
    New(String),
    /// It cannot be measured here.
    Skipped(String),
    /// The candidate refuses it: the user's to mend.
    Refused(String),
}

/// What a round came to.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Log ratios; none where the round was spoilt.
    pub ratios: BTreeMap<Figure, f64>,
    /// Slices that were measured.
    pub slices: usize,
    /// Of those, the ones in which other programs had the core.
    pub disturbed: usize,
    /// Why a worker was not on its core.
    pub not_pinned: Option<String>,
}

/// Two programs that do not judge the same pings.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// A worker failed.
    #[error("{cell}: {source}")]
    Worker {
        /// What it was to measure.
        cell: String,
        /// Which of the two it was.
        side: Side,
        /// How.
        source: WorkerError,
    },
    /// The streams differ.
    #[error(
        "{cell}: the two programs make different pings of this scenario (base {base}, candidate {candidate}): speed on \
         different pings cannot be compared; choose a base that makes the same ones"
    )]
    Streams {
        /// What was to be measured.
        cell: String,
        /// Digest of the base's.
        base: String,
        /// Digest of the candidate's.
        candidate: String,
    },
    /// A directory cannot be made.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Pairing<'_> {
    /// Finds out whether both know `cell`, and how many of its pings make a slice.
    pub fn try_out(&self, cell: &GateCell) -> Result<Trial, RoundError> {
        let pings = *WARM_UP_PINGS.start();
        let task = self.task(cell, cell.scenario.seed, pings, pings);
        let mut fastest: Option<(f64, usize)> = None;
        for program in [&self.candidate, &self.base] {
            let directory = self.fresh_directory()?;
            let task = Task { directory: directory.path().to_path_buf(), ..task.clone() };
            let mut worker = self.start(program, cell)?;
            match self.told(worker.prepare(&task), program.side, cell)? {
                Prepared::Ready(ready) => {
                    let measured =
                        self.told(worker.slice(ready.pings / ready.batch.max(1)), program.side, cell)?;
                    let batches = measured.batch_ns.len().max(1);
                    let batch_ns = measured.elapsed_ns().max(1) as f64 / batches as f64;
                    if fastest.is_none_or(|(ns, _)| batch_ns < ns) {
                        fastest = Some((batch_ns, ready.batch));
                    }
                }
                Prepared::Refused(reason) if program.side == Side::Base => return Ok(Trial::New(reason)),
                Prepared::Refused(reason) => return Ok(Trial::Refused(reason)),
                Prepared::Skipped(reason) => return Ok(Trial::Skipped(reason)),
            }
        }
        let (batch_ns, batch) = fastest.expect("both were measured");
        Ok(Trial::Portions(portions(cell, batch_ns, batch)))
    }

    /// One round with pings of its own.
    pub fn round(&self, cell: &GateCell, portions: Portions, seed: u64) -> Result<Round, RoundError> {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        let pings = portions.batches * portions.batch * SLICES;
        let directories = [self.fresh_directory()?, self.fresh_directory()?];
        let mut programs = [(&self.base, &directories[0]), (&self.candidate, &directories[1])];
        if chance.random() {
            programs.reverse();
        }
        let mut workers = Vec::new();
        for (program, directory) in programs {
            let mut task = self.task(cell, seed, portions.warm_up_pings, pings);
            task.directory = directory.path().to_path_buf();
            task.slow_down = program.slows_down(&cell.strategy.label());
            let mut worker = self.start(program, cell)?;
            match self.told(worker.prepare(&task), program.side, cell)? {
                Prepared::Ready(ready) => workers.push((program.side, worker, ready)),
                Prepared::Refused(reason) | Prepared::Skipped(reason) => {
                    let source = WorkerError::Failed { program: program.label(), reason };
                    return Err(RoundError::Worker { cell: cell.label(), side: program.side, source });
                }
            }
        }
        workers.sort_by_key(|(side, ..)| *side);
        let [(_, base, ready), (_, candidate, other)] = &mut workers[..] else {
            unreachable!("two were started")
        };
        same_pings(cell, ready, other)?;
        let not_pinned = ready.not_pinned.clone().or(other.not_pinned.clone());
        let slices = ready.pings.min(other.pings) / (portions.batches * portions.batch);
        let mut pairs = Vec::new();
        for _ in 0..slices.min(SLICES) {
            let measure = |worker: &mut Worker, side| self.told(worker.slice(portions.batches), side, cell);
            pairs.push(if chance.random() {
                let base = measure(base, Side::Base)?;
                Pair { base, candidate: measure(candidate, Side::Candidate)? }
            } else {
                let candidate = measure(candidate, Side::Candidate)?;
                Pair { base: measure(base, Side::Base)?, candidate }
            });
        }
        Ok(reckoned(cell, pairs, not_pinned))
    }

    fn start(&self, program: &Program, cell: &GateCell) -> Result<Worker<'_>, RoundError> {
        let started = program.start(self.patience, self.stop);
        self.told(started, program.side, cell).map(|(worker, _)| worker)
    }

    fn told<T>(&self, answer: Result<T, WorkerError>, side: Side, cell: &GateCell) -> Result<T, RoundError> {
        answer.map_err(|source| RoundError::Worker { cell: cell.label(), side, source })
    }

    fn task(&self, cell: &GateCell, seed: u64, warm_up_pings: usize, pings: usize) -> Task {
        Task {
            scenario: cell.scenario.name.clone(),
            toml: cell.scenario.text.clone(),
            strategy: cell.strategy.definition.name.to_string(),
            settings: cell.strategy.given.clone(),
            seed,
            warm_up_pings,
            pings,
            core: self.core,
            directory: self.directory.to_path_buf(),
            memory_limit: self.memory_limit,
            slow_down: None,
        }
    }

    fn fresh_directory(&self) -> std::io::Result<tempfile::TempDir> {
        let made = tempfile::Builder::new().prefix("worker-").tempdir_in(self.directory);
        made.map_err(|error| named("a directory for a worker", error))
    }
}

/// How to deal out the pings of a cell whose batches take `batch_ns`. Short streams get shorter slices.
fn portions(cell: &GateCell, batch_ns: f64, batch: usize) -> Portions {
    let pings_in = |time: Duration| (time.as_nanos() as f64 / batch_ns) as usize * batch;
    let there = cell.scenario.expected_pings() as usize / 10 * 9;
    let warm_up = pings_in(WARM_UP).clamp(*WARM_UP_PINGS.start(), *WARM_UP_PINGS.end()).min(there / 3);
    let slice = if cell.has_server() { SLICE_WITH_SERVER } else { SLICE };
    let most = (there - warm_up) / SLICES / batch;
    Portions { warm_up_pings: warm_up, batches: (pings_in(slice) / batch).min(most).max(1), batch }
}

fn same_pings(cell: &GateCell, base: &Ready, candidate: &Ready) -> Result<(), RoundError> {
    match base.stream == candidate.stream {
        true => Ok(()),
        false => Err(RoundError::Streams {
            cell: cell.label(),
            base: base.stream.clone(),
            candidate: candidate.stream.clone(),
        }),
    }
}

/// A server's client waits for the server, on the same core: only without one does waiting mean that somebody else ran.
fn reckoned(cell: &GateCell, pairs: Vec<Pair>, not_pinned: Option<String>) -> Round {
    let slices = pairs.len();
    let calm: Vec<Pair> =
        pairs.into_iter().filter(|pair| cell.has_server() || !pair.is_disturbed()).collect();
    let disturbed = slices - calm.len();
    let ratios = if calm.len() < FEWEST_SLICES { BTreeMap::new() } else { log_ratios(&calm) };
    Round { ratios, slices, disturbed, not_pinned }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::cells::{candidates, cells};
    use dedup_stream::scenario;

    fn cell() -> GateCell {
        let quick = scenario::find("^quick$").unwrap();
        cells(&quick, &candidates(dedup_strategies::STRATEGIES)).remove(0)
    }

    #[test]
    fn a_slice_takes_about_a_millisecond_and_all_of_them_fit_into_the_stream() {
        for batch_ns in [300.0, 5_000.0, 80_000.0] {
            let dealt = portions(&cell(), batch_ns, 64);
            let slice_ns = dealt.batches as f64 * batch_ns;
            assert!(slice_ns <= 1.0e6, "{batch_ns}: {slice_ns}");
            let all = dealt.warm_up_pings + dealt.batches * dealt.batch * SLICES;
            assert!(all <= 600_000, "{batch_ns}: {all}");
            assert!(
                slice_ns > 0.9e6 || all > 500_000,
                "{batch_ns}: neither as long as wanted nor as the stream allows"
            );
        }
    }

    #[test]
    fn a_tiny_stream_still_has_slices() {
        let mut cell = cell();
        cell.scenario.shape.length = scenario::Length::Pings(4_000);
        let dealt = portions(&cell, 5_000.0, 64);
        assert_eq!(dealt.batches, 1);
    }

    #[test]
    fn a_round_that_was_disturbed_most_of_the_time_has_no_ratios() {
        let measured = |waited| crate::gate::worker::protocol::Measured {
            batch_ns: vec![5_000; 200],
            waited_ns: Some(waited),
        };
        let pairs = |disturbed: usize| {
            (0..SLICES)
                .map(|i| Pair {
                    base: measured(0),
                    candidate: measured(if i < disturbed { 4_000_000 } else { 0 }),
                })
                .collect::<Vec<_>>()
        };
        let spoilt = reckoned(&cell(), pairs(SLICES - FEWEST_SLICES + 1), None);
        assert!(spoilt.ratios.is_empty());
        let round = reckoned(&cell(), pairs(SLICES - FEWEST_SLICES), None);
        assert_eq!((round.disturbed, round.ratios[&Figure::Throughput]), (40, 0.0));
    }
}
