//! `advise --check`: what was recommended and the two runners-up, each on a thinned-out stream of the same traffic.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use dedup_decide::render::{Running, Style, wrapped};
use dedup_decide::{Candidate, Checked, Decision, FailedOver, Needs, Nightly, Outcome, Place, Seen};
use dedup_strategies::Definition;
use dedup_stream::scenario::{Scenario, ScenarioError};
use dedup_stream::workload::Workload;

use crate::advise::{FailoverTrial, TIME_FACTOR, Trial, failover_trial, trial};
use crate::cmd::run::{Watcher, ended};
use crate::exit::OrExit;
use crate::nightly::Choice;
use crate::print::print;
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, Pass, VerifyFigures};
use crate::select::Selected;
use crate::servers::Guarded;
use crate::suite::{Completion, Plan, WithoutFaults};
use crate::units;

/// A candidate to be run, and its failover, where it has a server and there are some.
type Trials<'a> = (&'a Definition, &'a Candidate, Option<Result<FailoverTrial, ScenarioError>>);

/// The one that is recommended, and so many after it.
const CHECKED: usize = 3;

/// Where what comes of each is shown as soon as it is there.
pub(super) enum Shown<'a> {
    At(Style, &'a mut dyn Write),
    AtTheEnd,
}

impl Shown<'_> {
    fn show(&mut self, progress: &mut Progress, text: impl FnOnce(Style) -> String) -> anyhow::Result<()> {
        match self {
            Shown::At(style, out) => progress.aside(|| print(*out, &text(*style))),
            Shown::AtTheEnd => Ok(()),
        }
    }
}

/// What came of each; none where somebody asked to stop.
pub(super) fn check(
    definitions: &[Definition],
    decision: &Decision,
    quiet: bool,
    stop: &AtomicBool,
    mut shown: Shown<'_>,
) -> anyhow::Result<Option<Vec<Checked>>> {
    let candidates: Vec<&Candidate> =
        decision.survivors.iter().take(CHECKED).map(|judged| &judged.candidate).collect();
    let mut trials: Vec<Trials<'_>> = Vec::new();
    for candidate in candidates {
        if let Some(definition) = definitions.iter().find(|one| one.name == candidate.strategy) {
            let failover = failover_trial(candidate, &decision.traffic, &decision.needs);
            trials.push((definition, candidate, failover));
        }
    }
    // A failover is run with and without.
    let steps = trials.iter().map(|(.., failover)| if failover.is_some() { 3 } else { 1 }).sum();
    let names: Vec<&str> = trials.iter().map(|(_, candidate, _)| candidate.strategy.as_str()).collect();
    let running = |style| Running::of(style, names.iter().copied());
    let mut watcher = Watcher { progress: Progress::new(steps, quiet), writer: None, cells: Vec::new() };
    let mut said = String::new();
    wrapped(&mut said, "--check: ", &beforehand(&trials));
    said.lines().for_each(|line| watcher.progress.note(line));
    if !names.is_empty() {
        shown.show(&mut watcher.progress, |style| running(style).head())?;
    }
    let begun = Instant::now();
    let directory = Guarded::directory().or_exit_by_fault()?;
    let mut tester = Tester { decision, directory: directory.dir(), stop, watcher };
    let mut checked = Vec::new();
    for (definition, candidate, failover) in trials {
        let Some(mut tested) = tester.traffic(definition, candidate)? else { return Ok(None) };
        if let Some(failover) = failover {
            let Some(outcome) = tester.failover(definition, candidate, failover)? else { return Ok(None) };
            tested.failover = Some(outcome);
        }
        shown.show(&mut tester.watcher.progress, |style| running(style).came(&tested))?;
        checked.push(tested);
        tester.watcher.progress.note(&still(begun.elapsed(), checked.len(), names.len()));
    }
    if !checked.is_empty() {
        shown.show(&mut tester.watcher.progress, |style| running(style).rest(&checked))?;
    }
    Ok(Some(checked))
}

/// What is to be run, and about how long that takes.
fn beforehand(trials: &[Trials<'_>]) -> String {
    let failovers = trials.iter().filter(|(.., failover)| failover.is_some()).count();
    let on_disk = trials.iter().filter(|(_, candidate, _)| candidate.place == Place::Disk).count();
    let mut parts =
        vec![format!("{} of a thinned-out stream, some seconds each", plural(trials.len(), "run"))];
    if on_disk > 0 {
        parts.push(format!("{on_disk} of them on disk, up to half a minute each"));
    }
    if failovers > 0 {
        parts.push(format!("{}, a quarter of a minute each", plural(failovers, "failover")));
    }
    format!("{}; longer on a busy machine.", parts.join("; "))
}

/// What is left to do, by what was done.
fn still(took: Duration, done: usize, all: usize) -> String {
    let left = took.mul_f64((all - done) as f64 / done.max(1) as f64);
    match all - done {
        0 => String::new(),
        some => format!("{some} to go, about {}", units::duration(left.as_secs().max(1) * 1_000_000_000)),
    }
}

fn plural(count: usize, noun: &str) -> String {
    units::plural(count as u64, noun)
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
        Ok(Some(Checked::of(candidate, stream(&trial, candidate.place), outcome)))
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
fn stream(trial: &Trial, place: Place) -> String {
    format!(
        "{} of the pings{}, {} long, {}, {}",
        match trial.thinned {
            thinned if thinned < 1.0 =>
                format!("one in {}", units::thousands((1.0 / thinned).round() as u64)),
            _ => "all".to_string(),
        },
        match place {
            Place::Disk if trial.thinned < 1.0 =>
                " (a quarter of what others get, as each restart reads all marks again)",
            _ => "",
        },
        units::duration(trial.scenario.virtual_length().as_nanos() as u64),
        units::plural(trial.restarts_s.len() as u64, "restart"),
        match trial.crashes {
            1 => "1 crash".to_string(),
            crashes => format!("{crashes} crashes"),
        }
    )
}
