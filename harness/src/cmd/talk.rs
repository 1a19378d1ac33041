//! `talk`: the comparison of the 2021 talk, in one command.

use std::io::Write;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use dedup_report::tables::{self, Format, Look};
use dedup_report::talk::{SCENARIO, TODAY, Table};
use dedup_strategies::{Definition, Needs};
use dedup_stream::workload::Workload;

use super::run::{Watcher, admit, admit_pipelines, create, describe, ended, exit, tell_share, tried};
use super::values::{count, format, partition, pipelines, seed};
use crate::compare::Comparison;
use crate::exit::{Exit, OrExit};
use crate::filter::Filter;
use crate::interrupt::stop_on_interrupt;
use crate::nightly::DISK_BYTES_PER_PING;
use crate::print::{note, print};
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, Pass, Run, RunRecord, Share};
use crate::select::Selected;
use crate::servers::Guarded;
use crate::suite::{Completion, Observer, Partition, Plan, Preflight};
use crate::talk::{self, Part, Scale};

/// Options of `talk`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TalkArgs {
    /// Leave one ping in so many of 16,000 a second, or `full`: all of them, without servers
    #[arg(long, value_name = "N|full", default_value = "8000")]
    pub scale: Scale,
    /// Systems of what people run today: the project's own directory of them; `none` for none
    #[arg(long, value_name = "DIR", default_value = SYSTEMS)]
    pub systems: PathBuf,
    /// Only those of its strategies and systems whose name matches this regular expression (repeatable)
    #[arg(short = 's', long = "strategy", value_name = "REGEX")]
    pub strategies: Vec<String>,
    /// Only those of its fault scenarios whose name matches this regular expression; `none` for none (repeatable)
    #[arg(short = 'f', long = "fault", value_name = "REGEX")]
    pub faults: Vec<String>,
    /// Seed of the streams and of every hash; the scenario's own if not given
    #[arg(long, value_name = "N", value_parser = seed)]
    pub seed: Option<u64>,
    /// Split the keys of each verify cell among so many pipelines, as in `run`
    #[arg(long, value_name = "N", default_value_t = NonZeroU32::MIN, value_parser = pipelines)]
    pub pipelines: NonZeroU32,
    /// Run only this share of the cells, or of their pipelines, as in `run`
    #[arg(long, value_name = "SHARE/SHARES", value_parser = partition)]
    pub partition: Option<Partition>,
    /// Cells at work at once, as in `run`; one a core if not given
    #[arg(long, value_name = "N", value_parser = count(1_024))]
    pub jobs: Option<NonZeroUsize>,
    /// Keep the records in DIR/records.jsonl
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Replace the records that DIR already holds
    #[arg(long, requires = "output")]
    pub force: bool,
    /// How to print the table
    #[arg(long, value_parser = format(), default_value_t)]
    pub format: Format,
    /// Do not show progress
    #[arg(short, long)]
    pub quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness talk -o results/talk                 in some minutes, Redis included
  dedup-harness talk --scale full -o results/full    two thousand million pings, in-process strategies only
  dedup-harness compare results/talk --talk          the table again, from the records";

