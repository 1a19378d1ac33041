//! `run`: strategies on scenarios or on a trace.

mod ending;
mod late;
mod plan;
mod quick;
mod survey;
mod who;

use std::io::Write;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use dedup_files::say;
use dedup_report::tables::{Format, Look, render};
use dedup_strategies::Definition;

use super::given_redis::GivenRedis;
use super::reading::ReadingArgs;
use super::values::{
    Budget, Ids, budget, cell_memory, count, format, ids, partition, pipelines, rate, seconds, seed,
    start_at, time, whole,
};
use crate::compare::Comparison;
use crate::exit::{Exit, OrExit};
use crate::filter::Filter;
use crate::interrupt::stop_on_interrupt;
use crate::nightly::Choice;
use crate::print::{note, print};
use crate::progress::Progress;
use crate::record::{RecordWriter, Run, RunRecord};
use crate::servers::Guarded;
use crate::suite::{Completion, Partition, Plan, Preflight, SuiteError};
use crate::systems::SystemsArgs;

pub(super) use ending::{Watcher, exit};
pub(super) use plan::{admit, admit_pipelines, describe};
pub use quick::run_quick;

use plan::plan;
use who::WhoArgs;

/// Options of `run`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = EXAMPLES,
    mut_group("ReadingArgs", |group| group.requires("trace").conflicts_with("scenarios"))
)]
pub struct RunArgs {
    /// Only scenarios whose name matches this regular expression, or the path of a scenario file (repeatable)
    #[arg(short = 'f', long = "scenario", value_name = "REGEX|FILE", help_heading = "What to run")]
    pub scenarios: Vec<String>,
    /// Only strategies whose name matches this regular expression, or one with settings: name:key=value,... (repeatable)
    #[arg(short = 's', long = "strategy", value_name = "REGEX|NAME:KEY=VALUE", help_heading = "What to run")]
    pub strategies: Vec<String>,
    /// Leave one key in so many of each scenario, with all its copies: the same times and windows, in less time
    #[arg(long, value_name = "N", value_parser = whole(1, 1_000_000u32), conflicts_with = "trace", help_heading = "What to run")]
    pub thin: Option<u32>,
    /// Systems beside the strategies.
    #[command(flatten, next_help_heading = "What to run")]
    pub systems: SystemsArgs,
    /// Only this pass (repeatable)
    #[arg(short = 'p', long = "pass", value_name = "PASS", value_enum, help_heading = "What to run")]
    pub passes: Vec<PassArg>,
    /// How often everything is repeated, each time with other ids, strategies taking turns
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = whole(1, 1_000u32), help_heading = "What to run")]
    pub rounds: u32,
    /// Seed of the streams and of every hash; the scenario's own if not given
    #[arg(long, value_name = "N", value_parser = seed, help_heading = "What to run")]
    pub seed: Option<u64>,
    /// Split the keys of each verify and impact cell among so many pipelines, which run side by side on all cores, and add up what they
    /// count. A record says how many there were: what depends on how pings are batched depends on it
    #[arg(long, value_name = "N", default_value_t = NonZeroU32::MIN, value_parser = pipelines, help_heading = "What to run")]
    pub pipelines: NonZeroU32,
    /// Run only this share of the cells, such as 3/8: for several machines that share a run out. `compare`, `report` and
    /// `gate check` take the records of all shares for one run. With --pipelines, it is a share of the pipelines of each cell
    #[arg(long, value_name = "SHARE/SHARES", value_parser = partition, help_heading = "What to run")]
    pub partition: Option<Partition>,

    /// Take the pings from this file, a pattern such as 'part-*.parquet' or a folder (repeatable: files are merged by
    /// time): NDJSON, CSV and more, plain, gzip or zstd; `-` for standard input
    #[arg(
        long = "trace",
        id = "trace",
        value_name = "FILE",
        conflicts_with = "scenarios",
        help_heading = "Your own pings"
    )]
    pub traces: Vec<PathBuf>,
    /// How the trace is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Who sent its pings.
    #[command(flatten)]
    pub who: WhoArgs,
    /// How far back duplicates should be recognised
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time, requires = "trace", conflicts_with = "scenarios", help_heading = "Your own pings")]
    pub window: Duration,

    /// What becomes of the records.
    #[command(flatten)]
    pub output: OutputArgs,

    /// Pipeline workers in the verify and weigh passes; the scenario's own if not given
    #[arg(long, value_name = "N", value_parser = count(1_024), help_heading = "How to run")]
    pub workers: Option<NonZeroUsize>,
    /// Pings a batch, at most; the scenario's own if not given
    #[arg(long, value_name = "N", value_parser = count(65_536), help_heading = "How to run")]
    pub batch: Option<NonZeroUsize>,
    /// Cells at work at once, each with its share of the memory; one a core if not given. The time pass, streams too long
    /// for a share, and servers that keep their own time are alone in any case
    #[arg(long, value_name = "N", value_parser = count(1_024), help_heading = "How to run")]
    pub jobs: Option<NonZeroUsize>,
    /// Threads (for a server: connections) in the time pass
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1, 1_024u16), help_heading = "How to run")]
    pub threads: u16,
    /// Rate of the open loop; half of the measured throughput, at most 1,000,000, if not given
    #[arg(long, value_name = "PINGS_PER_S", value_parser = rate, help_heading = "How to run")]
    pub rate: Option<f64>,
    /// Load the given server in the time pass from all shares at once (--partition), each with ids of its own and its part of the
    /// rate, from this moment on: 2026-11-29T14:30:00Z. Each further cell begins two loops and ten seconds later
    #[arg(long, value_name = "TIME", value_parser = start_at, requires_all = ["partition", "rate", "redis_url"], help_heading = "How to run")]
    pub start_at: Option<u64>,
    /// Seconds that each of the two loops of the time pass may take
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds, help_heading = "How to run")]
    pub time_budget: f64,
    /// Pings made beforehand for the time pass, at most; 40 to 80 bytes each
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = whole(1, 200_000_000u32), help_heading = "How to run")]
    pub time_pings: u32,
    /// Ids held in the scale pass, from the fewest to the most, each time four times as many; 2^14..2^27 if not given
    #[arg(long, value_name = "FEWEST..MOST", value_parser = ids, help_heading = "How to run")]
    pub ids: Option<Ids>,
    /// Time and memory that a strategy may take in the scale pass, such as 10m,8GiB or one of the two; 2m and half of its
    /// memory limit if not given. What does not fit is left out, and said
    #[arg(long, value_name = "TIME,BYTES", value_parser = budget, help_heading = "How to run")]
    pub budget: Option<Budget>,
    /// Without progress for this long, a strategy hangs and is ended
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time, help_heading = "How to run")]
    pub stall_timeout: Duration,
    /// Memory that a strategy may take, such as 4GiB, and at least 32MiB; four fifths of what is free if not given
    #[arg(long, value_name = "BYTES", value_parser = cell_memory, help_heading = "How to run")]
    pub memory_limit: Option<u64>,

    /// The nightly job behind the verify pass, whose tables are scored too
    #[arg(long, value_name = "JOB", value_enum, default_value_t = Choice::Auto, help_heading = "Nightly job")]
    pub nightly: Choice,
    /// Days before its own at which each night looks; the scenario's own, or 0, if not given
    #[arg(long, value_name = "N", value_parser = whole(0, 366u32), help_heading = "Nightly job")]
    pub preceding_days: Option<u32>,

    /// The Redis server, where one is given
    #[command(flatten)]
    pub redis: GivenRedis,
    /// Start a private Redis Cluster of three primaries and three replicas instead of one private server; it keeps its
    /// own time
    #[arg(long, conflicts_with = "redis_url", help_heading = "Redis")]
    pub redis_cluster: bool,
    /// How many seconds of the stream pass in a real one, for a given server or a cluster, which keep their own time (see
    /// --redis-url, --redis-cluster); chosen so that a
    /// pass takes about 20 s, or what the server needs, if not given
    #[arg(long, value_name = "FACTOR", value_parser = rate, help_heading = "Redis")]
    pub time_factor: Option<f64>,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness run -f '^quick$' -s '^(exact|redis-claim)$' -p time --threads 2
  dedup-harness run -f my-scenario.toml --rounds 5 -o results/mine
  dedup-harness run -s lru:capacity=1_000_000,window=10m -s lru-tinylfu
  dedup-harness run --trace pages.csv.gz --id-field page -p verify -s lru-exact:capacity=1000
  zcat pings.gz | dedup-harness run --trace - --id-field attributeMap.document_id
  dedup-harness run --trace events.ndjson --id-field source --id-field id --time-field time
  dedup-harness run --trace pings.parquet --time-field received -p impact --client-field client_id --dimension-field country";

