//! Verify: the whole pipeline in virtual time, scored against the truth.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Needs, Promise, Routing, Window};
use dedup_stream::faults::{Hits, Placed};
use dedup_stream::scenario::Routed;
use dedup_stream::stream::{Ahead, Source};
use dedup_stream::truth::{self, Truth};
use dedup_stream::workload::Workload;
use hdrhistogram::Histogram;

use crate::environment::{CellError, Instance, Timing};
use crate::faults::most_workers;
use crate::nightly::DaySink;
use crate::passes::judgement::{Circumstances, judge, not_by_key, or_inconclusive, settled_too_late};
use crate::passes::{Bench, stable};
use crate::pipeline::{Ended, ObservedFault, Pipeline};
use crate::predict::{Declared, predict};
use crate::record::{
    CauseFigures, Failure, FaultFigures, Judgement, LagFigures, Latency, OverTime, Prediction, Verdict,
    VerifyFigures,
};
use crate::servers::Outage;

/// How many pings are judged a second time, to see whether the answers are the same.
const AGAIN: u64 = 50_000;

/// Events between two looks at how far it has come.
const STEP: u64 = 1 << 10;

/// How much faster than the pipeline's a store's clock may run, where each keeps its own: NTP corrects a clock by at
/// most one part in 2,000, and Redis counts in whole milliseconds.
const CLOCK_SLACK_SHARE: f64 = 0.001;
const CLOCK_SLACK: Duration = Duration::from_millis(2);

/// On wall time, of which share of the pings, and by which share of the window, may be judged too late. Beyond that,
/// it was another stream than the scenario's that was judged.
const LATE_SHARE: f64 = 0.05;
const LATE_BY: f64 = 0.05;

/// Runs the pass.
pub fn run(mut bench: Bench<'_>) -> Result<VerifyFigures, CellError> {
    let expected = decisions_of_a_short_run(&mut bench)?;
    let mut instance = instance(&mut bench)?;
    let (promise, routing) = (instance.strategy.promise(), instance.strategy.routing());
    let before = instance.round_trips();
    let (sink, behind) = stable::begin(&bench)?.unzip();
    let Whole { ended, decided, causes } = whole_run(&mut bench, &mut instance, sink)?;
    let round_trips = instance.round_trips().map(|trips| trips - before.unwrap_or(0));
    if expected.as_ref().is_some_and(|expected| *expected != decided) {
        let expected = expected.unwrap_or_default();
        return Err(CellError::Failed(
            Failure::Contract,
            format!(
                "not deterministic: the first {AGAIN} pings were judged twice with seed {}, and the answers differ \
                 (digests {expected} and {decided})",
                bench.environment.seed
            ),
        ));
    }
    let judged = judged(&bench, &ended, &promise, routing);
    let mut figures = VerifyFigures {
        round_trips_count: round_trips,
        emitted_twice_count: instance.emitted_twice(),
        ..figures(&bench, &causes, ended, judged)
    };
    if let Some(behind) = behind {
        figures.stable = Some(stable::finish(behind, &figures, &causes, bench.environment.alive)?);
    }
    let declared = Declared { forgets: instance.forgets(), promise: &promise, routing };
    figures.predicted = predicted(&bench, declared, &figures);
    Ok(figures)
}

