//! Measures what a check compares: the verify and weigh passes, and instructions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, anyhow};
use dedup_files::say;
use dedup_strategies::Needs;
use dedup_stream::scenario::Scenario;
use dedup_stream::workload::Workload;

use crate::cell::Limits;
use crate::cmd::run::{Watcher, ended, tell_interrupted, tried};
use crate::exit::{Exit, OrExit};
use crate::gate::baseline::{Baseline, BaselineCell, stream_digest};
use crate::gate::cells::{GateCell, cells};
use crate::gate::check::{Now, Unlike, like};
use crate::gate::exact::{self, Exact, INSTRUCTIONS_PPM};
use crate::gate::instructions;
use crate::gate::worker::WorkerError;
use crate::nightly::Choice;
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, Pass, Run, Tool, WhoseTime};
use crate::select::Selected;
use crate::servers::Guarded;
use crate::suite::{Completion, Plan, WithoutFaults};

/// Why nothing of a system that keeps the wall's time is in a baseline.
const NOT_EXACT: &str =
    "it keeps the wall's time, so that no count of it is the same each time (`run` compares those)";

/// What is compared of the others.
const DECISIONS_ALONE: &str =
    "of systems their decisions are compared, and not the memory of their processes, which is not exact";

/// A check under way.
pub(super) struct Work<'a> {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) strategies: Vec<Selected>,
    pub(super) limits: Limits,
    pub(super) counting: Counting,
    /// Whether no progress is shown.
    pub(super) quiet: bool,
    pub(super) stop: &'a AtomicBool,
}

/// Whether instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// Where they can be compared.
    WherePossible,
    /// Not at all: it was asked for.
    Declined,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) now: BTreeMap<(String, String), Now>,
    /// Scenario and strategy, in the order of the run.
    pub(super) order: Vec<(String, String)>,
    pub(super) servers: BTreeMap<String, String>,
    pub(super) notes: Vec<String>,
    /// Metrics that cannot be compared on this machine or with this compiler.
    not_comparable: Vec<&'static str>,
}

