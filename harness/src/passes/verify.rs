//! Verify: the whole pipeline in virtual time, scored against the truth.

use std::time::Duration;

use dedup_strategies::Promise;
use dedup_strategies::time::saturating_nanos;
use hdrhistogram::Histogram;

use crate::cell::{Instance, Timing, Trouble};
use crate::nightly::DaySink;
use crate::passes::{Bench, stable};
use crate::pipeline::{Ended, Pipeline};
use crate::record::{Failure, Judgement, Latency, Verdict, VerifyFigures};
use crate::truth::{self, Truth};
use crate::workload::Workload;

/// How many pings are judged a second time, to see whether the answers are the same.
const AGAIN: u64 = 50_000;

/// Events between two reports of progress.
const STEP: u64 = 1 << 16;

/// The same where the pipeline waits for the wall's clock.
const STEP_ON_WALL_TIME: u64 = 256;

/// How much faster than the pipeline's a store's clock may run, where each keeps its own: NTP corrects a clock by at
/// most one part in 2,000, and Redis counts in whole milliseconds.
const CLOCK_SLACK_SHARE: f64 = 0.001;
const CLOCK_SLACK: Duration = Duration::from_millis(2);

/// On wall time, of which share of the pings, and by which share of the window, may be judged too late. Beyond that,
/// it was another stream than the scenario's that was judged.
const LATE_SHARE: f64 = 0.05;
const LATE_BY: f64 = 0.05;

/// Runs the pass.
pub fn run(mut bench: Bench<'_>) -> Result<VerifyFigures, Trouble> {
    let expected = decisions_of_a_short_run(&mut bench)?;
    let instance = bench.environment.instance(bench.workload.pipeline().workers, Timing::Scenario)?;
    let promise = instance.strategy.promise();
    let (sink, behind) = stable::begin(&bench)?.unzip();
    let Whole { ended, decided, causes } = whole_run(&mut bench, &instance, sink)?;
    if decided != expected {
        return Err(Trouble::Failed(
            Failure::Contract,
            format!(
                "not deterministic: the first {AGAIN} pings were judged twice with seed {}, and the answers differ \
                 (digests {expected} and {decided})",
                bench.environment.seed
            ),
        ));
    }
    let mut figures = figures(&bench, &causes, ended, &promise);
    if let Some(behind) = behind {
        figures.stable = Some(stable::finish(behind, &figures, &causes, bench.environment.alive)?);
    }
    Ok(figures)
}

/// Every decision on the first pings, from an instance that then goes away.
fn decisions_of_a_short_run(bench: &mut Bench<'_>) -> Result<String, Trouble> {
    if bench.environment.on_wall_time() {
        return Ok(String::new());
    }
    let instance = bench.environment.instance(bench.workload.pipeline().workers, Timing::Scenario)?;
    let mut source = bench.workload.source(bench.environment.seed)?;
    let mut pipeline = pipeline(bench.workload, &instance, Duration::ZERO, source.causes().len())?;
    pipeline.run(source.as_mut(), AGAIN)?;
    Ok(pipeline.digest())
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
    instance: &Instance,
    sink: Option<DaySink>,
) -> Result<Whole, Trouble> {
    let on_wall_time = bench.environment.on_wall_time();
    let mut source = bench.workload.source(bench.environment.seed)?;
    let (slack, step) = match on_wall_time {
        true => (slack(bench.workload, instance), STEP_ON_WALL_TIME),
        false => (Duration::ZERO, STEP),
    };
    let mut pipeline = pipeline(bench.workload, instance, slack, source.causes().len())?;
    if let Some(sink) = sink {
        pipeline = pipeline.with_sink(Box::new(sink));
    }
    let expected = bench.workload.expected_pings().max(1) as f64;
    let mut decided = String::new();
    let mut more = true;
    if !on_wall_time {
        more = pipeline.run(source.as_mut(), AGAIN)?;
        decided = pipeline.digest();
    }
    while more {
        (bench.progress)((pipeline.truth().counts().pings as f64 / expected).min(1.0));
        more = pipeline.run(source.as_mut(), step)?;
    }
    Ok(Whole { ended: pipeline.finish()?, decided, causes: source.causes().to_vec() })
}

/// In virtual time, for the whole window.
fn slack(workload: &Workload, instance: &Instance) -> Duration {
    let window = instance.strategy.promise().window.length().unwrap_or(workload.sizing().window);
    CLOCK_SLACK.mul_f64(instance.time_factor()) + window.mul_f64(CLOCK_SLACK_SHARE)
}

fn pipeline<'a>(
    workload: &'a Workload,
    instance: &'a Instance,
    slack: Duration,
    causes: usize,
) -> Result<Pipeline<'a>, Trouble> {
    let window = instance.strategy.promise().window;
    let truth = Truth::new(window, causes, workload.start(), workload.length()).with_slack(slack);
    let strategy = instance.strategy.as_ref();
    Ok(Pipeline::new(workload.pipeline(), strategy, truth, instance.pace(), workload.start())?)
}

fn figures(bench: &Bench<'_>, causes: &[String], ended: Ended, promise: &Promise) -> VerifyFigures {
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
        by_cause: truth.by_cause(causes),
        by_lag: truth.by_lag(),
        over_time: truth.over_time(),
        held_ns: (!ended.held_ns.is_empty()).then(|| Latency::from_histogram(&ended.held_ns)),
        faults: Vec::new(),
        redelivered_count: 0,
        stable: None,
        predicted: Vec::new(),
        round_trips_count: None,
        output_digest: ended.digest,
        judgement: in_time(bench, &ended.late_ns, promise, truth::judge(promise, truth)),
    }
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
