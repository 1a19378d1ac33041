//! The cell's own process.

use std::io::{BufRead, Read, Write};
use std::process::ExitCode;

use dedup_strategies::{Definition, Needs, Operation};
use dedup_stream::faults::Placed;
use dedup_stream::scenario::Scenario;
use dedup_stream::workload::Workload;

use super::job::{Input, Job, Message, Work};
use super::slow::WaitsFor;
use super::steps;
use crate::alloc;
use crate::environment::{CellError, Environment, PassOptions, RedisChoice, Timing, named};
use crate::passes::verify::at_once;
use crate::passes::{self, Bench};
use crate::process::leave_no_core;
use crate::record::{CellResult, Pass};
use crate::servers::{Between, Stay};

/// Runs the job that stands on standard input and reports on standard output. `definitions` are all strategies that
/// this program knows.
pub fn run(definitions: &[Definition]) -> ExitCode {
    report_panics();
    let mut line = String::new();
    let job: Job = match std::io::stdin().lock().read_line(&mut line).map(|_| serde_json::from_str(&line)) {
        Ok(Ok(job)) => job,
        _ => {
            eprintln!("this sub-command is for the harness's own use");
            return ExitCode::from(2);
        }
    };
    // Whoever started this is gone where the directory is.
    let Ok(_stay) = Stay::within(&job.directory) else { return ExitCode::FAILURE };
    if matches!(job.redis, RedisChoice::Given { .. }) {
        leave_no_core();
    }
    end_with_the_parent();
    steps::report(|share| send(&Message::Progress(share)));
    let message = match work(definitions, &job) {
        Ok(Some(result)) => Message::Result(Box::new(result)),
        Ok(None) => Message::Built,
        Err(CellError::Refused(reason)) => Message::Refused(reason),
        Err(error) => Message::Result(Box::new(error.into_result())),
    };
    send(&Message::Peak(crate::process::peak_rss_bytes()));
    send(&message);
    ExitCode::SUCCESS
}

fn work(definitions: &[Definition], job: &Job) -> Result<Option<CellResult>, CellError> {
    let workload = workload(job, named(definitions, &job.strategy)?.needs)?;
    let environment = environment(definitions, job, &workload)?;
    let obituaries = environment.obituaries.clone();
    obituaries.or(work_in(environment, job, &workload))
}

fn work_in(
    mut environment: Environment,
    job: &Job,
    workload: &Workload,
) -> Result<Option<CellResult>, CellError> {
    let (pass, options) = match job.work {
        Work::Measure(pass, options) => (Some(pass), options),
        Work::Faultless => (Some(Pass::Verify), PassOptions::default()),
        Work::Build => (None, PassOptions::default()),
    };
    let Some(pass) = pass else {
        if let Some(share) = job.pipelines.first().filter(|share| !share.is_all()) {
            environment = environment.of_share(share, at_once(&job.pipelines));
        }
        let instance = environment.instance(workload.pipeline().workers, Timing::Scenario)?;
        if let Some((name, version)) = instance.server_version() {
            send(&Message::Server { name: name.to_string(), version });
        }
        return Ok(None);
    };
    send(&Message::WaitsFor(waits_for(&environment, pass)));
    if matches!(pass, Pass::Weigh | Pass::Scale) {
        alloc::start_counting();
    }
    let pipelines = job.pipelines.clone();
    let bench = Bench { environment: &mut environment, workload, progress: &mut steps::done, pipelines };
    Ok(Some(match pass {
        Pass::Verify => CellResult::Verify(Box::new(passes::verify::run(bench)?)),
        Pass::Time => CellResult::Time(Box::new(passes::time::run(bench, &options.time)?)),
        Pass::Weigh => CellResult::Weigh(Box::new(passes::weigh::run(bench)?)),
        Pass::Impact => CellResult::Impact(Box::new(passes::impact::run(bench)?)),
        Pass::Scale => CellResult::Scale(Box::new(passes::scale::run(bench, &job.given, &options.scale)?)),
    }))
}

/// The pings that `job` is about, in its pipeline's shape, or the one that its strategy needs.
fn workload(job: &Job, needs: Needs) -> Result<Workload, CellError> {
    let mut workload = match &job.input {
        Input::Scenario { name, toml } => {
            let scenario = Scenario::from_toml(name, toml).map_err(CellError::refused)?;
            Workload::Scenario(Box::new(Scenario { name: name.clone(), ..scenario }))
        }
        Input::Trace(trace) => Workload::Trace(trace.clone()),
    };
    let pipeline = workload.pipeline_mut();
    pipeline.workers = job.workers;
    pipeline.batch = job.batch;
    // A pipeline that waits longer for its batches does so for a flow too.
    pipeline.linger = needs.batching().map_or(pipeline.linger, |flow| flow.linger.max(pipeline.linger));
    Ok(if matches!(job.work, Work::Faultless) { workload.without_faults() } else { workload })
}

/// Where `job`'s strategy is built.
fn environment(definitions: &[Definition], job: &Job, workload: &Workload) -> Result<Environment, CellError> {
    let definition = named(definitions, &job.strategy)?;
    let sizing = workload.sizing();
    let settings = job.settings.clone();
    Ok(Environment {
        nightly: job.nightly,
        memory_limit: job.memory_limit,
        disk_limit: job.disk_limit,
        redis: job.redis.clone(),
        time_factor: job.time_factor,
        alive: steps::made,
        routed: workload.pipeline().routed,
        between: if workload.faults().iter().any(Placed::hits_store) {
            Between::Proxy
        } else {
            Between::Nothing
        },
        start: workload.start(),
        ..Environment::new(*definition, settings, job.seed, sizing, job.directory.clone())
    })
}

/// What the thread of such a cell waits for when it does not compute.
fn waits_for(environment: &Environment, pass: Pass) -> WaitsFor {
    match environment.definition {
        _ if pass == Pass::Time => WaitsFor::TimeBudget,
        _ if environment.on_wall_time() => WaitsFor::ServersClock,
        Definition { needs: Needs::System { .. }, .. } => WaitsFor::System,
        Definition { needs: Needs::Redis, .. } => WaitsFor::Server,
        Definition { operation: Operation::ON_DISK, .. } => WaitsFor::Disk,
        _ => WaitsFor::Stream,
    }
}

/// Writes one message. A parent that no longer listens is a parent that is gone.
fn send(message: &Message) {
    let mut line = serde_json::to_string(message).expect("messages are plain data");
    line.push('\n');
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(1);
    }
}

fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
        let what = panic.payload_as_str().unwrap_or("no message");
        send(&Message::Panicked(format!("{what}{}", place.unwrap_or_default())));
    }));
}

/// The parent holds the other end of standard input: when it dies, by whatever cause, so does this process.
fn end_with_the_parent() {
    alloc::start_thread(|| {
        let mut rest = Vec::new();
        let _ = std::io::stdin().lock().read_to_end(&mut rest);
        std::process::exit(1);
    });
}