impl Work<'_> {
    /// Finds out before anything is run whether scenarios and streams are those of the baseline.
    pub(super) fn refuse_unlike(&self, baseline: &Baseline) -> anyhow::Result<()> {
        for scenario in &self.scenarios {
            let stream = digest(scenario)?;
            for cell in baseline.cells.iter().filter(|cell| cell.scenario == scenario.name) {
                let now = BaselineCell {
                    scenario_digest: scenario.digest(),
                    seed: scenario.seed,
                    stream_digest: stream.clone(),
                    workers_count: scenario.pipeline.workers.get() as u32,
                    batch_count: scenario.pipeline.batch.get() as u32,
                    ..cell.clone()
                };
                like(cell, &now).or_exit(Exit::Incomparable)?;
            }
        }
        match baseline.results_schema == crate::record::SCHEMA {
            true => Ok(()),
            false => {
                Err(Unlike::Schema { baseline: baseline.results_schema.clone(), now: crate::record::SCHEMA })
                    .or_exit(Exit::Incomparable)
            }
        }
    }

    /// None if somebody asked to stop.
    pub(super) fn measure(&self, baseline: Option<&Baseline>) -> anyhow::Result<Option<Measured>> {
        let directory = Guarded::directory().or_exit_by_fault()?;
        let plan = self.plan(directory.dir());
        let Some(preflight) = tried(&plan, self.stop)? else { return Ok(None) };
        let servers = preflight.servers.clone();
        let mut watcher =
            Watcher { progress: Progress::new(plan.steps(), self.quiet), writer: None, cells: Vec::new() };
        let completion = ended(plan.run(preflight, self.stop, &mut watcher))?;
        if completion == Completion::Interrupted {
            tell_interrupted(watcher.cells.len(), &plan);
            return Ok(None);
        }
        let mut measured = self.collected(&watcher.cells, servers)?;
        drop(watcher);
        if let Some(baseline) = baseline {
            measured.leave_out_other_servers(baseline);
        }
        self.with_instructions(baseline, measured, directory.dir())
    }

    /// What was measured before: the first round of what the baseline has, the rest of it named.
    pub(super) fn recorded(&self, run: &Run, baseline: &Baseline) -> anyhow::Result<Measured> {
        let strategies: Vec<String> = self.strategies.iter().map(Selected::label).collect();
        let is_asked = |cell: &CellRecord| {
            let names = (&cell.scenario, &cell.strategy);
            let chosen =
                self.scenarios.iter().any(|one| one.name == *names.0) && strategies.contains(names.1);
            chosen && cell.round == 0 && matches!(cell.pass, Pass::Verify | Pass::Weigh)
        };
        let cells: Vec<CellRecord> = run.cells.iter().filter(|cell| is_asked(cell)).cloned().collect();
        let mut measured = self.collected(&cells, run.run.servers.clone())?;
        measured.leave_out_other_servers(baseline);
        for scenario in &self.scenarios {
            for strategy in &strategies {
                let place = (scenario.name.clone(), strategy.clone());
                measured
                    .now
                    .entry(place)
                    .or_insert_with(|| Now::Skipped("it is not in the records".to_string()));
            }
        }
        if has_instructions(baseline) {
            measured.notes.push("instructions were not counted: records have none".to_string());
            measured.not_comparable.push(instructions::METRIC);
        }
        Ok(measured)
    }

    fn plan(&self, directory: &Path) -> Plan {
        let workloads = self.scenarios.iter().map(|scenario| Workload::Scenario(Box::new(scenario.clone())));
        Plan {
            passes: vec![Pass::Verify, Pass::Weigh],
            nightly: (Choice::None, None),
            without_faults: WithoutFaults::LeftOut,
            limits: self.limits,
            ..Plan::new(workloads.collect(), self.strategies.clone(), directory.to_path_buf())
        }
    }

    fn collected(&self, cells: &[CellRecord], servers: BTreeMap<String, String>) -> anyhow::Result<Measured> {
        let mut streams: BTreeMap<&str, String> = BTreeMap::new();
        for scenario in &self.scenarios {
            streams.insert(&scenario.name, digest(scenario)?);
        }
        let mut measured = Measured {
            now: BTreeMap::new(),
            order: Vec::new(),
            servers,
            notes: Vec::new(),
            not_comparable: Vec::new(),
        };
        if cells.iter().any(|cell| cell.clock == Some(WhoseTime::Given)) {
            measured.notes.push(DECISIONS_ALONE.to_string());
        }
        for cell in cells {
            let place = (cell.scenario.clone(), cell.strategy.clone());
            let entry = measured.now.entry(place.clone()).or_insert_with(|| {
                measured.order.push(place);
                Now::Measured(BaselineCell {
                    scenario: cell.scenario.clone(),
                    scenario_digest: cell.scenario_digest.clone(),
                    seed: cell.seed,
                    stream_digest: streams.get(cell.scenario.as_str()).cloned().unwrap_or_default(),
                    workers_count: cell.workers_count,
                    batch_count: cell.batch_count,
                    strategy: cell.strategy.clone(),
                    settings: cell.settings.clone(),
                    figures: Vec::new(),
                })
            });
            match (&cell.result, &mut *entry) {
                (CellResult::Failed { reason, .. }, _) => *entry = Now::Failed(reason.clone()),
                (CellResult::Skipped { reason, remedy }, Now::Measured(_)) => {
                    *entry = Now::Skipped(format!("{reason} ({remedy})"));
                }
                (_, Now::Measured(_)) if cell.clock == Some(WhoseTime::Wall) => {
                    *entry = Now::Skipped(NOT_EXACT.to_string());
                }
                // What the processes of a system take is not the same each time.
                (CellResult::Weigh(_), Now::Measured(_)) if cell.clock.is_some() => {}
                (_, Now::Measured(now)) => now.figures.extend(exact::figures(cell)),
                _ => {}
            }
        }
        Ok(measured)
    }

    /// Adds the instructions of each embedded strategy, where they can be compared.
    fn with_instructions(
        &self,
        baseline: Option<&Baseline>,
        mut measured: Measured,
        directory: &Path,
    ) -> anyhow::Result<Option<Measured>> {
        if let Err(why) = self.counts_instructions(baseline) {
            if baseline.is_none_or(has_instructions) {
                measured.notes.push(format!("instructions were not counted: {why}"));
            }
            measured.not_comparable.push(instructions::METRIC);
            return Ok(Some(measured));
        }
        let cells = cells(&self.scenarios, &self.strategies);
        let cells: Vec<GateCell> =
            cells.into_iter().filter(|cell| cell.strategy.definition.needs == Needs::Nothing).collect();
        let mut progress = Progress::new(cells.len(), self.quiet);
        for cell in &cells {
            let began = Instant::now();
            progress.start(&format!("count   {}", cell.label()));
            let place = (cell.scenario.name.clone(), cell.strategy.label());
            let Some(Now::Measured(now)) = measured.now.get_mut(&place) else { continue };
            match instructions::count(cell, directory, self.stop) {
                Ok(Some(value)) => now.figures.push(Exact {
                    metric: instructions::METRIC.to_string(),
                    value,
                    tolerance_ppm: INSTRUCTIONS_PPM,
                }),
                Ok(None) => {}
                Err(WorkerError::Stopped) => {
                    say("interrupted while instructions were counted");
                    return Ok(None);
                }
                Err(error) => return Err(error).with_context(|| cell.label()),
            }
            progress.finish(began.elapsed(), "");
        }
        Ok(Some(measured))
    }

    /// Whether instructions are counted, or why they are not.
    fn counts_instructions(&self, baseline: Option<&Baseline>) -> Result<(), String> {
        let compiled = |tool: &Tool| format!("{}, {}", tool.rustc, tool.profile);
        let here = compiled(&crate::machine::tool());
        match baseline {
            _ if self.counting == Counting::Declined => Err("--no-instructions".to_string()),
            Some(baseline) if !has_instructions(baseline) => {
                Err("there are none in the baseline".to_string())
            }
            Some(baseline) if compiled(&baseline.tool) != here => Err(format!(
                "the baseline's are of {}, and this program is of {here}",
                compiled(&baseline.tool)
            )),
            _ if !instructions::valgrind() => {
                Err("valgrind is not present (apt-get install valgrind)".to_string())
            }
            _ => Ok(()),
        }
    }
}

impl Measured {
    /// The baseline without what cannot be compared here.
    pub(super) fn comparable(&self, baseline: &Baseline) -> Baseline {
        let mut baseline = baseline.clone();
        for cell in &mut baseline.cells {
            cell.figures.retain(|figure| !self.not_comparable.contains(&figure.metric.as_str()));
        }
        baseline
    }

    /// Bytes of another version of a server are other bytes.
    fn leave_out_other_servers(&mut self, baseline: &Baseline) {
        if self.servers == baseline.servers || self.servers.is_empty() {
            return;
        }
        let versions = |servers: &BTreeMap<String, String>| {
            servers.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
        };
        self.notes.push(format!(
            "server bytes were not compared: the baseline's are of {}, and here is {}",
            versions(&baseline.servers),
            versions(&self.servers)
        ));
        self.not_comparable.push("server_used_bytes");
    }
}

fn has_instructions(baseline: &Baseline) -> bool {
    baseline.cells.iter().flat_map(|cell| &cell.figures).any(|figure| figure.metric == instructions::METRIC)
}

fn digest(scenario: &Scenario) -> anyhow::Result<String> {
    stream_digest(&mut scenario.stream(scenario.seed)).map_err(|error| anyhow!("{}: {error}", scenario.name))
}
