//! `gate check`: exact figures against a stored baseline.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Definition, Needs};
use dedup_stream::scenario::{self, Scenario};

use super::measure::{Counting, Measured, Work};
use super::options::{ChoiceArgs, OutputArgs, now, this_program};
use crate::cell::Limits;
use crate::cmd::again::again_with;
use crate::cmd::places::refuse_one_place;
use crate::cmd::stored::read_whole;
use crate::cmd::values::{cell_memory, time};
use crate::exit::{Exit, OrExit};
use crate::gate::baseline::{Baseline, BaselineError, SCHEMA};
use crate::gate::check::{Checked, Now, check};
use crate::gate::design::Decision;
use crate::gate::verdict::{GateKind, Party, Verdict};
use crate::interrupt::stop_on_interrupt;
use crate::print::{note, print};
use crate::printable::printable;
use crate::record::Run;
use crate::select::{Selected, select};
use crate::systems::with_systems;

/// Options of `gate check`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Recorded runs to compare, directories with a records.jsonl or such files, in the place of one that is measured now;
    /// the shares of a run are one
    #[arg(value_name = "RUN", conflicts_with = "update")]
    pub runs: Vec<PathBuf>,
    /// The baseline
    #[arg(long, value_name = "FILE")]
    pub baseline: PathBuf,
    /// Make the baseline anew from what is measured now, instead of comparing
    #[arg(long)]
    pub update: bool,
    /// What to measure.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Do not count instructions, also where valgrind is present
    #[arg(long, help_heading = "How to run")]
    pub no_instructions: bool,
    /// Without progress for this long, a strategy hangs and is ended
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time, help_heading = "How to run")]
    pub stall_timeout: Duration,
    /// Memory that a strategy may take, at least 32MiB; four fifths of what is free if not given
    #[arg(long, value_name = "BYTES", value_parser = cell_memory, help_heading = "How to run")]
    pub memory_limit: Option<u64>,
    /// How to deliver the verdict.
    #[command(flatten)]
    pub output: OutputArgs,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness gate check --baseline results/baselines/ci.json --update -f '^(quick|twins)$'
  dedup-harness gate check --baseline results/baselines/ci.json
  dedup-harness gate check --baseline results/baselines/ci.json shares/*

Scenarios and strategies are those of the baseline, systems (-s ./mine.toml) included; -f and -s choose among them, and -f gives the path of a scenario
file that the baseline names. With --update they choose among all that there are.";

/// Runs, compares.
pub(super) fn run(args: &CheckArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (began, started_at) = (Instant::now(), now());
    if args.update {
        let scenarios = args.choice.scenarios.iter().map(Path::new);
        refuse_one_place(scenarios, &[("--baseline", Some(&args.baseline))]).or_exit(Exit::Usage)?;
        // What is measured first would be for nothing. A folder that is not there yet is made.
        if args.baseline.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.exists()) {
            dedup_files::admit(&args.baseline).or_exit_by_fault()?;
        }
    }
    let accepted = args.output.acceptances()?;
    let baseline = (!args.update).then(|| read(&args.baseline)).transpose()?;
    let (definitions, args) = with_its_systems(args, baseline.as_ref(), definitions)?;
    let (definitions, args) = (definitions.as_slice(), &args);
    let stop = stop_on_interrupt()?;
    let (scenarios, strategies) = match &baseline {
        None => (args.choice.scenarios()?, all_or_chosen(args, definitions)?),
        Some(baseline) => of_baseline(args, baseline, definitions)?,
    };
    let systems = systems(&strategies);
    let work = args.work(scenarios, strategies, &stop);
    if let Some(baseline) = &baseline {
        work.refuse_unlike(baseline)?;
    }
    let recorded = recorded(args)?;
    let folder = args.output.folder()?;
    let measured = match (&recorded, &baseline) {
        (Some(run), Some(baseline)) => Some(work.recorded(run, baseline)?),
        _ => work.measure(baseline.as_ref())?,
    };
    let Some(measured) = measured else { return Ok(Exit::Interrupted) };
    match &baseline {
        None => update(args, measured, systems, &stop, out),
        Some(baseline) => {
            let Checked { metrics, notes } =
                check(&measured.comparable(baseline), &measured.now).or_exit(Exit::Incomparable)?;
            let verdict = Verdict {
                schema: crate::gate::verdict::SCHEMA.to_string(),
                gate: GateKind::Check,
                decision: Decision::Inconclusive,
                exit_code: 0,
                started_at,
                took_ns: saturating_nanos(began.elapsed()),
                base: Party { name: args.baseline.display().to_string(), tool: baseline.tool.clone() },
                candidate: recorded
                    .as_ref()
                    .map_or_else(this_program, |run| Party { name: run.label(), tool: run.run.tool.clone() }),
                machine: recorded
                    .as_ref()
                    .map_or_else(crate::machine::machine, |run| run.run.machine.clone()),
                facts: Vec::new(),
                design: None,
                confirmed_count: 0,
                metrics,
                notes: [new_strategies(baseline, definitions), measured.notes, notes].concat(),
            };
            args.output.deliver(verdict, &accepted, folder.as_ref(), &stop, out)
        }
    }
}

/// The one run that is to be compared, where records are given.
fn recorded(args: &CheckArgs) -> anyhow::Result<Option<Run>> {
    if args.runs.is_empty() {
        return Ok(None);
    }
    let mut runs = read_whole(&args.runs)?;
    match (runs.pop(), runs.len()) {
        (run, 0) => Ok(run),
        (_, others) => {
            Err(anyhow!("these records are of {} runs: give one, or the shares of one", others + 1))
                .or_exit(Exit::Usage)
        }
    }
}

/// The baseline; where there is none that can be used, the command that makes one of the same choice. In the place of
/// what is there and cannot be read, a pipe or somebody else's file, none can be made.
fn read(path: &Path) -> anyhow::Result<Baseline> {
    Baseline::read(path)
        .map_err(|error| match &error {
            BaselineError::Read { source, .. } if !source.is_absence() => error.into(),
            _ => anyhow!("{error}; make one with: {}", again_with("--update")),
        })
        .or_exit(Exit::Incomparable)
}

impl CheckArgs {
    fn work<'a>(
        &self,
        scenarios: Vec<Scenario>,
        strategies: Vec<Selected>,
        stop: &'a AtomicBool,
    ) -> Work<'a> {
        let memory_bytes = self.memory_limit.unwrap_or(Limits::default().memory_bytes);
        let counting = if self.no_instructions { Counting::Declined } else { Counting::WherePossible };
        let limits = Limits { stall: self.stall_timeout, memory_bytes };
        Work { scenarios, strategies, limits, counting, quiet: self.output.quiet, stop }
    }
}

fn update(
    args: &CheckArgs,
    measured: Measured,
    mut systems: BTreeMap<String, String>,
    stop: &AtomicBool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (mut cells, mut left_out) = (Vec::new(), measured.notes);
    for (scenario, strategy) in measured.order {
        match &measured.now[&(scenario.clone(), strategy.clone())] {
            Now::Measured(cell) => cells.push(cell.clone()),
            Now::Skipped(reason) => left_out.push(format!("{scenario}/{strategy}: left out: {reason}")),
            Now::Failed(reason) => {
                return Err(anyhow!("{scenario}/{strategy}: {reason}: no baseline is made of that"));
            }
        }
    }
    // One that was left out is not asked for again.
    systems.retain(|name, _| cells.iter().any(|cell| cell.strategy.split(':').next() == Some(name)));
    let figures: usize = cells.iter().map(|cell| cell.figures.len()).sum();
    let count = cells.len();
    let baseline = Baseline {
        schema: SCHEMA.to_string(),
        results_schema: crate::record::SCHEMA.to_string(),
        tool: crate::machine::tool(),
        servers: measured.servers,
        systems,
        cells,
    };
    baseline.write(&args.baseline, stop).or_exit_by_fault()?;
    left_out.iter().for_each(|left_out| note(left_out));
    let file = args.baseline.display().to_string();
    let file = printable(&file);
    print(out, &format!("{file}: {figures} figures of {count} strategies on scenarios; commit it\n"))?;
    Ok(Exit::Ok)
}

fn all_or_chosen(args: &CheckArgs, definitions: &[Definition]) -> anyhow::Result<Vec<Selected>> {
    select(definitions, &args.choice.strategies).or_exit(Exit::Usage)
}

/// The scenarios and strategies of the baseline, or those among them that were chosen. One that is not here any more
/// cannot be compared.
fn of_baseline(
    args: &CheckArgs,
    baseline: &Baseline,
    definitions: &[Definition],
) -> anyhow::Result<(Vec<Scenario>, Vec<Selected>)> {
    let given = if args.choice.scenarios.is_empty() { Vec::new() } else { args.choice.scenarios()? };
    let wanted =
        |name: &&str| args.choice.scenarios.is_empty() || given.iter().any(|scenario| scenario.name == *name);
    let find = |name: &str| match given.iter().find(|scenario| scenario.name == name) {
        Some(scenario) => Ok(scenario.clone()),
        None => scenario::find(&exactly(name)).ok().and_then(|mut found| found.pop()).ok_or_else(|| {
            anyhow!(
                "scenario {name} of {} is not there: give the path of its file with -f",
                args.baseline.display()
            )
        }),
    };
    let scenarios: Vec<Scenario> = baseline
        .scenarios()
        .into_iter()
        .filter(wanted)
        .map(|name| find(name).or_exit(Exit::Incomparable))
        .collect::<anyhow::Result<_>>()?;
    let filter = crate::filter::Filter::new(&[], &args.choice.strategies).or_exit(Exit::Usage)?;
    let select_one = |label: &str| {
        let pattern = if label.contains(':') { label.to_string() } else { exactly(label) };
        let found = select(definitions, &[pattern]).ok().and_then(|mut found| found.pop());
        found.ok_or_else(|| {
            anyhow!(
                "strategy {label} of {} is not there any more: if that is meant, make the baseline anew with --update",
                args.baseline.display()
            )
        })
    };
    let strategies: Vec<Selected> = baseline
        .strategies()
        .into_iter()
        .filter(|label| filter.strategy(label))
        .map(|label| select_one(label).or_exit(Exit::Incomparable))
        .collect::<anyhow::Result<_>>()?;
    match scenarios.is_empty() || strategies.is_empty() {
        true => Err(anyhow!(
            "nothing of the baseline is chosen: it holds scenarios {} and strategies {}",
            baseline.scenarios().join(", "),
            baseline.strategies().join(", ")
        ))
        .or_exit(Exit::Usage),
        false => Ok((scenarios, strategies)),
    }
}

/// The list with the systems that the baseline holds and those that were named, which stand in the place of its own of that name;
/// and what was asked for, with the names of systems in the places of their files.
fn with_its_systems(
    args: &CheckArgs,
    baseline: Option<&Baseline>,
    definitions: &[Definition],
) -> anyhow::Result<(Vec<Definition>, CheckArgs)> {
    let (mut all, strategies) = with_systems(definitions, &args.choice.strategies)?;
    for (name, file) in baseline.iter().flat_map(|baseline| &baseline.systems) {
        if all.iter().any(|one| one.name == name) {
            continue;
        }
        let system = dedup_systems::load(Path::new(file)).map_err(|error| {
            anyhow!(
                "{error}; it is the system {name} of {}: name its file with -s where it has moved",
                args.baseline.display()
            )
        });
        all.push(system.or_exit(Exit::Incomparable)?);
    }
    let choice = ChoiceArgs { strategies, ..args.choice.clone() };
    Ok((all, CheckArgs { choice, ..args.clone() }))
}

/// The files of the systems among strategies, from here on where they stand below.
fn systems(strategies: &[Selected]) -> BTreeMap<String, String> {
    let here = std::env::current_dir().unwrap_or_default();
    let file = |one: &Selected| {
        let Needs::System { file, .. } = one.definition.needs else { return None };
        let file = Path::new(file);
        let shown = file.strip_prefix(&here).unwrap_or(file).display().to_string();
        Some((one.definition.name.to_string(), shown))
    };
    strategies.iter().filter_map(file).collect()
}

fn exactly(name: &str) -> String {
    format!("^{}$", regex::escape(name))
}

/// Strategies that the baseline does not know are not judged by it.
fn new_strategies(baseline: &Baseline, definitions: &[Definition]) -> Vec<String> {
    let known = baseline.strategies();
    let is_known = |name: &str| known.iter().any(|label| label.split(':').next() == Some(name));
    let new: Vec<&str> =
        definitions.iter().map(|definition| definition.name).filter(|name| !is_known(name)).collect();
    match new.is_empty() {
        true => Vec::new(),
        false => {
            vec![format!("not in the baseline, and not judged: {}; --update takes them in", new.join(", "))]
        }
    }
}
