//! From options to a plan: what is to be run on what, and whether it can be.

use std::cell::RefCell;
use std::path::Path;

use anyhow::anyhow;
use dedup_strategies::{Definition, Needs};

use super::{PassArg, RunArgs};
use crate::cell::{Input, Limits};
use crate::environment::{RedisChoice, TimeOptions};
use crate::exit::{Exit, OrExit};
use crate::machine::run_starting_now;
use crate::pacing::Pacing;
use crate::printable::printable;
use crate::record::{Pass, RunRecord};
use crate::scenario;
use crate::select::{Selected, select};
use crate::servers::{ServerError, SharedRedis};
use crate::suite::{Plan, Preflight};
use crate::trace::{TraceOptions, TraceSurvey};
use crate::workload::{Trace, Workload};

pub(in crate::cmd) fn plan(
    args: &RunArgs,
    definitions: &[Definition],
    directory: &Path,
) -> anyhow::Result<Plan> {
    let strategies: Vec<Selected> = select(definitions, &args.strategies).or_exit(Exit::Usage)?;
    let redis = redis(args)?;
    let mut workloads = workloads(args, directory)?;
    let on_wall_time = |(workload, _): &(Workload, Input)| match redis.under(workload.faults()) {
        RedisChoice::Private => false,
        RedisChoice::Cluster | RedisChoice::Given { .. } => true,
    };
    if args.time_factor.is_some() && !workloads.iter().any(on_wall_time) {
        Err(anyhow!(NO_WALL_TIME)).or_exit(Exit::Usage)?;
    }
    for (workload, _) in &mut workloads {
        let pipeline = workload.pipeline_mut();
        if let Some(workers) = args.workers.and_then(|n| usize::from(n).try_into().ok()) {
            pipeline.workers = workers;
        }
        if let Some(batch) = args.batch.and_then(|n| (n as usize).try_into().ok()) {
            pipeline.batch = batch;
        }
    }
    let available = crate::process::available_bytes();
    let memory_bytes = args.memory_limit.unwrap_or(available / 5 * 4);
    let passes = passes(&args.passes);
    admit_passes(args, &passes, &workloads).or_exit(Exit::Usage)?;
    if passes.contains(&Pass::Time) {
        let most = workloads.iter().map(|(workload, _)| workload.expected_pings()).max().unwrap_or(0);
        fits(most.min(u64::from(args.time_pings)), memory_bytes).or_exit(Exit::Usage)?;
    }
    let claim = claim(&redis, &strategies)?;
    let round_trip = claim.as_ref().map(|claim| claim.borrow_mut().round_trip());
    let round_trip = round_trip.transpose().or_exit(Exit::Usage)?.unwrap_or_default();
    Ok(Plan {
        redis,
        claim,
        pacing: Pacing { asked: args.time_factor, round_trip },
        workloads,
        strategies,
        passes,
        rounds: args.rounds,
        seed: args.seed,
        time: TimeOptions {
            threads: usize::from(args.threads),
            rate_per_s: args.rate,
            pings: args.time_pings as usize,
            seconds: args.time_budget,
        },
        nightly: (args.nightly, args.preceding_days),
        disk_bytes: crate::process::free_bytes(directory),
        limits: Limits { stall: args.stall_timeout, memory_bytes },
        jobs: args
            .jobs
            .and_then(|jobs| usize::from(jobs).try_into().ok())
            .unwrap_or_else(crate::process::cores),
    })
}

/// Under faults only the verify pass is run: says so where another was asked for.
fn admit_passes(args: &RunArgs, passes: &[Pass], workloads: &[(Workload, Input)]) -> anyhow::Result<()> {
    let Some((workload, _)) = workloads.iter().find(|(workload, _)| !workload.faults().is_empty()) else {
        return Ok(());
    };
    let name = workload.name();
    anyhow::ensure!(
        passes.contains(&Pass::Verify),
        "--pass: {name} has faults, under which only verify is run (time and weigh have no pipeline in which anything \
         could fail): add --pass verify, or leave such scenarios out"
    );
    if args.passes.len() > 1 && !args.quiet {
        anstream::eprintln!(
            "note: {name} has faults, under which only verify is run: --pass verify is implied"
        );
    }
    Ok(())
}

