//! What streams come to without their faults: the baseline of what the faults did.
//!
//! Scenarios that differ in their faults alone share one: it is run once for each strategy, or taken from a cell that was
//! run before because it was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_strategies::{Needs, Settings};
use dedup_stream::faults::Hits;

use super::cell::Turn;
use super::error::SuiteError;
use super::observer::{Completion, Observer};
use super::plan::Plan;
use super::task::{Place, Task, TaskObserver};
use crate::cell::{Ending, Reached, Work};
use crate::environment::RedisChoice;
use crate::nightly::Choice;
use crate::record::{CellResult, FaultlessFigures, Pass};

/// Whether cells with faults are given what their streams come to without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutFaults {
    /// Each is: it costs a cell more for each strategy and stream.
    Measured,
    /// None is: for whoever compares with an earlier run anyway.
    LeftOut,
}

/// A stream without faults and a strategy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stream {
    digest: String,
    strategy: usize,
    round: u32,
    /// How fast time goes, to the last bit, where a store keeps the wall's.
    wall: Option<u64>,
}

/// What is known of streams without faults.
pub(super) type Faultless = BTreeMap<Stream, FaultlessFigures>;

impl Plan {
    /// The stream of a place without its faults, if it has any.
    pub(super) fn stream(&self, place: Place, round: u32) -> Stream {
        let (workload, strategy) = self.at(place);
        let redis = self.redis.under(workload.faults());
        let on_wall_time = redis.keeps_wall_time(strategy.definition.needs);
        Stream {
            digest: workload.without_faults().digest(),
            strategy: place.strategy,
            round,
            wall: on_wall_time.then(|| self.pacing.factor(workload).to_bits()),
        }
    }

    /// One place for each stream that has to be run without its faults.
    pub(super) fn faultless_turns(&self) -> Vec<(Place, Stream)> {
        let mut there = BTreeSet::new();
        let mut missing = Vec::new();
        if self.without_faults == WithoutFaults::LeftOut {
            return missing;
        }
        for (place, Turn { pass, round, .. }) in self.turns() {
            let has_faults = !self.at(place).0.faults().is_empty();
            let is_wanted = pass == Pass::Verify && (!has_faults || self.can_be_troubled(place));
            if !is_wanted {
                continue;
            }
            let stream = self.stream(place, round);
            if there.insert(stream.clone()) && has_faults {
                missing.push((place, stream));
            }
        }
        missing
    }

    /// Whether the faults of a place may happen to its strategy.
    fn can_be_troubled(&self, place: Place) -> bool {
        let (workload, strategy) = self.at(place);
        let is_given = matches!(self.redis, RedisChoice::Given { .. });
        workload.faults().iter().all(|fault| match strategy.definition.needs {
            Needs::System { server: Some(_), .. } => true,
            Needs::Nothing | Needs::System { server: None, .. } => {
                !matches!(fault.kind.hits, Hits::Store | Hits::Cluster)
            }
            Needs::Redis => !(is_given && fault.hits_store()),
        })
    }

    /// Runs streams without their faults. `None` if it was stopped.
    pub(super) fn measure_faultless(
        &self,
        settings: &BTreeMap<Place, Settings>,
        known: &BTreeMap<Place, CellResult>,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Option<Faultless>, SuiteError> {
        let tasks = self.faultless_turns().into_iter().map(|(place, stream)| {
            let round = stream.round;
            let mut task = self.task(place, &settings[&place], stream, round, Work::Faultless);
            task.job.nightly = (Choice::None, None);
            task
        });
        let mut measured = Measured { plan: self, observer, faultless: Faultless::new() };
        match self.pool(stop).run(tasks, known.clone(), &mut measured)? {
            Completion::Whole => Ok(Some(measured.faultless)),
            Completion::Interrupted => Ok(None),
        }
    }
}

struct Measured<'a> {
    plan: &'a Plan,
    observer: &'a mut dyn Observer,
    faultless: Faultless,
}

impl TaskObserver<Stream> for Measured<'_> {
    fn begins(&mut self, task: &Task<Stream>) {
        let (workload, strategy) = self.plan.at(task.place);
        self.observer.begins(&format!(
            "verify  {} without its faults  {}",
            workload.name(),
            strategy.label()
        ));
    }

    fn progress(&mut self, reached: &Reached) {
        self.observer.progress(reached);
    }

    /// A cell that fails without faults fails with them too, and says why there.
    fn ended(
        &mut self,
        task: &Task<Stream>,
        took: Option<Duration>,
        ending: Ending,
    ) -> Result<(), SuiteError> {
        let Ending::Result(result) = ending else { return Ok(()) };
        if took.is_some() {
            self.plan.sweep_after(&result);
        }
        let summary = match &*result {
            CellResult::Verify(figures) => {
                self.faultless.insert(task.tag.clone(), FaultlessFigures::of(figures));
                super::cell::outcome(&result)
            }
            _ => "nothing to compare with".to_string(),
        };
        self.observer.ended(took.unwrap_or_default(), &summary);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dedup_stream::scenario;
    use dedup_stream::workload::Workload;

    use super::*;
    use crate::select::select;

    fn plan(scenarios: &[&str], strategies: &str) -> Plan {
        let found = scenarios.iter().flat_map(|name| scenario::find(&format!("^{name}$")).unwrap());
        let workloads = found.map(|scenario| Workload::Scenario(Box::new(scenario))).collect();
        let strategies = select(dedup_strategies::STRATEGIES, &[strategies.to_string()]).unwrap();
        Plan::new(workloads, strategies, "/nowhere".into())
    }

    fn places(plan: &Plan) -> Vec<(usize, usize)> {
        let turns = plan.faultless_turns();
        turns.iter().map(|(place, _)| (place.workload, place.strategy)).collect()
    }

    #[test]
    fn scenarios_that_differ_in_their_faults_alone_share_one_run_without_them() {
        let faults = ["faults/worker-crash-before-judge", "faults/worker-crash-before-ack"];
        let mut plan = plan(&faults, "^(exact|redis-claim)$");
        assert_eq!(places(&plan), [(0, 0), (0, 1)]);
        plan.rounds = 2;
        assert_eq!(places(&plan).len(), 4, "each round has ids of its own");
        plan.without_faults = WithoutFaults::LeftOut;
        assert_eq!(places(&plan), []);
    }

    #[test]
    fn what_is_run_without_faults_anyway_is_taken_and_what_has_none_needs_none() {
        let mut plan = plan(&["faults/worker-crash-before-judge"], "^exact$");
        let faultless = plan.workloads[0].without_faults();
        plan.workloads.insert(0, faultless);
        assert_eq!(places(&plan), []);
        let (with, without) = ([1, 0].map(|workload| Place { workload, strategy: 0 })).into();
        assert_eq!(plan.stream(with, 0), plan.stream(without, 0));
    }

    #[test]
    fn nothing_is_run_for_a_strategy_to_which_the_fault_cannot_happen() {
        let plan = plan(&["faults/store-killed"], "^(exact|redis-claim)$");
        assert_eq!(places(&plan), [(0, 1)]);
    }

    #[test]
    fn a_stream_that_is_squeezed_has_a_baseline_that_is_squeezed_too() {
        let plan = plan(&["faults/store-killed", "faults/primary-failover"], "^redis-claim$");
        let [one, other] = [0, 1].map(|workload| plan.stream(Place { workload, strategy: 0 }, 0));
        assert!(one.wall.is_none() && other.wall.is_some(), "{one:?} {other:?}");
    }
}
