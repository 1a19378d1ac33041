//! `talk`: the comparison of the 2021 talk, in one command.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, anyhow};
use clap::Parser;
use dedup_report::tables::{self, Format, Look};
use dedup_report::talk::{SCENARIO, Table};
use dedup_strategies::{Definition, Needs};

use super::run::{RunArgs, Watcher, create, describe, ended, exit, plan, stop_on_interrupt};
use super::values::{format, seed, whole};
use crate::compare::Comparison;
use crate::exit::{Exit, OrExit};
use crate::filter::Filter;
use crate::nightly::DISK_BYTES_PER_PING;
use crate::progress::Progress;
use crate::record::{CellRecord, CellResult, Pass, Run};
use crate::servers::Guarded;
use crate::suite::{Completion, Observer, Plan, Preflight};
use crate::talk::{self, Part, Scale};

/// Options of `talk`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TalkArgs {
    /// Leave one ping in so many of 16,000 a second, or `full`: all of them, without servers
    #[arg(long, value_name = "N|full", default_value = "8000")]
    pub scale: Scale,
    /// Only those of its strategies whose name matches this regular expression (repeatable)
    #[arg(short = 's', long = "strategy", value_name = "REGEX")]
    pub strategies: Vec<String>,
    /// Only those of its fault scenarios whose name matches this regular expression; `none` for none (repeatable)
    #[arg(short = 'f', long = "fault", value_name = "REGEX")]
    pub faults: Vec<String>,
    /// Seed of the streams and of every hash; the scenario's own if not given
    #[arg(long, value_name = "N", value_parser = seed)]
    pub seed: Option<u64>,
    /// Cells at work at once, as in `run`; one a core if not given
    #[arg(long, value_name = "N", value_parser = whole(1, 1_024u16))]
    pub jobs: Option<u16>,
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

/// The parts that have their passes in common, as a run.
struct Stage {
    plan: Plan,
    preflight: Preflight,
}

/// Runs, prints, and says how the program ends.
pub fn run(args: &TalkArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().context("temporary directory")?;
    let chosen = Filter::new(&args.faults, &args.strategies).or_exit(Exit::Usage)?;
    let (strategies, too_large) = strategies(args.scale, definitions, &chosen);
    if strategies.is_empty() {
        let all = talk::strategies(definitions).join(", ");
        return Err(anyhow!("--strategy: matches none of the talk's strategies; allowed are {all}"))
            .or_exit(Exit::Usage);
    }
    let parts = chosen_parts(args, &chosen).or_exit(Exit::Usage)?;
    let mut stages = Vec::new();
    for (index, parts) in stages_of(&parts).iter().enumerate() {
        let run_args = run_args(args, parts, &strategies, &directory.dir().join(format!("part-{index}")))?;
        let plan = plan(&run_args, definitions, directory.dir())?;
        let Some(preflight) = ended(plan.preflight(directory.dir(), &stop))? else {
            return Ok(Exit::Interrupted);
        };
        stages.push((run_args, Stage { plan, preflight }));
    }
    let (first_args, first) = stages.first().context("the talk has at least one part")?;
    let record = describe(first_args, &first.plan, &first.preflight);
    let writer = args.output.as_deref().map(|output| create(output, args.force, &record)).transpose()?;
    let cells = stages.iter().map(|(_, stage)| stage.plan.cells()).sum();
    let mut watcher = Watcher { progress: Progress::new(cells, args.quiet), writer, cells: Vec::new() };
    let stages: Vec<Stage> = stages.into_iter().map(|(_, stage)| stage).collect();
    let completion = run_all(stages, directory.dir(), &stop, &mut watcher)?;
    for strategy in too_large {
        let Some(like) = watcher.cells.iter().find(|cell| cell.scenario == SCENARIO).cloned() else { break };
        watcher.record(&left_out(strategy, like))?;
    }
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from("this run"));
    let run = Run { path, run: record, cells: watcher.cells, truncated: None };
    if completion == Completion::Interrupted {
        anstream::eprintln!("interrupted: {} of {cells} cells were done", run.cells.len());
    } else {
        let comparison = Comparison::from_runs(std::slice::from_ref(&run), &Filter::default(), None)?;
        out.write_all(drawn(&comparison, args.format)?.as_bytes()).context("standard output")?;
    }
    Ok(exit(completion, &run.cells))
}