/// Refuses more pings than memory holds: the time pass makes them beforehand, and deals them out once more where each
/// worker has its own.
fn fits(time_pings: u64, memory_bytes: u64) -> anyhow::Result<()> {
    let needed = time_pings.saturating_mul(2 * size_of::<dedup_strategies::Ping>() as u64);
    anyhow::ensure!(
        needed <= memory_bytes,
        "--time-pings: {time_pings} pings would take up to {} MiB, but {} MiB are available: lower it",
        needed >> 20,
        memory_bytes >> 20
    );
    Ok(())
}

fn passes(asked: &[PassArg]) -> Vec<Pass> {
    let all = [(PassArg::Verify, Pass::Verify), (PassArg::Time, Pass::Time), (PassArg::Weigh, Pass::Weigh)];
    let chosen = all.into_iter().filter(|(arg, _)| asked.is_empty() || asked.contains(arg));
    chosen.map(|(_, pass)| pass).collect()
}

fn workloads(args: &RunArgs, directory: &Path) -> anyhow::Result<Vec<(Workload, Input)>> {
    if let Some(path) = &args.trace {
        let options = trace_options(args, path, directory)?;
        let survey = TraceSurvey::scan(&options).or_exit(Exit::Usage)?;
        if !args.quiet {
            anstream::eprintln!("{}", printable(&survey.to_string()));
        }
        let trace = Box::new(Trace::new(options, &survey));
        return Ok(vec![(Workload::Trace(trace.clone()), Input::Trace(trace))]);
    }
    Ok(scenario::find_all(&args.scenarios)
        .or_exit(Exit::Usage)?
        .into_iter()
        .map(|scenario| {
            let input = Input::Scenario { name: scenario.name.clone(), toml: scenario.text.clone() };
            (Workload::Scenario(Box::new(scenario)), input)
        })
        .collect())
}

fn trace_options(args: &RunArgs, path: &Path, directory: &Path) -> anyhow::Result<TraceOptions> {
    let mut options = TraceOptions::new(path);
    options.id_field = args.id_field.clone();
    options.time_field = args.time_field.clone();
    options.time_unit = args.time_unit;
    options.max_bad = args.max_bad;
    options.window = args.window;
    if options.is_stdin() {
        let spooled = crate::trace::spool_stdin(directory).or_exit(Exit::Usage)?;
        options = options.spooled(spooled);
    }
    Ok(options)
}

fn redis(args: &RunArgs) -> anyhow::Result<RedisChoice> {
    let Some(url) = &args.redis_url else {
        return Ok(if args.redis_cluster { RedisChoice::Cluster } else { RedisChoice::Private });
    };
    dedup_strategies::redis::Address::parse(url).or_exit(Exit::Usage)?;
    Ok(RedisChoice::Given { url: url.clone(), prefix: args.redis_prefix.clone() })
}

/// Claims the prefix on a server that was given, for the whole run: what is wrong with either is found before anything
/// else is done.
fn claim(redis: &RedisChoice, strategies: &[Selected]) -> anyhow::Result<Option<RefCell<SharedRedis>>> {
    let RedisChoice::Given { url, prefix } = redis else { return Ok(None) };
    if strategies.iter().all(|strategy| strategy.definition.needs != Needs::Redis) {
        return Ok(None);
    }
    match SharedRedis::claim(url, prefix) {
        Ok(claim) => Ok(Some(RefCell::new(claim))),
        Err(error @ ServerError::Unavailable(_)) => Err(anyhow!("--redis-url {error}; {REACHING}")),
        Err(error) => Err(error.into()),
    }
    .or_exit(Exit::Usage)
}

const REACHING: &str = "see that the server runs, can be reached from here and takes this user and password \
     (redis-cli -u URL ping), or leave out --redis-url, and a private server is started";

const NO_WALL_TIME: &str = "--time-factor: nothing here keeps wall time; it goes with --redis-url or --redis-cluster, \
     or with a scenario in which a primary fails over";

pub(in crate::cmd) fn describe(args: &RunArgs, plan: &Plan, preflight: &Preflight) -> RunRecord {
    let seed = args.seed.unwrap_or_else(|| plan.workloads.first().map_or(0, |(workload, _)| workload.seed()));
    RunRecord { servers: preflight.servers.clone(), ..run_starting_now(seed, plan.rounds) }
}
