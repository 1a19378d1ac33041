//! Holds a strategy to its promise.

use dedup_strategies::{Bound, Promise, Window};

use super::Truth;
use crate::record::{Judgement, Verdict};
use crate::units::thousands;

/// Whether something was made to go wrong: the promise has other bounds for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circumstances {
    /// Nothing was.
    Ordinary,
    /// The scenario has faults.
    Faults,
}

/// What was seen, against what was promised. Losses among pings that share a key with another ping are the key's
/// fault and no strategy's; they are counted, and not judged.
pub fn judge(promise: &Promise, circumstances: Circumstances, truth: &Truth) -> Judgement {
    let (missed, lost) = match circumstances {
        Circumstances::Ordinary => (promise.missed, promise.lost),
        Circumstances::Faults => (promise.under_faults.missed, promise.under_faults.lost),
    };
    let counts = truth.counts();
    if let Some(capacity) = promise.capacity
        && truth.ids_in_window() > capacity
    {
        return Judgement { verdict: Verdict::Void, findings: vec![overload(promise, truth, capacity)] };
    }
    let own_uniques = counts.uniques - counts.lost_shared_key;
    let findings: Vec<String> = [
        broken(missed, counts.missed_in_window, counts.in_window, "missed", "duplicates in its window"),
        broken(lost, counts.lost - counts.lost_shared_key, own_uniques, "lost", "uniques"),
        counted(counts.refused_in_time, "refused", "pings as late that were in time"),
        counted(counts.stalled, "left", "pings undecided until they were given up"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let verdict = if findings.is_empty() { Verdict::Kept } else { Verdict::Broken };
    Judgement { verdict, findings }
}

/// A fault that never happened puts no promise to the test. A promise that was broken all the same is broken.
pub fn or_inconclusive(judgement: Judgement, never_fired: &[String]) -> Judgement {
    if judgement.verdict == Verdict::Broken || never_fired.is_empty() {
        return judgement;
    }
    let never =
        never_fired.iter().map(|fault| format!("{fault} never happened: nothing was put to the test"));
    Judgement { verdict: Verdict::Inconclusive, findings: never.chain(judgement.findings).collect() }
}

fn overload(promise: &Promise, truth: &Truth, capacity: u64) -> String {
    let (load, capacity) = (thousands(truth.ids_in_window()), thousands(capacity));
    match promise.window {
        Window::Forever => format!("{load} ids came, it is built for {capacity}"),
        _ => format!("{load} ids came in a window, it is built for {capacity}"),
    }
}

fn broken(bound: Bound, count: u64, of: u64, did: &str, what: &str) -> Option<String> {
    let seen = match bound {
        Bound::AtMost(_) => format!(" ({:.4} %)", percent(count, of)),
        Bound::Unbounded | Bound::Never => String::new(),
    };
    let (shown, all) = (thousands(count), thousands(of));
    bound.is_broken(count, of).then(|| format!("{did} {shown} of {all} {what}{seen}, promised {bound}"))
}

fn counted(count: u64, did: &str, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{did} {} {what}", thousands(count)))
}

fn percent(count: u64, of: u64) -> f64 {
    100.0 * count as f64 / of.max(1) as f64
}