/// Runs, prints, and says how the program ends.
pub fn run(args: &TalkArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let chosen = Filter::new(&args.faults, &args.strategies).or_exit(Exit::Usage)?;
    let systems = systems(args)?;
    let (strategies, too_large) = strategies(args.scale, definitions, &chosen);
    let parts = chosen_parts(args, &chosen).or_exit(Exit::Usage)?;
    let mut groups: Vec<(Vec<Part>, Vec<&Definition>)> = Vec::new();
    // Neighbours that have their passes in common are one run.
    for parts in parts.chunk_by(|one, other| one.passes == other.passes).filter(|_| !strategies.is_empty()) {
        groups.push((parts.to_vec(), strategies.clone()));
    }
    for group in todays(args, &systems, &strategies, &chosen).or_exit(Exit::Usage)? {
        let named = |name: &&'static str| {
            systems.iter().chain(strategies.iter().copied()).find(|one| one.name == *name)
        };
        groups.push((group.parts, group.strategies.iter().filter_map(named).collect()));
    }
    if groups.is_empty() {
        let all = talk::strategies(definitions).into_iter().chain(&systems).map(|one| one.name);
        let all = all.collect::<Vec<_>>().join(", ");
        return Err(anyhow!("--strategy: matches none of the talk's strategies; allowed are {all}"))
            .or_exit(Exit::Usage);
    }
    let mut runs = Vec::new();
    let mut all_cells = 0;
    for (parts, strategies) in &groups {
        let mut plan = plan(args, parts, strategies, directory.dir()).or_exit(Exit::Usage)?;
        plan.cells_before = all_cells;
        all_cells += plan.all_cells();
        let Some(preflight) = tried(&plan, &stop)? else { return Ok(Exit::Interrupted) };
        runs.push((plan, preflight));
    }
    let record = described(&runs, too_large.len())?;
    let writer = args.output.as_deref().map(|output| create(output, args.force, &record)).transpose()?;
    let plans: Vec<&Plan> = runs.iter().map(|(plan, _)| plan).collect();
    tell_share(&plans, args.quiet);
    let cells: usize = plans.iter().map(|plan| plan.cells()).sum();
    let steps = runs.iter().map(|(plan, _)| plan.steps()).sum();
    let mut watcher = Watcher { progress: Progress::new(steps, args.quiet), writer, cells: Vec::new() };
    let ended = run_all(runs, &stop, &mut watcher)
        .and_then(|completion| record_left_out(&too_large, all_cells, &mut watcher).map(|()| completion));
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from("this run"));
    let run = Run { path, run: record, cells: watcher.cells, truncated: None, sha256: None };
    let table = || {
        let comparison = Comparison::from_runs(std::slice::from_ref(&run), &Filter::default(), None)?;
        drawn(&comparison, args.format)
    };
    match &ended {
        Ok(Completion::Interrupted) => {
            dedup_files::say(format_args!("interrupted: {} of {cells} cells were done", run.cells.len()));
        }
        // A share need not make a table.
        Ok(Completion::Whole) if args.partition.is_some() => print(out, &table().unwrap_or_default())?,
        Ok(Completion::Whole) => print(out, &table()?)?,
        // What was measured is shown, as far as it makes a table.
        Err(_) => print(out, &table().unwrap_or_default())?,
    }
    Ok(exit(ended?, &run.cells))
}

/// Where the project keeps its systems, and what nobody's directory of them is called.
const SYSTEMS: &str = "systems";
const NO_SYSTEMS: &str = "none";

/// What people run today, as far as it is there.
fn systems(args: &TalkArgs) -> anyhow::Result<Vec<Definition>> {
    let directory = args.systems.as_path();
    if directory == Path::new(NO_SYSTEMS) {
        return Ok(Vec::new());
    }
    let files = talk::files(directory);
    if files.is_empty() {
        let shown = directory.display();
        if directory != Path::new(SYSTEMS) {
            let allowed = format!("allowed is a directory with the project's systems, or {NO_SYSTEMS}");
            return Err(anyhow!("--systems {shown}: found none of what people run today; {allowed}"))
                .or_exit(Exit::Usage);
        }
        if !args.quiet {
            note("what people run today is left out: no systems/ here; --systems DIR names the project's");
        }
    }
    files.iter().map(|file| dedup_systems::load(file).or_exit(Exit::Usage)).collect()
}

/// The runs of what people run today.
fn todays(
    args: &TalkArgs,
    systems: &[Definition],
    own: &[&Definition],
    chosen: &Filter,
) -> anyhow::Result<Vec<talk::Group>> {
    let systems: Vec<Definition> = systems.iter().filter(|one| chosen.strategy(one.name)).copied().collect();
    let own: Vec<&'static str> = own.iter().map(|one| one.name).collect();
    let wants = |fault: &str| chosen.scenario(fault);
    Ok(talk::groups(args.scale, &args.systems, &systems, &own, wants)?)
}

/// The first line of the records of all of them, which leave out so many strategies.
fn described(runs: &[(Plan, Preflight)], left_out: usize) -> anyhow::Result<RunRecord> {
    let (first, preflight) = runs.first().context("the talk has at least one part")?;
    let plans: Vec<&Plan> = runs.iter().map(|(plan, _)| plan).collect();
    let mut record = describe(first, preflight);
    record.servers.extend(runs.iter().flat_map(|(_, preflight)| preflight.servers.clone()));
    record.share = first.partition.map(|partition| {
        let share = partition.share(&plans);
        Share { cells_count: share.cells_count + left_out as u32, ..share }
    });
    Ok(record)
}

/// Records the strategies that the scale leaves out, like one that was run: after all cells, and in shares where the first
/// of these is.
fn record_left_out(too_large: &[&Definition], all_cells: usize, watcher: &mut Watcher) -> anyhow::Result<()> {
    let first = |cell: &&CellRecord| cell.scenario == SCENARIO && cell.position.unwrap_or(0) == 0;
    let Some(like) = watcher.cells.iter().find(first).cloned() else { return Ok(()) };
    for (position, strategy) in (all_cells as u32..).zip(too_large) {
        let position = like.position.map(|_| position);
        watcher.record(&left_out(strategy.name, position, like.clone()))?;
    }
    Ok(())
}

