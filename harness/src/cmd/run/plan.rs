//! From options to a plan: what is to be run on what, and whether it can be.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dedup_files::say;
use dedup_strategies::{Definition, Needs};
use dedup_stream::scenario;
use dedup_stream::trace::{TraceOptions, TraceSurvey, find_files, spool_stdin};
use dedup_stream::workload::{Trace, Workload};

use super::survey;
use super::{PassArg, RunArgs};
use crate::cmd::given_redis::{claim, refused};
use crate::cmd::places::refuse_one_place;
use crate::environment::{CellError, PassOptions, RedisChoice, ScaleOptions, TimeOptions};
use crate::exit::{Exit, OrExit};
use crate::machine::run_starting_now;
use crate::pacing::Pacing;
use crate::passes::impact;
use crate::print::note;
use crate::printable::{printable, printable_record};
use crate::record::{DoubtRecord, FILE_NAME, Pass, RunRecord};
use crate::select::{Selected, select};
use crate::suite::{Partition, Plan, Preflight};
use crate::systems::with_systems;

pub(super) fn plan(
    args: &RunArgs,
    definitions: &[Definition],
    directory: &Path,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<Plan> {
    let (definitions, patterns) = with_systems(&args.systems.with(definitions)?, &args.strategies)?;
    let strategies: Vec<Selected> = select(&definitions, &patterns).or_exit(Exit::Usage)?;
    let redis = redis(args, stop)?;
    let workloads = workloads(args, directory, stop)?;
    let mut plan = Plan::new(workloads, strategies, directory.to_path_buf());
    plan.redis = redis;
    plan.passes = passes(&args.passes);
    plan.rounds = args.rounds;
    plan.seed = args.seed;
    plan.partition = args.partition;
    plan.pipelines = args.pipelines;
    plan.nightly = (args.nightly, args.preceding_days);
    plan.limits.stall = args.stall_timeout;
    plan.limits.memory_bytes = args.memory_limit.unwrap_or(plan.limits.memory_bytes);
    plan.jobs = args.jobs.unwrap_or(plan.jobs);
    plan.options = PassOptions { time: time_options(args), scale: scale_options(args) };
    admit_time_factor(args, &plan).or_exit(Exit::Usage)?;
    admit_scale(args, &plan).or_exit(Exit::Usage)?;
    admit_who(args, &plan).or_exit(Exit::Usage)?;
    admit_passes(args, &plan).or_exit(Exit::Usage)?;
    admit_start(args, &plan).or_exit(Exit::Usage)?;
    admit_pipelines(&plan).or_exit(Exit::Usage)?;
    admit(&plan).or_exit(Exit::Usage)?;
    admit_impact(args, &plan)?;
    plan.claim = claim(&plan.redis, &plan.strategies, stop)?.map(RefCell::new);
    let round_trip = plan.claim.as_ref().map(|claim| claim.borrow().round_trip(stop));
    let round_trip = round_trip.transpose().or_else(|error| refused(error, stop))?.unwrap_or_default();
    plan.pacing = Pacing { asked: args.time_factor, round_trip };
    Ok(plan)
}

fn time_options(args: &RunArgs) -> TimeOptions {
    TimeOptions {
        threads: usize::from(args.threads),
        rate_per_s: args.rate,
        pings: args.time_pings as usize,
        seconds: args.time_budget,
        start_at_ns: args.start_at,
    }
}

fn scale_options(args: &RunArgs) -> ScaleOptions {
    let default = ScaleOptions::default();
    let budget = args.budget.unwrap_or_default();
    ScaleOptions {
        fewest_ids: args.ids.map_or(default.fewest_ids, |ids| ids.fewest),
        most_ids: args.ids.map_or(default.most_ids, |ids| ids.most),
        seconds: budget.time.map_or(default.seconds, |time| time.as_secs_f64()),
        memory_bytes: budget.bytes,
    }
}

fn admit_time_factor(args: &RunArgs, plan: &Plan) -> anyhow::Result<()> {
    let on_wall_time = |workload: &Workload| {
        let redis = plan.redis.under(workload.faults());
        let is_shared = !matches!(redis, RedisChoice::Private(_));
        is_shared || plan.strategies.iter().any(|strategy| redis.keeps_wall_time(strategy.definition.needs))
    };
    anyhow::ensure!(args.time_factor.is_none() || plan.workloads.iter().any(on_wall_time), NO_WALL_TIME);
    Ok(())
}

/// What belongs to the scale pass is of no use without it.
fn admit_scale(args: &RunArgs, plan: &Plan) -> anyhow::Result<()> {
    let is_asked = args.ids.is_some() || args.budget.is_some();
    anyhow::ensure!(
        !is_asked || plan.passes.contains(&Pass::Scale),
        "--ids and --budget belong to the scale pass, which is run where it is asked for: add --pass scale"
    );
    Ok(())
}

/// The same of who sent the pings.
fn admit_who(args: &RunArgs, plan: &Plan) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.who.client_field.is_none() || plan.passes.contains(&Pass::Impact),
        "--client-field belongs to the impact pass, which is run where it is asked for: add --pass impact"
    );
    Ok(())
}