/// A new instance, for the largest number of workers that there will be.
fn instance(bench: &mut Bench<'_>) -> Result<Instance, CellError> {
    let workers = bench.workload.pipeline().workers;
    let most = most_workers(bench.workload.faults(), workers.get());
    let instance =
        bench.environment.instance(workers.max(most.try_into().unwrap_or(workers)), Timing::Scenario)?;
    instance.wait_for_clock();
    let needs = bench.environment.definition.needs;
    let obstacle = bench.workload.faults().iter().find_map(|fault| obstacle(fault, needs, &instance));
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
fn judged_again(bench: &Bench<'_>) -> u64 {
    let needs_store = bench.environment.definition.needs != Needs::Nothing;
    let store_troubled = needs_store && bench.workload.faults().iter().any(Placed::hits_store);
    match bench.environment.on_wall_time() || store_troubled {
        true => 0,
        false => AGAIN.min(bench.workload.expected_pings()),
    }
}

/// Every decision on the first pings, from an instance that then goes away, where the answers have to be the same.
fn decisions_of_a_short_run(bench: &mut Bench<'_>) -> Result<Option<String>, CellError> {
    if judged_again(bench) == 0 {
        return Ok(None);
    }
    let mut instance = instance(bench)?;
    let mut source = bench.workload.source(bench.environment.seed)?;
    let (causes, alive) = (source.causes().len(), bench.environment.alive);
    let mut pipeline = pipeline(bench.workload, alive, &mut instance, Duration::ZERO, causes)?;
    let work = work(bench);
    run_up_to(AGAIN, &mut pipeline, source.as_mut(), &mut |judged| {
        (bench.progress)(judged as f64 / work);
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

fn whole_run(
    bench: &mut Bench<'_>,
    instance: &mut Instance,
    sink: Option<DaySink>,
) -> Result<Whole, CellError> {
    let on_wall_time = bench.environment.on_wall_time();
    let mut source = Ahead::of(bench.workload.source(bench.environment.seed)?);
    let slack = if on_wall_time { slack(bench.workload, instance) } else { Duration::ZERO };
    let (causes, alive) = (source.causes().len(), bench.environment.alive);
    let mut pipeline = pipeline(bench.workload, alive, instance, slack, causes)?;
    if let Some(sink) = sink {
        pipeline = pipeline.with_sink(Box::new(sink));
    }
    let (again, work) = (judged_again(bench), work(bench));
    let mut progress = |judged| (bench.progress)(((again + judged) as f64 / work).min(1.0));
    let mut decided = String::new();
    let mut more = true;
    if !on_wall_time {
        more = run_up_to(AGAIN, &mut pipeline, &mut source, &mut progress)?;
        decided = pipeline.digest();
    }
    if more {
        run_up_to(u64::MAX, &mut pipeline, &mut source, &mut progress)?;
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
fn work(bench: &Bench<'_>) -> f64 {
    (judged_again(bench) + bench.workload.expected_pings()).max(1) as f64
}

/// In virtual time, for the whole window.
fn slack(workload: &Workload, instance: &Instance) -> Duration {
    let window = instance.strategy.promise().window.length().unwrap_or(workload.sizing().window);
    CLOCK_SLACK.mul_f64(instance.time_factor()) + window.mul_f64(CLOCK_SLACK_SHARE)
}

fn pipeline<'a>(
    workload: &'a Workload,
    alive: fn(),
    instance: &'a mut Instance,
    slack: Duration,
    causes: usize,
) -> Result<Pipeline<'a>, CellError> {
    let (start, faults) = (workload.start(), workload.faults());
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
        Pipeline::with_faults(workload.pipeline(), faults, hosted, truth.under_faults(), pace, start)?;
    Ok(pipeline.with_sign_of_life(alive))
}

/// How the run stands to the promise.
fn judged(bench: &Bench<'_>, ended: &Ended, promise: &Promise, routing: Routing) -> Judgement {
    if !routes_as_assumed(bench, promise, routing) {
        return not_by_key();
    }
    let pipeline = bench.workload.pipeline();
    let settled = pipeline.publish_latency.saturating_add(pipeline.mark_lag);
    if let Some(judgement) = settled_too_late(promise, settled) {
        return judgement;
    }
    let circumstances = match ended.faults.is_empty() {
        true => Circumstances::Ordinary,
        false => Circumstances::Faults,
    };
    let judgement = judge(promise, circumstances, ended.truth.counts(), ended.truth.ids_in_window());
    let judgement = in_time(bench, &ended.late_ns, promise, judgement);
    let never = ended.faults.iter().filter(|fault| fault.seen.fired == 0);
    or_inconclusive(judgement, &never.map(|fault| fault.placed.to_string()).collect::<Vec<_>>())
}

/// A promise of state that each worker has for itself is for pipelines that route by key.
fn routes_as_assumed(bench: &Bench<'_>, promise: &Promise, routing: Routing) -> bool {
    let routed = bench.workload.pipeline().routed;
    routed == Routed::ByKey || routing == Routing::Any || promise.window == Window::Nothing
}

/// How long a store was away as the stream saw it.
fn outage_ns(outage: Outage, happened: &ObservedFault, time_factor: f64) -> u64 {
    saturating_nanos(match outage {
        Outage::AsPlaced => happened.placed.lasts,
        Outage::Real(real) => real.mul_f64(time_factor),
    })
}

fn fault_figures(happened: &ObservedFault, time_factor: f64) -> FaultFigures {
    FaultFigures {
        kind: happened.placed.kind.name.to_string(),
        at_ns: happened.placed.at_ns(),
        for_ns: saturating_nanos(happened.placed.lasts),
        fired_count: happened.seen.fired,
        observed: happened.seen.what.clone(),
        outage_ns: happened.seen.outage.map(|outage| outage_ns(outage, happened, time_factor)),
    }
}

fn cause_figures(truth::CauseTally { cause, duplicates, missed }: truth::CauseTally) -> CauseFigures {
    CauseFigures { cause, duplicate_count: duplicates, missed_count: missed }
}

fn lag_figures(tally: &truth::LagTally) -> LagFigures {
    LagFigures { up_to_ns: tally.up_to_ns, duplicate_count: tally.duplicates, missed_count: tally.missed }
}

fn over_time(counts: truth::OverTime) -> OverTime {
    OverTime {
        slice_ns: counts.slice_ns,
        pings_count: counts.pings,
        missed_count: counts.missed,
        dropped_first_count: counts.dropped_first,
    }
}

fn figures(bench: &Bench<'_>, causes: &[String], ended: Ended, judgement: Judgement) -> VerifyFigures {
    let time_factor = if bench.environment.on_wall_time() { bench.environment.time_factor } else { 1.0 };
    let truth = &ended.truth;
    let counts = truth.counts();
    VerifyFigures {
        pings_count: counts.pings,
        unique_count: counts.uniques,
        duplicate_count: truth.duplicates(),
        missed_count: counts.missed,
        duplicate_in_window_count: counts.in_window,
        missed_in_window_count: counts.missed_in_window,
        lost_count: counts.lost,
        lost_shared_key_count: counts.lost_shared_key,
        delayed_count: counts.delayed,
        late_count: counts.late,
        stalled_count: counts.stalled,
        error_count: counts.errors,
        unjudged_count: counts.unjudged,
        refused_unique_count: counts.uniques - counts.delivered - counts.lost,
        ids_in_window_count: truth.ids_in_window(),
        virtual_ns: saturating_nanos(bench.workload.length()),
        by_cause: truth.by_cause(causes).into_iter().map(cause_figures).collect(),
        by_lag: truth.by_lag().iter().map(lag_figures).collect(),
        over_time: over_time(truth.over_time()),
        held_ns: (!ended.held_ns.is_empty()).then(|| Latency::from_histogram(&ended.held_ns)),
        faults: ended.faults.iter().map(|fault| fault_figures(fault, time_factor)).collect(),
        faultless: None,
        waited_ns: (!ended.waited_ns.is_empty()).then(|| Latency::from_histogram(&ended.waited_ns)),
        redelivered_count: counts.redelivered,
        stable: None,
        predicted: Vec::new(),
        round_trips_count: None,
        emitted_twice_count: None,
        output_digest: ended.digest,
        judgement,
    }
}

/// What theory says, where nothing breaks and the pipeline's time is virtual: on the wall's, the delays are other ones.
fn predicted(bench: &Bench<'_>, strategy: Declared<'_>, seen: &VerifyFigures) -> Vec<Prediction> {
    let Workload::Scenario(scenario) = bench.workload else { return Vec::new() };
    if bench.environment.on_wall_time() || !bench.workload.faults().is_empty() {
        return Vec::new();
    }
    predict(scenario, strategy, seen)
}

/// A promise that was kept by pings that came too late was not put to the test. One that was broken is broken: what
/// counts as inside the window was inside it by both clocks.
fn in_time(
    bench: &Bench<'_>,
    late_ns: &Histogram<u64>,
    promise: &Promise,
    judgement: Judgement,
) -> Judgement {
    let window = promise.window.length().unwrap_or(bench.workload.sizing().window);
    let allowed = window.mul_f64(LATE_BY);
    let late = late_ns.len() - late_ns.count_between(0, saturating_nanos(allowed));
    let share = late as f64 / bench.workload.expected_pings().max(1) as f64;
    if judgement.verdict != Verdict::Kept || share <= LATE_SHARE {
        return judgement;
    }
    let finding = format!(
        "fell behind: {:.0} % of the pings were judged more than {} late, the last by {:.1?} of virtual time; the server \
         does not answer fast enough for this --time-factor, give a lower one",
        100.0 * share,
        humantime::format_duration(allowed),
        Duration::from_nanos(late_ns.max()),
    );
    Judgement { verdict: Verdict::Void, findings: vec![finding] }
}
