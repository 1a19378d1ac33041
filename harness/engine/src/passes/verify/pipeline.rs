//! One pipeline: its share of the keys, from the stream to the truth.

use std::time::Duration;

use dedup_strategies::{Forgets, Needs, Promise, Routing};
use dedup_stream::faults::{Hits, Placed};
use dedup_stream::stream::{Ahead, KeyShare, Source};
use dedup_stream::truth::Truth;
use dedup_stream::workload::Workload;

use super::figures::figures;
use crate::environment::{CellError, Environment, Instance, Timing};
use crate::faults::most_workers;
use crate::nightly::DaySink;
use crate::passes::stable;
use crate::pipeline::{Ended, Pipeline};
use crate::process;
use crate::record::{Failure, VerifyFigures};

/// How many pings are judged a second time, to see whether the answers are the same.
const AGAIN: u64 = 50_000;

/// Events between two looks at how far it has come.
const STEP: u64 = 1 << 10;

/// How much faster than the pipeline's a store's clock may run, where each keeps its own: NTP corrects a clock by at
/// most one part in 2,000, and Redis counts in whole milliseconds.
const CLOCK_SLACK_SHARE: f64 = 0.001;
const CLOCK_SLACK: Duration = Duration::from_millis(2);

/// A pipeline's share of a cell.
pub(super) struct Own<'a> {
    pub(super) environment: &'a mut Environment,
    pub(super) workload: &'a Workload,
    pub(super) progress: &'a mut (dyn FnMut(f64) + Send),
    /// The keys that it is for.
    pub(super) share: KeyShare,
    /// How many pipelines run at once.
    pub(super) at_once: usize,
    /// What its unique pings are numbered among.
    pub(super) numbering: Numbering,
}

/// Among which unique pings those of a pipeline are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Those of its share: what is kept by number takes as little as can be.
    OfShare,
    /// All of the stream: rows of several pipelines can stand together.
    OfStream,
}

/// What a strategy declares, once it is built.
pub(super) struct Declaration {
    pub(super) forgets: Forgets,
    pub(super) promise: Promise,
    pub(super) routing: Routing,
}

/// What a run came to, without a nightly job.
pub(super) struct Pass {
    pub(super) figures: VerifyFigures,
    pub(super) declaration: Declaration,
    /// Names of the causes.
    pub(super) causes: Vec<String>,
}

/// A pipeline's place in the workload.
struct Placement<'a> {
    workload: &'a Workload,
    faults: Vec<Placed>,
    alive: fn(),
}