/// What is loaded from several machines at once is a given server, in the time pass.
fn admit_start(args: &RunArgs, plan: &Plan) -> anyhow::Result<()> {
    if args.start_at.is_none() {
        return Ok(());
    }
    let others: Vec<&str> =
        plan.passes.iter().filter(|pass| **pass != Pass::Time).map(|pass| pass.name()).collect();
    anyhow::ensure!(
        others.is_empty(),
        "--start-at: is for the time pass alone, and {} is to be run as well: give -p time, and run the rest by itself",
        others.join(", ")
    );
    let here = plan.strategies.iter().find(|strategy| strategy.definition.needs != Needs::Redis);
    anyhow::ensure!(
        here.is_none(),
        "--start-at: {} has no server that several machines could load; allowed are strategies that need a Redis, such as \
         redis-claim",
        here.map(|strategy| strategy.label()).unwrap_or_default()
    );
    Ok(())
}

/// Shares of pipelines are of whole pipelines.
pub(in crate::cmd) fn admit_pipelines(plan: &Plan) -> anyhow::Result<()> {
    let (pipelines, shares) = (plan.pipelines.get(), plan.partition.map_or(1, Partition::of));
    anyhow::ensure!(
        pipelines == 1 || pipelines >= shares,
        "--pipelines: found {pipelines}, which are fewer than the {shares} shares of --partition; allowed are {shares} and \
         more, or 1: then the cells are shared out"
    );
    Ok(())
}

/// Under faults only passes with a pipeline are run: says so where another was asked for.
fn admit_passes(args: &RunArgs, plan: &Plan) -> anyhow::Result<()> {
    let Some(workload) = plan.workloads.iter().find(|workload| !workload.faults().is_empty()) else {
        return Ok(());
    };
    let name = workload.name();
    let fails = |pass: &Pass| pass.has_pipeline();
    anyhow::ensure!(
        plan.passes.iter().any(fails),
        "--pass: {name} has faults, under which only verify and impact are run (the others have no pipeline in which \
         anything could fail): add --pass verify, or leave such scenarios out"
    );
    if !args.passes.is_empty() && !plan.passes.iter().all(fails) && !args.output.quiet {
        note(&format!("{name} has faults, under which only verify and impact are run"));
    }
    Ok(())
}

/// Refuses more pings than memory holds: the time pass makes them beforehand, and deals them out once more where each
/// worker has its own.
pub(in crate::cmd) fn admit(plan: &Plan) -> anyhow::Result<()> {
    if !plan.passes.contains(&Pass::Time) {
        return Ok(());
    }
    let most = plan.workloads.iter().map(Workload::expected_pings).max().unwrap_or(0);
    let pings = most.min(plan.options.time.pings as u64);
    let needed = pings.saturating_mul(2 * size_of::<dedup_strategies::Ping>() as u64);
    let memory_bytes = plan.limits.memory_bytes;
    anyhow::ensure!(
        needed <= memory_bytes,
        "--time-pings: {pings} pings would take up to {} MiB, but {} MiB are available: lower it",
        needed >> 20,
        memory_bytes >> 20
    );
    Ok(())
}

fn passes(asked: &[PassArg]) -> Vec<Pass> {
    // Those that take minutes a strategy have to be asked for.
    let usual = [(PassArg::Verify, Pass::Verify), (PassArg::Time, Pass::Time), (PassArg::Weigh, Pass::Weigh)];
    let chosen = usual.into_iter().filter(|(arg, _)| asked.is_empty() || asked.contains(arg));
    let more = [(PassArg::Scale, Pass::Scale), (PassArg::Impact, Pass::Impact)];
    let asked_for = more.into_iter().filter(|(arg, _)| asked.contains(arg));
    chosen.chain(asked_for).map(|(_, pass)| pass).collect()
}

/// What to run on, in the pipeline's shape that was asked for.
fn workloads(args: &RunArgs, directory: &Path, stop: &AtomicBool) -> anyhow::Result<Vec<Workload>> {
    let mut workloads = streams(args, directory, stop)?;
    for workload in &mut workloads {
        let pipeline = workload.pipeline_mut();
        pipeline.workers = args.workers.unwrap_or(pipeline.workers);
        pipeline.batch = args.batch.unwrap_or(pipeline.batch);
    }
    Ok(workloads)
}

