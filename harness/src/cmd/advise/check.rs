//! `advise --check`: what was recommended and the two runners-up, each on a thinned-out stream of the same traffic.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dedup_decide::{Candidate, Checked, Decision, FailedOver, Needs, Nightly, Outcome, Seen};
use dedup_strategies::Definition;
use dedup_stream::scenario::{Scenario, ScenarioError};
use dedup_stream::workload::Workload;

use crate::advise::{FailoverTrial, TIME_FACTOR, Trial, failover_trial, trial};
use crate::cmd::run::{Watcher, ended};
use crate::exit::OrExit;
use crate::nightly::Choice;
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, Pass, VerifyFigures};
use crate::select::Selected;
use crate::servers::Guarded;
use crate::suite::{Completion, Plan, WithoutFaults};
use crate::units;

/// The one that is recommended, and so many after it.
const CHECKED: usize = 3;

/// What came of each; none where somebody asked to stop.
pub(super) fn check(
    definitions: &[Definition],
    decision: &Decision,
    quiet: bool,
    stop: &AtomicBool,
) -> anyhow::Result<Option<Vec<Checked>>> {
    let candidates: Vec<&Candidate> =
        decision.survivors.iter().take(CHECKED).map(|judged| &judged.candidate).collect();
    let mut trials = Vec::new();
    for candidate in candidates {
        if let Some(definition) = definitions.iter().find(|one| one.name == candidate.strategy) {
            let failover = failover_trial(candidate, &decision.traffic, &decision.needs);
            trials.push((definition, candidate, failover));
        }
    }
    // A failover is run with and without.
    let steps = trials.iter().map(|(.., failover)| if failover.is_some() { 3 } else { 1 }).sum();
    let watcher = Watcher { progress: Progress::new(steps, quiet), writer: None, cells: Vec::new() };
    let directory = Guarded::directory().or_exit_by_fault()?;
    let mut tester = Tester { decision, directory: directory.dir(), stop, watcher };
    let mut checked = Vec::new();
    for (definition, candidate, failover) in trials {
        let Some(mut tested) = tester.traffic(definition, candidate)? else { return Ok(None) };
        if let Some(failover) = failover {
            let Some(outcome) = tester.failover(definition, candidate, failover)? else { return Ok(None) };
            tested.failover = Some(outcome);
        }
        checked.push(tested);
    }
    Ok(Some(checked))
}

/// Runs one cell after the other.
struct Tester<'a> {
    decision: &'a Decision,
    directory: &'a Path,
    stop: &'a AtomicBool,
    watcher: Watcher,
}

impl Tester<'_> {
    /// On the thinned-out stream.
    fn traffic(&mut self, definition: &Definition, candidate: &Candidate) -> anyhow::Result<Option<Checked>> {
        let Decision { traffic, needs, .. } = self.decision;
        let trial = match trial(candidate, traffic, needs) {
            Ok(trial) => trial,
            Err(error) => {
                let not_run = Outcome::NotRun(error.to_string());
                return Ok(Some(Checked::of(candidate, String::new(), not_run)));
            }
        };
        let mut plan = self.plan(definition, candidate, &trial.scenario);
        plan.nightly = match needs.nightly {
            Nightly::No => (Choice::None, None),
            Nightly::Days(days) => (Choice::Nightly, Some(days)),
        };
        let Some(cell) = self.run(&plan)? else { return Ok(None) };
        let outcome = outcome(&trial, definition, candidate, needs, cell.as_ref());
        Ok(Some(Checked::of(candidate, stream(&trial), outcome)))
    }

    /// While a primary of its Redis dies.
    fn failover(
        &mut self,
        definition: &Definition,
        candidate: &Candidate,
        trial: Result<FailoverTrial, ScenarioError>,
    ) -> anyhow::Result<Option<Outcome<FailedOver>>> {
        let trial = match trial {
            Ok(trial) => trial,
            Err(error) => return Ok(Some(Outcome::NotRun(error.to_string()))),
        };
        let mut plan = self.plan(definition, candidate, &trial.scenario);
        plan.nightly = (Choice::None, None);
        plan.without_faults = WithoutFaults::Measured;
        plan.pacing.asked = Some(TIME_FACTOR);
        let Some(cell) = self.run(&plan)? else { return Ok(None) };
        let figures = verified(cell.as_ref());
        Ok(Some(match figures.map(|figures| trial.beside(candidate, &self.decision.needs, figures)) {
            Ok(Some(seen)) => Outcome::Seen(seen),
            Ok(None) => Outcome::NotRun("no primary was seen to fail over".to_string()),
            Err(because) => Outcome::NotRun(because),
        }))
    }

    fn plan(&self, definition: &Definition, candidate: &Candidate, scenario: &Scenario) -> Plan {
        let selected = Selected { definition: *definition, given: candidate.chosen.clone() };
        let workload = Workload::Scenario(Box::new(scenario.clone()));
        let mut plan = Plan::new(vec![workload], vec![selected], self.directory.to_path_buf());
        plan.passes = vec![Pass::Verify];
        plan.without_faults = WithoutFaults::LeftOut;
        plan
    }

    /// The one cell of a plan, if there is one; none where somebody asked to stop.
    fn run(&mut self, plan: &Plan) -> anyhow::Result<Option<Option<CellRecord>>> {
        let Some(preflight) = ended(plan.preflight(self.stop))? else { return Ok(None) };
        let before = self.watcher.cells.len();
        match ended(plan.run(preflight, self.stop, &mut self.watcher))? {
            Completion::Whole => Ok(Some(self.watcher.cells.get(before).cloned())),
            Completion::Interrupted => Ok(None),
        }
    }
}

/// The figures of a cell, or why there are none.
fn verified(cell: Option<&CellRecord>) -> Result<&VerifyFigures, String> {
    match cell.map(|cell| &cell.result) {
        Some(CellResult::Verify(figures)) => Ok(figures),
        Some(CellResult::Failed { reason, .. } | CellResult::Skipped { reason, .. }) => Err(reason.clone()),
        _ => Err("it was not measured".to_string()),
    }
}

fn outcome(
    trial: &Trial,
    definition: &Definition,
    candidate: &Candidate,
    needs: &Needs,
    cell: Option<&CellRecord>,
) -> Outcome<Seen> {
    match verified(cell).map(|figures| trial.beside(definition, candidate, needs, figures)) {
        Ok(Some(seen)) => Outcome::Seen(seen),
        Ok(None) => Outcome::NotRun("theory says nothing of so thin a stream".to_string()),
        Err(because) => Outcome::NotRun(because),
    }
}

/// What it was, in words.
fn stream(trial: &Trial) -> String {
    format!(
        "{} of the pings, {} long, {}, {}",
        match trial.thinned {
            thinned if thinned < 1.0 =>
                format!("one in {}", units::thousands((1.0 / thinned).round() as u64)),
            _ => "all".to_string(),
        },
        units::duration(trial.scenario.virtual_length().as_nanos() as u64),
        units::plural(trial.restarts_s.len() as u64, "restart"),
        match trial.crashes {
            1 => "1 crash".to_string(),
            crashes => format!("{crashes} crashes"),
        }
    )
}