impl<'a> Own<'a> {
    /// The only pipeline, with all keys.
    pub(super) fn all(
        environment: &'a mut Environment,
        workload: &'a Workload,
        progress: &'a mut (dyn FnMut(f64) + Send),
    ) -> Own<'a> {
        let numbering = Numbering::OfShare;
        Own { environment, workload, progress, share: KeyShare::ALL, at_once: 1, numbering }
    }

    /// Runs it.
    pub(super) fn run(&mut self) -> Result<(VerifyFigures, Declaration), CellError> {
        let (sink, behind) = stable::begin(self.environment, self.workload)?.unzip();
        let Pass { mut figures, declaration, causes } = self.run_into(sink)?;
        if let Some(behind) = behind {
            figures.stable = Some(stable::finish(behind, &figures, &causes, self.environment.alive)?);
        }
        Ok((figures, declaration))
    }

    /// Runs it with a sink behind it.
    pub(super) fn run_into(&mut self, sink: Option<DaySink>) -> Result<Pass, CellError> {
        let expected = decisions_of_a_short_run(self)?;
        let mut instance = instance(self)?;
        let (promise, routing) = (instance.strategy.promise(), instance.strategy.routing());
        let before = instance.round_trips();
        let Whole { ended, decided, causes } = whole_run(self, &mut instance, sink)?;
        let round_trips = instance.round_trips().map(|trips| trips - before.unwrap_or(0));
        if expected.as_ref().is_some_and(|expected| *expected != decided) {
            return Err(not_deterministic(self, &expected.unwrap_or_default(), &decided));
        }
        let declaration = Declaration { forgets: instance.forgets(), promise, routing };
        let figures = VerifyFigures {
            round_trips_count: round_trips,
            emitted_twice_count: instance.emitted_twice(),
            ..figures(self, &declaration, &causes, ended)
        };
        Ok(Pass { figures, declaration, causes })
    }

    /// How many pipelines there are.
    fn pipelines(&self) -> u64 {
        u64::from(self.share.of().get())
    }

    /// How many pings to expect.
    pub(super) fn expected_pings(&self) -> u64 {
        self.workload.expected_pings() / self.pipelines()
    }

    /// The faults that are placed in it: one of a pipeline that is not there is the last one's.
    fn faults(&self) -> Vec<Placed> {
        let last = self.share.of().get() - 1;
        let is_here = |fault: &&Placed| fault.pipeline.min(last) == self.share.index();
        self.workload.faults().iter().filter(is_here).cloned().collect()
    }

    fn placed(&self) -> Placement<'a> {
        Placement { workload: self.workload, faults: self.faults(), alive: self.environment.alive }
    }

    fn source(&self) -> Result<Box<dyn Source>, CellError> {
        let seed = self.environment.seed;
        Ok(match self.numbering {
            Numbering::OfShare => self.workload.source_of(seed, self.share)?,
            Numbering::OfStream => self.workload.source_numbered_as_whole(seed, self.share)?,
        })
    }

    /// The same, made on a thread of its own where there are cores for that.
    fn source_ahead(&self) -> Result<Box<dyn Source>, CellError> {
        let source = self.source()?;
        let is_room = self.at_once == 1 || process::cores().get() >= 2 * self.at_once;
        Ok(if is_room { Box::new(Ahead::of(source)) } else { source })
    }
}

fn not_deterministic(own: &Own<'_>, expected: &str, decided: &str) -> CellError {
    CellError::Failed(
        Failure::Contract,
        format!(
            "not deterministic: the first {} pings were judged twice with seed {}, and the answers differ \
             (digests {expected} and {decided})",
            AGAIN / own.pipelines(),
            own.environment.seed
        ),
    )
}

/// A new instance, for the largest number of workers that there will be.
fn instance(own: &mut Own<'_>) -> Result<Instance, CellError> {
    let workers = own.workload.pipeline().workers;
    let most = most_workers(&own.faults(), workers.get());
    let instance =
        own.environment.instance(workers.max(most.try_into().unwrap_or(workers)), Timing::Scenario)?;
    instance.wait_for_clock();
    let needs = own.environment.definition.needs;
    let obstacle = own.workload.faults().iter().find_map(|fault| obstacle(fault, needs, &instance));
    obstacle.map_or(Ok(instance), Err)
}

/// Why a fault cannot happen to a strategy.
fn obstacle(fault: &Placed, needs: Needs, instance: &Instance) -> Option<CellError> {
    if !fault.hits_store() || instance.can_be_troubled() {
        return None;
    }
    let skipped = |reason: String, remedy: &str| Some(CellError::Skipped { reason, remedy: remedy.into() });
    let kind = fault.kind.name;
    match (needs, fault.kind.hits) {
        (Needs::Nothing, Hits::Store | Hits::Cluster) => skipped(
            "a fault of a store does not apply: it keeps none beside the process".to_string(),
            "nothing to be done; a restart is what it has to fear",
        ),
        (Needs::System { .. }, Hits::Store | Hits::Cluster) => skipped(
            format!("{kind} cannot be brought about: the harness does not know its store"),
            "where it has a server, [server] in its file says how to start it",
        ),
        (Needs::Nothing | Needs::System { .. }, _) => None,
        _ => skipped(
            format!("{kind} cannot be brought about: its server is not ours to trouble"),
            "leave out --redis-url, and a private server is started",
        ),
    }
}

/// How many of the first pings are judged a second time. None where the answers need not be the same: where a store keeps
/// wall time, or is troubled by real means, which take real time.
fn judged_again(own: &Own<'_>) -> u64 {
    let needs_store = own.environment.definition.needs != Needs::Nothing;
    let store_troubled = needs_store && own.faults().iter().any(Placed::hits_store);
    match own.environment.on_wall_time() || store_troubled {
        true => 0,
        false => (AGAIN / own.pipelines()).min(own.expected_pings()),
    }
}

