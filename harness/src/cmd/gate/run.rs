//! `gate run`: speed, side by side.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use dedup_strategies::Definition;
use dedup_strategies::time::saturating_nanos;

use super::options::{ChoiceArgs, OutputArgs, Shown, now};
use crate::cmd::values::{bytes, ratio, slow_down, time, whole};
use crate::exit::{Exit, OrExit};
use crate::gate::base::{self, BaseError, Builder, Found};
use crate::gate::cells::cells;
use crate::gate::design::{Decision, Design, Limits};
use crate::gate::facts::Watch;
use crate::gate::judge::judge;
use crate::gate::round::{Pairing, RoundError};
use crate::gate::speed::{self, Outcome, SpeedError, SpeedPlan};
use crate::gate::verdict::{GateKind, Party, SCHEMA, Verdict};
use crate::gate::worker::{Program, Side, WorkerError};
use crate::interrupt::stop_on_interrupt;
use crate::printable::printable;
use crate::servers::{Guarded, guard};

/// Options of `gate run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// What to compare with: a commit of this repository, which is built once, or a program
    #[arg(long, value_name = "REF|BINARY")]
    pub base: String,
    /// What to judge; this program if not given
    #[arg(long, value_name = "BINARY")]
    pub cand: Option<PathBuf>,
    /// What to measure.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// How to measure.
    #[command(flatten)]
    pub how: HowArgs,
    /// Where built programs are kept; below XDG_CACHE_HOME or ~/.cache if not given
    #[arg(long, value_name = "DIR", help_heading = "Base")]
    pub cache: Option<PathBuf>,
    /// The longest that building the base may take
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = time, help_heading = "Base")]
    pub build_timeout: Duration,
    /// How to deliver the verdict.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How sure, and for how long.
#[derive(Clone, Debug, Args)]
pub struct HowArgs {
    /// Slower by up to this is never a failure (throughput and median)
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = ratio, help_heading = "Limits")]
    pub tol: f64,
    /// Slower by this or more must not pass (throughput and median)
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = ratio, help_heading = "Limits")]
    pub must: f64,
    /// The same as --tol for the slowest batches (p99, p99.9)
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = ratio, help_heading = "Limits")]
    pub tail_tol: f64,
    /// The same as --must for the slowest batches (p99, p99.9)
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = ratio, help_heading = "Limits")]
    pub tail_must: f64,
    /// The probability of any false alarm in one gate
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = ratio, help_heading = "Limits")]
    pub alpha: f64,
    /// The longest that measuring may take; what is open then is inconclusive
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time, help_heading = "How to run")]
    pub budget: Duration,
    /// Rounds of the screen, before anything is confirmed
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = whole(5, 1_000u32), help_heading = "How to run")]
    pub rounds: u32,
    /// A program that says nothing for this long is ended
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time, help_heading = "How to run")]
    pub stall_timeout: Duration,
    /// Memory that a strategy may take; a third of what is free if not given
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = "How to run")]
    pub memory_limit: Option<u64>,
    /// For tests of the gate: slow the candidate's STRATEGY down, as in exact=5%
    #[arg(long, value_name = "STRATEGY=SHARE", value_parser = slow_down, hide = true)]
    pub slow_down: Option<(String, f64)>,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness gate run --base main
  dedup-harness gate run --base v0.1.0 -s '^(exact|lru)$' --tol 0% --must 3% --budget 15m
  dedup-harness gate run --base old/dedup-harness --cand new/dedup-harness --strict -o gate

The verdict on each metric: PASS, FAIL, or INCONCLUSIVE where this machine cannot tell.";