/// What becomes of a run's records.
#[derive(Clone, Debug, Default, Args)]
pub struct OutputArgs {
    /// Keep the records in DIR/records.jsonl
    #[arg(id = "output", short, long = "output", value_name = "DIR", help_heading = "Output")]
    pub directory: Option<PathBuf>,
    /// Replace the records that DIR already holds
    #[arg(long, requires = "output", help_heading = "Output")]
    pub force: bool,
    /// How to print the comparison
    #[arg(long, value_parser = format(), default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Do not show progress
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
}

/// A pass, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PassArg {
    /// Duplicates missed and uniques lost, in virtual time
    Verify,
    /// Throughput and latency
    Time,
    /// Memory
    Weigh,
    /// Time and memory against ids held; takes minutes a strategy, and is run where it is asked for
    Scale,
    /// What it does to the numbers that people read: users, sessions, crash rates; of scenarios that say who sends the pings
    Impact,
}

/// Runs, prints, and says how the program ends.
pub fn run(args: &RunArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let plan = plan(args, definitions, directory.dir(), &stop)?;
    let exit = carry_out(&plan, &args.output, &stop, out)?;
    // A server that was given is tidied up, which may take as long as that wants.
    drop(plan);
    Ok(if stop.load(Ordering::Relaxed) { Exit::Interrupted } else { exit })
}