fn streams(args: &RunArgs, directory: &Path, stop: &AtomicBool) -> anyhow::Result<Vec<Workload>> {
    if !args.traces.is_empty() {
        let options = trace_options(args, directory, stop)?;
        let survey = TraceSurvey::scan_unless(stop, &options).or_exit_by_fault()?;
        match args.output.quiet {
            true => survey.doubts.iter().for_each(|doubt| {
                say(format_args!("doubt: {}", printable(&doubt.to_string())));
            }),
            false => say(printable(&survey::text(&survey))),
        }
        let trace = Trace::new(options, &survey);
        return Ok(vec![Workload::Trace(Box::new(trace))]);
    }
    let scenarios = scenario::find_all(&args.scenarios).or_exit(Exit::Usage)?;
    let thinned = scenarios.iter().map(|scenario| scenario.thinned(args.thin.unwrap_or(1)));
    let scenarios = thinned.collect::<Result<Vec<_>, _>>().or_exit(Exit::Usage)?;
    Ok(scenarios.into_iter().map(|scenario| Workload::Scenario(Box::new(scenario))).collect())
}

/// Sees that numbers can be counted, and reads who sent the pings of a trace, before anything is written: each cell does so again.
fn admit_impact(args: &RunArgs, plan: &Plan) -> anyhow::Result<()> {
    if !plan.passes.contains(&Pass::Impact) {
        return Ok(());
    }
    impact::admit_job(plan.nightly.0).map_err(refusal)?;
    let memory_bytes = plan.limits.memory_bytes;
    for workload in &plan.workloads {
        impact::admit_pings(workload, memory_bytes).map_err(refusal)?;
        let senders = match workload {
            Workload::Scenario(_) => None,
            Workload::Trace(trace) => trace.senders().or_exit_by_fault()?,
        };
        let who = match workload {
            Workload::Scenario(_) => None,
            Workload::Trace(trace) => trace.options.who.as_ref(),
        };
        if let (Some(senders), Some(who), false) = (&senders, who, args.output.quiet) {
            say(printable(&survey::senders(senders, who)));
        }
        let seed = plan.seed.unwrap_or(workload.seed());
        impact::admit(workload, seed, senders, memory_bytes).map_err(refusal)?;
    }
    Ok(())
}

/// What a cell would be refused for is wrong usage.
fn refusal(error: CellError) -> anyhow::Error {
    match error {
        CellError::Refused(reason) | CellError::Failed(_, reason) | CellError::Skipped { reason, .. } => {
            Err::<(), _>(anyhow::anyhow!(reason)).or_exit(Exit::Usage).unwrap_err()
        }
    }
}

fn trace_options(args: &RunArgs, directory: &Path, stop: &AtomicBool) -> anyhow::Result<TraceOptions> {
    let files = find_files(&args.traces).or_exit_by_fault()?;
    let records = args.output.directory.as_ref().map(|directory| directory.join(FILE_NAME));
    let written = [("--output", records.as_deref())];
    refuse_one_place(files.iter().map(PathBuf::as_path), &written).or_exit(Exit::Usage)?;
    let scratch = Some(directory.to_path_buf());
    let who = args.who.fields();
    let mut options = TraceOptions { window: args.window, scratch, who, ..args.reading.options(&files) };
    if options.is_stdin() {
        let spooled = spool_stdin(directory, stop).or_exit_by_fault()?;
        options = options.spooled(spooled);
    }
    Ok(options)
}

fn redis(args: &RunArgs, stop: &AtomicBool) -> anyhow::Result<RedisChoice> {
    let own = if args.redis_cluster { RedisChoice::Cluster } else { RedisChoice::Private };
    let mut choice = args.redis.choice(own, stop)?;
    // Shares may be at work on one server at once.
    if let (RedisChoice::Given { prefix, .. }, Some(partition)) = (&mut choice, args.partition) {
        prefix.push_str(&format!("{}:", partition.index()));
    }
    Ok(choice)
}

const NO_WALL_TIME: &str = "--time-factor: nothing here keeps wall time; it goes with --redis-url or --redis-cluster, \
     with a scenario in which a primary fails over, or with a system whose clock is the wall's";

/// The first line of the records of `plan`.
pub(in crate::cmd) fn describe(plan: &Plan, preflight: &Preflight) -> RunRecord {
    let seed = plan.seed.unwrap_or_else(|| plan.workloads.first().map_or(0, Workload::seed));
    let doubts = plan.workloads.iter().flat_map(Workload::doubts).map(|doubt| DoubtRecord {
        kind: doubt.kind.name().to_string(),
        text: doubt.text.clone(),
        remedy: doubt.remedy.clone(),
    });
    printable_record(RunRecord {
        servers: preflight.servers.clone(),
        doubts: doubts.collect(),
        share: plan.partition.map(|partition| partition.share(&[plan])),
        ..run_starting_now(seed, plan.rounds)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }

    #[test]
    fn what_is_not_asked_for_is_as_in_a_plan_of_its_own() {
        let args = Line::parse_from(["run", "--memory-limit", "1GiB"]).run;
        let found = plan(&args, dedup_strategies::STRATEGIES, Path::new("/"), &Default::default()).unwrap();
        let mut own = Plan::new(found.workloads.clone(), found.strategies.clone(), "/".into());
        own.limits.memory_bytes = 1 << 30;
        own.disk_bytes = found.disk_bytes;
        assert_eq!(format!("{found:?}"), format!("{own:?}"));
    }
}
