//! What is found out before the first cell.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_strategies::{Context, Settings};

use super::error::{Refusal, SuiteError};
use super::observer::Completion;
use super::plan::Plan;
use super::task::{Place, Task, TaskObserver};
use crate::cell::{Ending, Reached, Work};
use crate::passes::verify::{at_once, shared_out};
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
        let settings = self.places().into_iter().map(|place| Ok((place, self.admitted(place)?)));
        let settings: BTreeMap<Place, Settings> = settings.collect::<Result<_, Refusal>>()?;
        let tasks = settings.iter().map(|(place, settings)| self.task(*place, settings, (), 0, Work::Build));
        let mut found = Found { plan: self, preflight: Preflight::default() };
        match self.pool(stop).run(tasks, BTreeMap::new(), &mut found)? {
            Completion::Whole => Ok(Some(Preflight { settings, ..found.preflight })),
            Completion::Interrupted => Ok(None),
        }
    }

    /// The settings of a place; refuses what is found wrong without a process.
    fn admitted(&self, place: Place) -> Result<Settings, Refusal> {
        let (workload, strategy) = self.at(place);
        let settings = strategy.settings(&workload.sizing());
        let settings = settings.map_err(|error| Refusal::new(workload, error))?;
        let pipelines = self.pipelines_at(place, Work::Build);
        let (own, sizing) = shared_out(&strategy.definition, &settings, workload.sizing(), pipelines.of);
        let context = Context {
            workers: workload.pipeline().workers,
            memory_limit: self.limits.memory_bytes / at_once(&pipelines) as u64,
            ..Context::embedded(sizing)
        };
        let fits = strategy.definition.admit(&own, &context);
        fits.map_err(|error| Refusal::new(workload, error))?;
        self.admit_tables(place)?;
        Ok(settings)
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

    fn progress(&mut self, _: &Reached) {}

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

#[cfg(test)]
mod tests {
    use dedup_stream::scenario;
    use dedup_stream::workload::Workload;

    use super::*;
    use crate::select::select;

    fn plan(strategies: &[&str]) -> Plan {
        let patterns: Vec<String> = strategies.iter().map(|pattern| pattern.to_string()).collect();
        let quick = scenario::find("quick").unwrap().remove(0);
        let strategies = select(dedup_strategies::STRATEGIES, &patterns).unwrap();
        Plan::new(vec![Workload::Scenario(Box::new(quick))], strategies, "/nowhere".into())
    }

    #[test]
    fn what_plans_for_more_memory_than_there_is_is_refused_before_any_process_is_started() {
        // A process would be this test's own program again, in a directory that cannot be made.
        let mut plan = plan(&["^noop$", "^bloom$"]);
        plan.limits.memory_bytes = 1_000;
        let error = plan.preflight(&AtomicBool::new(false)).unwrap_err();
        assert!(matches!(error, SuiteError::Refused(_)), "{error}");
        let said = error.to_string();
        assert!(
            said.contains("quick: strategy bloom") && said.contains("1000 bytes are available"),
            "{said}"
        );
    }

    #[test]
    fn what_is_too_large_as_a_whole_fits_where_its_pipelines_run_on_several_machines() {
        let mut plan = plan(&["^bloom$"]);
        let place = Place { workload: 0, strategy: 0 };
        plan.limits.memory_bytes = 100_000;
        assert!(plan.admitted(place).is_err());
        plan.pipelines = std::num::NonZeroU32::new(64).unwrap();
        assert!(plan.admitted(place).is_err(), "it is weighed, too");
        plan.passes = vec![Pass::Verify];
        plan.partition = Some("1/64".parse().unwrap());
        assert!(plan.admitted(place).is_ok());
    }

    #[test]
    fn settings_arrive_as_they_were_resolved() {
        for given in ["bloom:ids=1_000_000,rate=0.12345678901234567", "split-block:rate=1e-300,window=90s"] {
            let plan = plan(&[given]);
            let (workload, strategy) = plan.at(Place { workload: 0, strategy: 0 });
            let settings = strategy.settings(&workload.sizing()).unwrap();
            let sent = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<Settings>(&sent).unwrap(), settings);
        }
    }
}