/// What nobody's fault scenario is called.
const NO_FAULTS: &str = "none";

/// Its own streams, and those of the faults that were chosen.
fn chosen_parts(args: &TalkArgs, chosen: &Filter) -> anyhow::Result<Vec<Part>> {
    let (own, faults): (Vec<Part>, Vec<Part>) = talk::parts(args.scale)?.into_iter().partition(Part::is_own);
    let all: Vec<String> = faults.iter().map(|part| part.scenario.name.clone()).collect();
    let faults: Vec<Part> = faults.into_iter().filter(|part| chosen.scenario(&part.scenario.name)).collect();
    if faults.is_empty() && !all.is_empty() && !args.faults.iter().any(|name| name == NO_FAULTS) {
        return Err(anyhow!(
            "--fault: matches none of the talk's fault scenarios; allowed are {}, or {NO_FAULTS}",
            all.join(", ")
        ));
    }
    Ok([own, faults].concat())
}

/// The talk's table of records that are of one.
pub(super) fn drawn(comparison: &Comparison, format: Format) -> anyhow::Result<String> {
    let mut table = Table::of(comparison).ok_or_else(|| {
        anyhow!("no cell of the scenario {SCENARIO:?} or {TODAY:?}: the records of `talk -o DIR` are needed for its table")
    })?;
    table.nightly_disk_bytes = Some(table.pings_count.saturating_mul(DISK_BYTES_PER_PING));
    Ok(tables::talk::render(&table, format, Look::of_stdout()))
}

fn run_all(
    runs: Vec<(Plan, Preflight)>,
    stop: &AtomicBool,
    watcher: &mut Watcher,
) -> anyhow::Result<Completion> {
    for (plan, preflight) in runs {
        if ended(plan.run(preflight, stop, watcher))? == Completion::Interrupted {
            return Ok(Completion::Interrupted);
        }
    }
    Ok(Completion::Whole)
}

/// Those that are run at this scale, and those that are not because they need a server.
fn strategies<'a>(
    scale: Scale,
    definitions: &'a [Definition],
    chosen: &Filter,
) -> (Vec<&'a Definition>, Vec<&'a Definition>) {
    let chosen = talk::strategies(definitions).into_iter().filter(|one| chosen.strategy(one.name));
    chosen.partition(|one| scale.suits_servers() || one.needs == Needs::Nothing)
}

/// As long as a JVM and a session of an engine may take on a busy machine.
const ENGINES_START_WITHIN: Duration = Duration::from_secs(300);

/// The talk over parts that have their passes in common.
fn plan(
    args: &TalkArgs,
    parts: &[Part],
    strategies: &[&Definition],
    directory: &Path,
) -> anyhow::Result<Plan> {
    let workloads = parts.iter().map(|part| Workload::Scenario(Box::new(part.scenario.clone())));
    let strategies = strategies.iter().map(|definition| Selected::plain(definition)).collect();
    let mut plan = Plan::new(workloads.collect(), strategies, directory.to_path_buf());
    plan.passes = parts.first().map_or_else(Vec::new, |part| part.passes.clone());
    plan.seed = args.seed;
    plan.partition = args.partition;
    plan.pipelines = args.pipelines;
    admit_pipelines(&plan)?;
    plan.jobs = args.jobs.unwrap_or(plan.jobs);
    if plan.strategies.iter().any(|one| matches!(one.definition.needs, Needs::System { .. })) {
        // Engines start for longer than a strategy may be silent.
        plan.limits.stall = plan.limits.stall.max(ENGINES_START_WITHIN);
    }
    admit(&plan)?;
    Ok(plan)
}

/// The record of a strategy that the scale leaves out, like one that was run.
fn left_out(strategy: &str, position: Option<u32>, like: CellRecord) -> CellRecord {
    CellRecord {
        strategy: strategy.to_string(),
        role: crate::record::Role::Candidate,
        operation: None,
        settings: std::collections::BTreeMap::new(),
        pass: Pass::Verify,
        elapsed_ns: 0,
        position,
        result: CellResult::Skipped {
            reason: "at this scale a day is more ids than a server here holds, and more round trips than anybody waits for"
                .into(),
            remedy: "give a --scale of 160 or more, such as the default".into(),
        },
        ..like
    }
}
