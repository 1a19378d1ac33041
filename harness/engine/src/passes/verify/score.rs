//! The verdict on pipelines together: a pure function of their figures, wherever these were counted.

use std::time::Duration;

use dedup_strategies::Bound;
use dedup_stream::truth::Counts;
use xxhash_rust::xxh3::Xxh3;

use crate::passes::judgement::{judge, or_inconclusive};
use crate::predict::predictions;
use crate::record::{FaultFigures, Judgement, PartFigures, PromisedBound, Verdict, VerifyFigures};

/// Of figures that are not judged yet.
pub(super) const UNKNOWN: Judgement = Judgement { verdict: Verdict::Inconclusive, findings: Vec::new() };

/// The figures of some pipelines, judged; of all pipelines of a cell, those of the cell.
pub fn whole(mut figures: VerifyFigures) -> VerifyFigures {
    let Some(part) = &figures.part else { return figures };
    figures.judgement = judged(&figures, part);
    figures.output_digest = digest(part);
    if part.pipelines.len() < figures.pipelines_count as usize {
        return figures;
    }
    figures.without_idle_causes();
    let part = figures.part.take();
    figures.predicted = part.map_or_else(Vec::new, |part| predictions(&part.foreseen, &figures));
    figures
}

/// How they stand to the promise.
fn judged(figures: &VerifyFigures, part: &PartFigures) -> Judgement {
    if let Some(void) = &part.void {
        return void.clone();
    }
    let overload = part.pipelines.iter().find_map(|pipeline| pipeline.overload.clone());
    let judgement = match overload {
        Some(overload) => void(overload),
        None => judge(bound(part.missed), bound(part.lost), &counts(figures, part)),
    };
    // A promise that was kept by pings that came too late was not put to the test. One that was broken is broken: what
    // counts as inside the window was inside it by both clocks.
    let fell_behind = part.pipelines.iter().find_map(|pipeline| pipeline.fell_behind.clone());
    let judgement = match fell_behind {
        Some(fell_behind) if judgement.verdict == Verdict::Kept => void(fell_behind),
        _ => judgement,
    };
    let never = figures.faults.iter().filter(|fault| fault.fired_count == 0);
    or_inconclusive(judgement, &never.map(named).collect::<Vec<_>>())
}

fn void(finding: String) -> Judgement {
    Judgement { verdict: Verdict::Void, findings: vec![finding] }
}

fn bound(bound: PromisedBound) -> Bound {
    match bound {
        PromisedBound::Unbounded => Bound::Unbounded,
        PromisedBound::Never => Bound::Never,
        PromisedBound::AtMost(share) => Bound::AtMost(share),
    }
}

/// The counts that a promise is held to.
fn counts(figures: &VerifyFigures, part: &PartFigures) -> Counts {
    Counts {
        uniques: figures.unique_count,
        in_window: figures.duplicate_in_window_count,
        missed_in_window: figures.missed_in_window_count,
        lost: figures.lost_count,
        lost_shared_key: figures.lost_shared_key_count,
        refused_in_time: part.pipelines.iter().map(|pipeline| pipeline.refused_in_time_count).sum(),
        stalled: figures.stalled_count,
        ..Counts::default()
    }
}

/// `worker-crash at 10m`, as the scenario's own faults are called.
fn named(fault: &FaultFigures) -> String {
    format!("{} at {}", fault.kind, humantime::format_duration(Duration::from_nanos(fault.at_ns)))
}

/// Of one pipeline its own; of several a digest of theirs, in the order of their numbers.
fn digest(part: &PartFigures) -> String {
    match &part.pipelines[..] {
        [one] => one.output_digest.clone(),
        several => {
            let mut hasher = Xxh3::new();
            several.iter().for_each(|pipeline| hasher.update(pipeline.output_digest.as_bytes()));
            format!("{:016x}", hasher.digest())
        }
    }
}
