//! Runs the cells of a plan, and makes records of what is measured.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::cell::{self, Turn};
use super::error::{Refusal, SuiteError};
use super::faultless::Faultless;
use super::observer::{Completion, Observer};
use super::partition::Partition;
use super::plan::Plan;
use super::preflight::Preflight;
use super::task::{Place, Task, TaskObserver};
use crate::cell::{Ending, Reached, Work};
use crate::record::{CellResult, FaultlessFigures};

impl Plan {
    /// Runs every cell.
    pub fn run(
        &self,
        preflight: Preflight,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Completion, SuiteError> {
        let Preflight { settings, known, .. } = preflight;
        let Some(faultless) = self.measure_faultless(&settings, &known, stop, observer)? else {
            return Ok(Completion::Interrupted);
        };
        let mut loaded = 0;
        let tasks = self.turns().map(|(place, turn)| {
            let nth = self.is_loaded(place, Work::Measure(turn.pass, self.options)).then_some(loaded);
            loaded += u32::from(nth.is_some());
            let work = Work::Measure(turn.pass, self.options_of(nth));
            self.task(place, &settings[&place], turn, turn.round, work)
        });
        self.pool(stop).run(tasks, known, &mut Measured { plan: self, observer, faultless })
    }

    /// The cells that are run, in their order.
    pub(super) fn turns(&self) -> impl Iterator<Item = (Place, Turn)> {
        let is_ours = |place: Place, turn: Turn| {
            let ours = |partition: Partition| partition.holds(&self.name(place, turn));
            self.partition.is_none_or(ours) || self.is_in_parts(place, turn)
        };
        self.all_turns().filter(move |(place, turn)| is_ours(*place, *turn))
    }

    /// The same, with those of other shares.
    pub(super) fn all_turns(&self) -> impl Iterator<Item = (Place, Turn)> {
        let turns = (0..self.rounds).flat_map(move |round| {
            (0..self.workloads.len()).flat_map(move |workload| {
                self.passes_of(workload).flat_map(move |pass| {
                    (0..self.strategies.len()).map(move |turn| {
                        // Another strategy goes first in each round: what one leaves behind for the next, a hot
                        // processor or a warm cache, does not always meet the same.
                        let strategy = (turn + round as usize) % self.strategies.len();
                        (Place { workload, strategy }, pass, round)
                    })
                })
            })
        });
        let positions = self.cells_before as u32..;
        turns.zip(positions).map(|((place, pass, round), position)| (place, Turn { pass, round, position }))
    }
}

/// Makes records of what is measured.
struct Measured<'a> {
    plan: &'a Plan,
    observer: &'a mut dyn Observer,
    faultless: Faultless,
}

impl Measured<'_> {
    /// Gives figures under faults those of their stream without; keeps these where they come from a cell.
    fn beside_faultless(&mut self, task: &Task<Turn>, result: &mut CellResult) {
        let CellResult::Verify(figures) = result else { return };
        let stream = self.plan.stream(task.place, task.tag.round);
        match self.plan.at(task.place).0.faults().is_empty() {
            true => drop(self.faultless.insert(stream, FaultlessFigures::of(figures))),
            false => figures.faultless = self.faultless.get(&stream).copied(),
        }
    }
}

impl TaskObserver<Turn> for Measured<'_> {
    fn begins(&mut self, task: &Task<Turn>) {
        self.observer.begins(&cell::label(self.plan, task));
    }

    fn progress(&mut self, reached: &Reached) {
        self.observer.progress(reached);
    }

    fn ended(&mut self, task: &Task<Turn>, took: Option<Duration>, ending: Ending) -> Result<(), SuiteError> {
        let refused = |reason: String| Refusal::new(self.plan.at(task.place).0, reason);
        let mut result = match ending {
            Ending::Result(result) => *result,
            Ending::Refused(reason) => return Err(refused(reason).into()),
            Ending::Built(_) => return Err(refused("its cell built and did not measure".into()).into()),
            Ending::Stopped => return Ok(()),
        };
        if took.is_some() {
            self.plan.sweep_after(&result);
        }
        self.beside_faultless(task, &mut result);
        let took = took.unwrap_or_default();
        let record = cell::record(self.plan, task, took, result);
        self.observer.ended(took, &cell::summary(&record));
        self.observer.record(&record).map_err(SuiteError::Records)
    }
}
