//! Holds a strategy to its promise.

use dedup_strategies::{Bound, Promise, Window};

use super::Truth;
use crate::record::{Judgement, Verdict};
use crate::stats::exceeds;
use crate::units::thousands;

/// What was seen, against what was promised. Losses among pings that share a key with another ping are the key's
/// fault and no strategy's; they are counted, and not judged.
pub fn judge(promise: &Promise, truth: &Truth) -> Judgement {
    let counts = truth.counts();
    if let Some(capacity) = promise.capacity
        && truth.ids_in_window() > capacity
    {
        return Judgement { verdict: Verdict::Void, findings: vec![overload(promise, truth, capacity)] };
    }
    let own_uniques = counts.uniques - counts.lost_shared_key;
    let findings: Vec<String> = [
        broken(
            promise.missed,
            counts.missed_in_window,
            counts.in_window,
            "missed",
            "duplicates in its window",
        ),
        broken(promise.lost, counts.lost - counts.lost_shared_key, own_uniques, "lost", "uniques"),
        counted(counts.refused_in_time, "refused", "pings as late that were in time"),
        counted(counts.stalled, "left", "pings undecided until they were given up"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let verdict = if findings.is_empty() { Verdict::Kept } else { Verdict::Broken };
    Judgement { verdict, findings }
}

fn overload(promise: &Promise, truth: &Truth, capacity: u64) -> String {
    let (load, capacity) = (thousands(truth.ids_in_window()), thousands(capacity));
    match promise.window {
        Window::Forever => format!("{load} ids came, it is built for {capacity}"),
        _ => format!("{load} ids came in a window, it is built for {capacity}"),
    }
}

fn broken(bound: Bound, count: u64, of: u64, did: &str, what: &str) -> Option<String> {
    match bound {
        Bound::Unbounded => None,
        Bound::Never => (count > 0)
            .then(|| format!("{did} {} of {} {what}, promised none", thousands(count), thousands(of))),
        Bound::AtMost(share) => exceeds(count, of, share).then(|| {
            let (seen, promised) = (percent(count, of), share * 100.0);
            let (count, of) = (thousands(count), thousands(of));
            format!("{did} {count} of {of} {what} ({seen:.4} %), promised at most {promised} %")
        }),
    }
}

fn counted(count: u64, did: &str, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{did} {} {what}", thousands(count)))
}

fn percent(count: u64, of: u64) -> f64 {
    100.0 * count as f64 / of.max(1) as f64
}