/// Carries out a plan, keeps and prints what came of it.
fn carry_out(
    plan: &Plan,
    output: &OutputArgs,
    stop: &AtomicBool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let Some(preflight) = tried(plan, stop)? else { return Ok(Exit::Interrupted) };
    let record = describe(plan, &preflight);
    let writer = output.directory.as_deref().map(|directory| create(directory, output.force, &record));
    let writer = writer.transpose()?;
    if !output.quiet {
        plan.workloads.iter().for_each(late::tell);
    }
    tell_share(&[plan], output.quiet);
    // What is asked for and not done is said to those as well who want to see no progress.
    plan.not_split().iter().for_each(|whole| note(whole));
    let progress = Progress::new(plan.steps(), output.quiet);
    let mut watcher = Watcher { progress, writer, cells: Vec::new() };
    let ended = ended(plan.run(preflight, stop, &mut watcher));
    let path = output.directory.clone().unwrap_or_else(|| PathBuf::from("this run"));
    let run = Run { path, run: record, cells: watcher.cells, truncated: None, sha256: None };
    if !run.cells.is_empty() {
        let comparison = Comparison::from_runs(std::slice::from_ref(&run), &Filter::default(), None)?;
        let text = render(&comparison, output.format, Look::of_stdout());
        print(out, &text)?;
    }
    // What was measured is shown in any case.
    let completion = ended?;
    if completion == Completion::Interrupted {
        tell_interrupted(run.cells.len(), plan);
    }
    Ok(exit(completion, &run.cells))
}

/// Says how much of a run its share is; of one that holds nothing also where nobody wants to see progress.
pub(super) fn tell_share(plans: &[&Plan], quiet: bool) {
    let Some(partition) = plans.first().and_then(|plan| plan.partition) else { return };
    let cells = |count: fn(&Plan) -> usize| plans.iter().map(|plan| count(plan)).sum::<usize>();
    match (cells(Plan::cells), cells(Plan::all_cells)) {
        (0, all) => note(&format!(
            "share {partition} holds none of the {all} cells: nothing is run, and that is well"
        )),
        (own, all) if !quiet => note(&format!("share {partition} holds {own} of the {all} cells")),
        _ => {}
    }
}

pub(super) fn create(directory: &Path, force: bool, run: &RunRecord) -> anyhow::Result<RecordWriter> {
    let create = if force { RecordWriter::replace } else { RecordWriter::create };
    create(directory, run).or_exit_by_fault()
}

/// Tries what a plan would run. None if somebody asked to stop, which is said.
pub(super) fn tried(plan: &Plan, stop: &AtomicBool) -> anyhow::Result<Option<Preflight>> {
    let preflight = ended(plan.preflight(stop))?;
    if preflight.is_none() {
        say("interrupted while strategies were tried, before the first cell");
    }
    Ok(preflight)
}

/// Says how far a plan had come when somebody asked to stop.
pub(super) fn tell_interrupted(done: usize, plan: &Plan) {
    say(format_args!("interrupted: {done} of {} cells were done", plan.cells()));
}

/// An error in what was asked for is wrong usage; anything else is the tool's own failure.
pub(super) fn ended<T>(result: Result<T, SuiteError>) -> anyhow::Result<T> {
    match result {
        Err(error @ SuiteError::Refused(_)) => Err(error).or_exit(Exit::Usage),
        other => Ok(other?),
    }
}