/// Builds, measures, judges.
pub(super) fn run(args: &RunArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let plan = args.how.plan(&args.choice, definitions)?;
    let accepted = args.output.acceptances()?;
    let candidate = match &args.cand {
        Some(path) => base::program("--cand", path).or_exit(Exit::Usage)?,
        None => std::env::current_exe().context("this program's own path")?,
    };
    let stop = stop_on_interrupt()?;
    let Some(base) = base(args, &stop)? else { return Ok(Exit::Interrupted) };
    let folder = args.output.folder()?;
    let program =
        |side, path: &Path| Program { side, path: path.to_path_buf(), under: Vec::new(), slow_down: None };
    let base_program = program(Side::Base, &base.path);
    let mut candidate_program = program(Side::Candidate, &candidate);
    candidate_program.slow_down = args.how.slow_down.clone();
    let names = [
        base.name.clone(),
        args.cand.as_ref().map_or("this program".into(), |path| path.display().to_string()),
    ];
    let progress = Shown::new(2 + plan.design.looks.len(), args.output.quiet);
    let measured = measured(&plan, &args.how, [base_program, candidate_program], names, &stop, progress);
    match measured {
        Ok((verdict, _)) => args.output.deliver(verdict, &accepted, folder.as_ref(), &stop, out),
        Err(error) if interrupted(&error) => Ok(told_interrupted()),
        Err(error) => Err(error),
    }
}

fn base(args: &RunArgs, stop: &AtomicBool) -> anyhow::Result<Option<Found>> {
    let exe = std::env::current_exe().context("this program's own path")?;
    let binary = exe.file_name().and_then(|name| name.to_str()).unwrap_or("dedup-harness");
    let cache = args.cache.clone().unwrap_or_else(base::default_cache);
    // Git and cargo run elsewhere.
    let cache = std::path::absolute(&cache).with_context(|| format!("--cache {}", cache.display()))?;
    let quiet = args.output.quiet;
    let say = |text: &str| {
        if !quiet {
            dedup_files::say(printable(text));
        }
    };
    let guard = guard::own_executable().context("this program's own path")?;
    let builder = Builder {
        repository: Path::new("."),
        cache: &cache,
        binary,
        exe: Some(&exe),
        guard: &guard,
        patience: args.build_timeout,
        stop,
        say: &say,
    };
    match builder.find(&args.base) {
        Ok(found) => Ok(Some(found)),
        Err(BaseError::Stopped) => {
            dedup_files::say("interrupted before the base was there");
            Ok(None)
        }
        Err(error @ (BaseError::Build { .. } | BaseError::TooLong { .. })) => {
            Err(error).or_exit(Exit::Incomparable)
        }
        Err(error) => Err(error).or_exit_by_fault(),
    }
}

impl HowArgs {
    /// What to measure, and how.
    pub(super) fn plan(&self, choice: &ChoiceArgs, definitions: &[Definition]) -> anyhow::Result<SpeedPlan> {
        for (tol, must, low, high) in [
            ("--tol", "--must", self.tol, self.must),
            ("--tail-tol", "--tail-must", self.tail_tol, self.tail_must),
        ] {
            if low >= high {
                let error = anyhow::anyhow!(
                    "{must} has to be above {tol}: between the two lies what may go either way"
                );
                return Err(error).or_exit(Exit::Usage);
            }
        }
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return Err(anyhow::anyhow!("--alpha has to be above 0 and below 50%")).or_exit(Exit::Usage);
        }
        let limits = |tolerated_ratio, unacceptable_ratio| Limits { tolerated_ratio, unacceptable_ratio };
        Ok(SpeedPlan {
            cells: cells(&choice.scenarios()?, &choice.strategies(definitions)?),
            design: Design { alpha: self.alpha, screen_rounds: self.rounds as usize, ..Design::default() },
            limits: limits(self.tol, self.must),
            tail_limits: limits(self.tail_tol, self.tail_must),
            budget: self.budget,
        })
    }
}

