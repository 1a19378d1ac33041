//! What a pipeline counted, as a record has it, and what it takes to judge it together with others.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Bound, Promise, Routing, Window};
use dedup_stream::scenario::Routed;
use dedup_stream::truth;
use dedup_stream::workload::Workload;

use super::pipeline::{Declaration, Own};
use super::score;
use crate::passes::judgement::{not_by_key, overloaded, settled_too_late};
use crate::pipeline::{Ended, ObservedFault};
use crate::record::{
    CauseFigures, FaultFigures, Judgement, LagFigures, Latency, OverTime, PartFigures, PipelineFigures,
    PromisedBound, VerifyFigures,
};
use crate::servers::Outage;

/// On wall time, of which share of the pings, and by which share of the window, may be judged too late. Beyond that,
/// it was another stream than the scenario's that was judged.
const LATE_SHARE: f64 = 0.05;
const LATE_BY: f64 = 0.05;

/// What a pipeline came to, not judged yet.
pub(super) fn figures(
    own: &Own<'_>,
    declared: &Declaration,
    causes: &[String],
    ended: Ended,
) -> VerifyFigures {
    let time_factor = if own.environment.on_wall_time() { own.environment.time_factor } else { 1.0 };
    let part = part(own, declared, &ended);
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
        virtual_ns: saturating_nanos(own.workload.length()),
        by_cause: truth.every_cause(causes).into_iter().map(cause_figures).collect(),
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
        judgement: score::UNKNOWN,
        pipelines_count: own.share.of().get(),
        part: Some(part),
    }
}

/// What it takes to judge it.
fn part(own: &Own<'_>, declared: &Declaration, ended: &Ended) -> PartFigures {
    let promise = &declared.promise;
    let (missed, lost) = match own.workload.faults().is_empty() {
        true => (promise.missed, promise.lost),
        false => (promise.under_faults.missed, promise.under_faults.lost),
    };
    let pipeline = PipelineFigures {
        number: own.share.index() + 1,
        output_digest: ended.digest.clone(),
        refused_in_time_count: ended.truth.counts().refused_in_time,
        overload: overloaded(promise, ended.truth.ids_in_window()),
        fell_behind: fell_behind(own, ended, promise),
    };
    let void = does_not_speak(own.workload, promise, declared.routing);
    PartFigures {
        pipelines: vec![pipeline],
        missed: bound(missed),
        lost: bound(lost),
        void,
        foreseen: Vec::new(),
    }
}

fn bound(bound: Bound) -> PromisedBound {
    match bound {
        Bound::Unbounded => PromisedBound::Unbounded,
        Bound::Never => PromisedBound::Never,
        Bound::AtMost(share) => PromisedBound::AtMost(share),
    }
}

/// Why the promise says nothing of such a pipeline, whatever comes of it.
fn does_not_speak(workload: &Workload, promise: &Promise, routing: Routing) -> Option<Judgement> {
    if !routes_as_assumed(workload, promise, routing) {
        return Some(not_by_key());
    }
    let pipeline = workload.pipeline();
    settled_too_late(promise, pipeline.publish_latency.saturating_add(pipeline.mark_lag))
}

/// A promise of state that each worker has for itself is for pipelines that route by key.
fn routes_as_assumed(workload: &Workload, promise: &Promise, routing: Routing) -> bool {
    let routed = workload.pipeline().routed;
    routed == Routed::ByKey || routing == Routing::Any || promise.window == Window::Nothing
}

/// In which way pings were judged too late for the promise to be put to the test.
fn fell_behind(own: &Own<'_>, ended: &Ended, promise: &Promise) -> Option<String> {
    let late_ns = &ended.late_ns;
    let window = promise.window.length().unwrap_or(own.workload.sizing().window);
    let allowed = window.mul_f64(LATE_BY);
    let late = late_ns.len() - late_ns.count_between(0, saturating_nanos(allowed));
    let share = late as f64 / own.expected_pings().max(1) as f64;
    (share > LATE_SHARE).then(|| {
        format!(
            "fell behind: {:.0} % of the pings were judged more than {} late, the last by {:.1?} of virtual time; the \
             server does not answer fast enough for this --time-factor, give a lower one",
            100.0 * share,
            humantime::format_duration(allowed),
            Duration::from_nanos(late_ns.max()),
        )
    })
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