/// What nobody's fault scenario is called.
const NO_FAULTS: &str = "none";

/// Its own streams, and those of the faults that were chosen.
fn chosen_parts(args: &TalkArgs, chosen: &Filter) -> anyhow::Result<Vec<Part>> {
    let (own, faults): (Vec<Part>, Vec<Part>) = talk::parts(args.scale)?.into_iter().partition(Part::is_own);
    let all: Vec<String> = faults.iter().map(|part| part.name.clone()).collect();
    let faults: Vec<Part> = faults.into_iter().filter(|part| chosen.scenario(&part.name)).collect();
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
    let table = Table::of(comparison).ok_or_else(|| {
        anyhow!("no cell of the scenario {SCENARIO:?}: the records of `talk -o DIR` are needed for its table")
    })?;
    let nightly_disk_bytes = Some(table.pings_count.saturating_mul(DISK_BYTES_PER_PING));
    let table = Table { nightly_disk_bytes, ..table };
    Ok(tables::talk::render(&table, format, Look::of_stdout()))
}

fn run_all(
    stages: Vec<Stage>,
    directory: &Path,
    stop: &AtomicBool,
    watcher: &mut Watcher,
) -> anyhow::Result<Completion> {
    for Stage { plan, preflight } in stages {
        if ended(plan.run(preflight, directory, stop, watcher))? == Completion::Interrupted {
            return Ok(Completion::Interrupted);
        }
    }
    Ok(Completion::Whole)
}

/// Those that are run at this scale, and those that are not because they need a server.
fn strategies(
    scale: Scale,
    definitions: &[Definition],
    chosen: &Filter,
) -> (Vec<&'static str>, Vec<&'static str>) {
    let needs_server = |name: &&str| {
        definitions.iter().any(|definition| definition.name == *name && definition.needs != Needs::Nothing)
    };
    let chosen = talk::strategies(definitions).into_iter().filter(|name| chosen.strategy(name));
    chosen.partition(|name| scale.suits_servers() || !needs_server(name))
}

/// Neighbours that have their passes in common.
fn stages_of(parts: &[Part]) -> Vec<Vec<Part>> {
    parts.chunk_by(|one, other| one.passes == other.passes).map(<[Part]>::to_vec).collect()
}

/// The parts written to files of their names, as one would type it.
fn run_args(
    args: &TalkArgs,
    parts: &[Part],
    strategies: &[&str],
    directory: &Path,
) -> anyhow::Result<RunArgs> {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }
    let mut line = vec!["run".to_string()];
    let mut say = |option: &str, value: String| line.extend([option.to_string(), value]);
    for part in parts {
        // A fault's scenario is embedded under its name, folder and all; the talk's own are made to measure.
        let scenario = match part.is_own() {
            false => part.name.clone(),
            true => {
                std::fs::create_dir_all(directory).context("temporary directory")?;
                let path = directory.join(format!("{}.toml", part.name));
                std::fs::write(&path, &part.toml).with_context(|| path.display().to_string())?;
                path.display().to_string()
            }
        };
        say("-f", scenario);
    }
    strategies.iter().for_each(|name| say("-s", format!("^{name}$")));
    parts.iter().flat_map(|part| &part.passes).for_each(|pass| say("-p", Pass::name(*pass).to_string()));
    if let Some(seed) = args.seed {
        say("--seed", seed.to_string());
    }
    if let Some(jobs) = args.jobs {
        say("--jobs", jobs.to_string());
    }
    Ok(Line::try_parse_from(line)?.run)
}

/// The record of a strategy that the scale leaves out, like one that was run.
fn left_out(strategy: &str, like: CellRecord) -> CellRecord {
    CellRecord {
        strategy: strategy.to_string(),
        role: crate::record::Role::Candidate,
        settings: std::collections::BTreeMap::new(),
        pass: Pass::Verify,
        elapsed_ns: 0,
        result: CellResult::Skipped {
            reason: "at this scale a day is more ids than a server here holds, and more round trips than anybody waits for"
                .into(),
            remedy: "give a --scale of 160 or more, such as the default".into(),
        },
        ..like
    }
}
