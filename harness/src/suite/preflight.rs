//! What is found out before the first cell.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_strategies::Settings;

use super::error::{Refusal, SuiteError};
use super::observer::Completion;
use super::plan::Plan;
use super::task::{Place, Task, TaskObserver};
use crate::cell::{Ending, Work};
use crate::record::{CellResult, Pass};

/// What was found out before the first cell.
#[derive(Debug, Default)]
pub struct Preflight {
    /// Versions of the servers that take part.
    pub servers: BTreeMap<String, String>,
    /// The settings of each strategy for each workload, resolved.
    pub(super) settings: BTreeMap<Place, Settings>,
    /// Places that cannot be run, and why.
    pub(super) known: BTreeMap<Place, CellResult>,
}

impl Plan {
    /// Builds every strategy for every workload once, each in a process of its own, so that what cannot work is
    /// found before anything is run or written. `None` if it was stopped.
    pub fn preflight(&self, stop: &AtomicBool) -> Result<Option<Preflight>, SuiteError> {
        let mut settings = BTreeMap::new();
        for place in self.places() {
            let (workload, strategy) = self.at(place);
            let resolved = strategy.settings(&workload.sizing());
            settings.insert(place, resolved.map_err(|error| Refusal::new(workload, error))?);
            self.admit_tables(place)?;
        }
        let tasks = settings.iter().map(|(place, settings)| self.task(*place, settings, (), 0, Work::Build));
        let mut found = Found { plan: self, preflight: Preflight::default() };
        match self.pool(stop).run(tasks, BTreeMap::new(), &mut found)? {
            Completion::Whole => Ok(Some(Preflight { settings, ..found.preflight })),
            Completion::Interrupted => Ok(None),
        }
    }

    /// Sees that a nightly job that was asked for has the disk that it needs.
    fn admit_tables(&self, place: Place) -> Result<(), Refusal> {
        if !self.passes.contains(&Pass::Verify) {
            return Ok(());
        }
        let (workload, _) = self.at(place);
        let disk_limit = self.disk_limit(self.sharing(place, Work::Build));
        let jobs = self.nightly.0.jobs(workload, disk_limit);
        jobs.map(drop).map_err(|error| Refusal::new(workload, error))
    }
}

/// Collects what the preflight finds.
struct Found<'a> {
    plan: &'a Plan,
    preflight: Preflight,
}

impl TaskObserver<()> for Found<'_> {
    fn begins(&mut self, _: &Task<()>) {}

    fn progress(&mut self, _: f64) {}

    fn ended(&mut self, task: &Task<()>, _: Option<Duration>, ending: Ending) -> Result<(), SuiteError> {
        match ending {
            Ending::Built(servers) => self.preflight.servers.extend(servers),
            Ending::Refused(reason) => return Err(Refusal::new(self.plan.at(task.place).0, reason).into()),
            Ending::Result(result) => {
                self.plan.sweep_after(&result);
                self.preflight.known.insert(task.place, *result);
            }
            Ending::Stopped => {}
        }
        Ok(())
    }
}