/// Measures base and candidate against each other, and judges.
pub(super) fn measured(
    plan: &SpeedPlan,
    how: &HowArgs,
    [base, candidate]: [Program; 2],
    names: [String; 2],
    stop: &AtomicBool,
    mut watcher: Shown,
) -> anyhow::Result<(Verdict, Outcome)> {
    let (began, started_at) = (Instant::now(), now());
    let [base_party, candidate_party] = parties([&base, &candidate], names, how.stall_timeout, stop)?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let watch = Watch::begin();
    let pairing = Pairing {
        base,
        candidate,
        core: watch.core,
        patience: how.stall_timeout,
        memory_limit: how.memory_limit.unwrap_or(crate::process::available_bytes() / 3),
        directory: directory.dir(),
        stop,
    };
    let outcome = speed::measure(plan, &pairing, &mut watcher);
    drop(watcher);
    let outcome = outcome.map_err(ended)?;
    let mut facts = watch.end(outcome.not_pinned.as_deref());
    facts.push(outcome.disturbed.clone());
    let judged = outcome.measured.iter().map(|measured| judge(&plan.design, outcome.confirmed, measured));
    let verdict = Verdict {
        schema: SCHEMA.to_string(),
        gate: GateKind::Run,
        decision: Decision::Inconclusive,
        exit_code: 0,
        started_at,
        took_ns: saturating_nanos(began.elapsed()),
        notes: [differences(&base_party, &candidate_party), outcome.notes.clone()].concat(),
        base: base_party,
        candidate: candidate_party,
        machine: crate::machine::machine(),
        facts,
        design: Some(plan.design.clone()),
        confirmed_count: outcome.confirmed,
        metrics: judged.collect(),
    };
    Ok((verdict, outcome))
}

/// Starts both once: what cannot be measured is found before anything is. Programs of different profiles are not
/// compared: every figure would differ.
fn parties(
    programs: [&Program; 2],
    names: [String; 2],
    patience: Duration,
    stop: &AtomicBool,
) -> anyhow::Result<[Party; 2]> {
    let mut parties = Vec::new();
    for (program, name) in programs.into_iter().zip(names) {
        let (_, tool) = program.start(patience, stop).map_err(|error| failed(program.side, error))?;
        parties.push(Party { name, tool });
    }
    let [base, candidate] = <[Party; 2]>::try_from(parties).expect("two programs make two parties");
    if base.tool.profile != candidate.tool.profile {
        let (one, other) = (&base.tool.profile, &candidate.tool.profile);
        let error = anyhow::anyhow!(
            "base is a build of profile {one:?} and candidate of {other:?}: not comparable; build both with --release"
        );
        return Err(error).or_exit(Exit::Incomparable);
    }
    Ok([base, candidate])
}

fn differences(base: &Party, candidate: &Party) -> Vec<String> {
    let (one, other) = (&base.tool.rustc, &candidate.tool.rustc);
    match one == other {
        true => Vec::new(),
        false => vec![format!(
            "the compilers differ (base {one}, candidate {other}): part of the change may be theirs"
        )],
    }
}

/// A base that cannot be driven is no base; a candidate that cannot be has failed.
fn failed(side: Side, error: WorkerError) -> anyhow::Error {
    let exit = match (&error, side) {
        (WorkerError::Stopped, _) => Exit::Interrupted,
        (error, _) if error.is_the_machines() => Exit::ToolFailed,
        (_, Side::Base) => Exit::Incomparable,
        (_, Side::Candidate) => Exit::ToolFailed,
    };
    Err::<(), _>(error).or_exit(exit).unwrap_err()
}

fn ended(error: SpeedError) -> anyhow::Error {
    let exit = match &error {
        SpeedError::Round(RoundError::Worker { source: WorkerError::Stopped, .. }) => Exit::Interrupted,
        SpeedError::Round(RoundError::Worker { source, .. }) if source.is_the_machines() => Exit::ToolFailed,
        SpeedError::Round(RoundError::Worker { side: Side::Base, .. } | RoundError::Streams { .. }) => {
            Exit::Incomparable
        }
        SpeedError::Round(_) => Exit::ToolFailed,
        SpeedError::Refused { .. } | SpeedError::Nothing { .. } => Exit::Usage,
    };
    Err::<(), _>(error).or_exit(exit).unwrap_err()
}

/// Says that there is no verdict because somebody asked to stop.
pub(super) fn told_interrupted() -> Exit {
    dedup_files::say("interrupted: nothing was judged");
    Exit::Interrupted
}

/// Whether the error is that somebody asked to stop.
pub(super) fn interrupted(error: &anyhow::Error) -> bool {
    Exit::of(error) == Exit::Interrupted
}
