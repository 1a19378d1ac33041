//! `advise --check`: what was recommended and the two runners-up, each on a thinned-out stream of the same traffic.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use dedup_decide::{Candidate, Checked, Decision, Needs, Nightly, Outcome};
use dedup_strategies::Definition;
use dedup_stream::workload::Workload;

use crate::advise::{Trial, trial};
use crate::cmd::run::{Watcher, ended};
use crate::nightly::Choice;
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, Pass};
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
    let mut watcher =
        Watcher { progress: Progress::new(candidates.len(), quiet), writer: None, cells: Vec::new() };
    let directory = Guarded::directory().context("temporary directory")?;
    let mut checked = Vec::new();
    for candidate in candidates {
        let Some(definition) = definitions.iter().find(|one| one.name == candidate.strategy) else {
            continue;
        };
        let trial = match trial(candidate, &decision.traffic, &decision.needs) {
            Ok(trial) => trial,
            Err(error) => {
                checked.push(Checked::of(candidate, String::new(), Outcome::NotRun(error.to_string())));
                continue;
            }
        };
        let plan = plan(definition, candidate, &trial, &decision.needs, directory.dir());
        let Some(cell) = run(&plan, stop, &mut watcher)? else { return Ok(None) };
        let outcome = outcome(&trial, definition, candidate, &decision.needs, cell.as_ref());
        checked.push(Checked::of(candidate, stream(&trial), outcome));
    }
    Ok(Some(checked))
}

fn plan(
    definition: &Definition,
    candidate: &Candidate,
    trial: &Trial,
    needs: &Needs,
    directory: &Path,
) -> Plan {
    let selected = Selected { definition: *definition, given: candidate.chosen.clone() };
    let workload = Workload::Scenario(Box::new(trial.scenario.clone()));
    let mut plan = Plan::new(vec![workload], vec![selected], directory.to_path_buf());
    plan.passes = vec![Pass::Verify];
    plan.without_faults = WithoutFaults::LeftOut;
    plan.nightly = match needs.nightly {
        Nightly::No => (Choice::None, None),
        Nightly::Days(days) => (Choice::Nightly, Some(days)),
    };
    plan
}

/// The one cell of a plan, if there is one; none where somebody asked to stop.
fn run(plan: &Plan, stop: &AtomicBool, watcher: &mut Watcher) -> anyhow::Result<Option<Option<CellRecord>>> {
    let Some(preflight) = ended(plan.preflight(stop))? else { return Ok(None) };
    let before = watcher.cells.len();
    match ended(plan.run(preflight, stop, watcher))? {
        Completion::Whole => Ok(Some(watcher.cells.get(before).cloned())),
        Completion::Interrupted => Ok(None),
    }
}

fn outcome(
    trial: &Trial,
    definition: &Definition,
    candidate: &Candidate,
    needs: &Needs,
    cell: Option<&CellRecord>,
) -> Outcome {
    match cell.map(|cell| &cell.result) {
        Some(CellResult::Verify(figures)) => match trial.beside(definition, candidate, needs, figures) {
            Some(seen) => Outcome::Seen(seen),
            None => Outcome::NotRun("theory says nothing of so thin a stream".to_string()),
        },
        Some(CellResult::Failed { reason, .. } | CellResult::Skipped { reason, .. }) => {
            Outcome::NotRun(reason.clone())
        }
        _ => Outcome::NotRun("it was not measured".to_string()),
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