/// Every decision on the first pings, from an instance that then goes away, where the answers have to be the same.
fn decisions_of_a_short_run(own: &mut Own<'_>) -> Result<Option<String>, CellError> {
    if judged_again(own) == 0 {
        return Ok(None);
    }
    let mut instance = instance(own)?;
    let mut source = own.source()?;
    let mut pipeline = pipeline(own.placed(), &mut instance, Duration::ZERO, source.causes().len())?;
    let work = work(own);
    run_up_to(AGAIN / own.pipelines(), &mut pipeline, source.as_mut(), &mut |judged| {
        (own.progress)(judged as f64 / work);
    })?;
    Ok(Some(pipeline.digest()))
}

/// What the whole stream came to.
struct Whole {
    ended: Ended,
    /// Digest of the decisions on the first pings.
    decided: String,
    /// Names of the causes.
    causes: Vec<String>,
}

fn whole_run(own: &mut Own<'_>, instance: &mut Instance, sink: Option<DaySink>) -> Result<Whole, CellError> {
    let on_wall_time = own.environment.on_wall_time();
    let mut source = own.source_ahead()?;
    let slack = if on_wall_time { slack(own.workload, instance) } else { Duration::ZERO };
    let mut pipeline = pipeline(own.placed(), instance, slack, source.causes().len())?;
    if let Some(sink) = sink {
        pipeline = pipeline.with_sink(Box::new(sink));
    }
    let (again, work, first) = (judged_again(own), work(own), AGAIN / own.pipelines());
    let mut progress = |judged| (own.progress)(((again + judged) as f64 / work).min(1.0));
    let mut decided = String::new();
    let mut more = true;
    if !on_wall_time {
        more = run_up_to(first, &mut pipeline, source.as_mut(), &mut progress)?;
        decided = pipeline.digest();
    }
    if more {
        run_up_to(u64::MAX, &mut pipeline, source.as_mut(), &mut progress)?;
    }
    Ok(Whole { ended: pipeline.finish()?, decided, causes: source.causes().to_vec() })
}

/// Takes up to `limit` events through the pipeline, and says after some of them how many it has seen in all; false once
/// the source has ended.
fn run_up_to(
    limit: u64,
    pipeline: &mut Pipeline<'_>,
    source: &mut dyn Source,
    progress: &mut dyn FnMut(u64),
) -> Result<bool, CellError> {
    let mut left = limit;
    while left > 0 {
        if !pipeline.run(source, left.min(STEP))? {
            return Ok(false);
        }
        left -= left.min(STEP);
        progress(pipeline.truth().counts().pings);
    }
    Ok(true)
}

/// How many pings are judged in all.
fn work(own: &Own<'_>) -> f64 {
    (judged_again(own) + own.expected_pings()).max(1) as f64
}

/// In virtual time, for the whole window.
fn slack(workload: &Workload, instance: &Instance) -> Duration {
    let window = instance.strategy.promise().window.length().unwrap_or(workload.sizing().window);
    CLOCK_SLACK.mul_f64(instance.time_factor()) + window.mul_f64(CLOCK_SLACK_SHARE)
}

fn pipeline<'a>(
    placed: Placement<'a>,
    instance: &'a mut Instance,
    slack: Duration,
    causes: usize,
) -> Result<Pipeline<'a>, CellError> {
    let Placement { workload, faults, alive } = placed;
    let start = workload.start();
    let window = instance.strategy.promise().window;
    let truth = Truth::new(window, causes, start, workload.length()).with_slack(slack);
    if faults.is_empty() {
        let strategy = instance.strategy.as_ref();
        let pipeline = Pipeline::new(workload.pipeline(), strategy, truth, instance.pace(), start)?;
        return Ok(pipeline.with_sign_of_life(alive));
    }
    let (pace, hosted) = instance.pace_and_host();
    let hosted = Box::new(hosted);
    let pipeline =
        Pipeline::with_faults(workload.pipeline(), &faults, hosted, truth.under_faults(), pace, start)?;
    Ok(pipeline.with_sign_of_life(alive))
}
