//! Holds a strategy to its promise.

use std::time::Duration;

use dedup_strategies::{Bound, Promise, Window};
use dedup_stream::truth::Counts;

use crate::record::{Judgement, Verdict};
use crate::units::thousands;

/// What was seen, against what was promised of misses and losses. Losses among pings that share a key with another ping are
/// the key's fault and no strategy's; they are counted, and not judged.
pub(super) fn judge(missed: Bound, lost: Bound, counts: &Counts) -> Judgement {
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

/// In which way more ids came in a window than the promise is for.
pub(super) fn overloaded(promise: &Promise, ids_in_window: u64) -> Option<String> {
    let capacity = promise.capacity.filter(|capacity| ids_in_window > *capacity)?;
    Some(overload(promise, ids_in_window, capacity))
}

/// A fault that never happened puts no promise to the test. A promise that was broken all the same is broken.
pub(super) fn or_inconclusive(judgement: Judgement, never_fired: &[String]) -> Judgement {
    if judgement.verdict == Verdict::Broken || never_fired.is_empty() {
        return judgement;
    }
    let never =
        never_fired.iter().map(|fault| format!("{fault} never happened: nothing was put to the test"));
    Judgement { verdict: Verdict::Inconclusive, findings: never.chain(judgement.findings).collect() }
}

/// Of state that each worker has for itself, where pings went to any worker.
pub(super) fn not_by_key() -> Judgement {
    let finding = "routed at random: its promise assumes that all pings of a key go to one worker";
    Judgement { verdict: Verdict::Void, findings: vec![finding.to_string()] }
}

/// Of a strategy that holds a ping only for a while until it is settled, where that `takes` longer.
pub(super) fn settled_too_late(promise: &Promise, takes: Duration) -> Option<Judgement> {
    let within = promise.settled_within.filter(|within| takes >= *within)?;
    let [takes, within] = [takes, within].map(humantime::format_duration);
    let finding =
        format!("a ping is settled {takes} after its check: its promise assumes less than {within}");
    Some(Judgement { verdict: Verdict::Void, findings: vec![finding] })
}

fn overload(promise: &Promise, ids_in_window: u64, capacity: u64) -> String {
    let (load, capacity) = (thousands(ids_in_window), thousands(capacity));
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

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn promise(window: Window) -> Promise {
        Promise::remembering(window)
    }

    #[test]
    fn a_ping_that_shares_its_key_and_is_lost_is_not_held_against_the_strategy() {
        let counts = Counts { uniques: 2, lost: 1, lost_shared_key: 1, ..Counts::default() };
        let judgement = judge(Bound::Never, Bound::Never, &counts);
        assert_eq!(judgement.verdict, Verdict::Kept);
    }

    #[test]
    fn one_case_breaks_never_and_chance_does_not_break_a_share() {
        let one_lost = Counts { uniques: 2, lost: 1, ..Counts::default() };
        let never = judge(Bound::Never, Bound::Never, &one_lost);
        assert_eq!(never.verdict, Verdict::Broken);
        assert_eq!(never.findings, ["lost 1 of 2 uniques, promised none"]);
        assert_eq!(judge(Bound::Never, Bound::AtMost(0.001), &one_lost).verdict, Verdict::Kept);
    }

    #[test]
    fn a_settlement_that_takes_longer_than_the_promise_assumes_voids_it() {
        let lease = Promise { settled_within: Some(WINDOW), ..promise(Window::Since(6 * WINDOW)) };
        let late = |takes| settled_too_late(&lease, takes).map(|judgement| judgement.verdict);
        assert_eq!(late(WINDOW - Duration::from_millis(1)), None);
        assert_eq!(late(WINDOW), Some(Verdict::Void));
        assert_eq!(settled_too_late(&promise(Window::Since(WINDOW)), 100 * WINDOW), None);
        let findings = settled_too_late(&lease, 4 * WINDOW).unwrap().findings;
        assert_eq!(findings, ["a ping is settled 40s after its check: its promise assumes less than 10s"]);
    }

    #[test]
    fn a_load_beyond_the_promise_is_said() {
        let small = Promise { capacity: Some(11), ..promise(Window::Since(WINDOW)) };
        assert_eq!(overloaded(&small, 11), None);
        let said = overloaded(&small, 12).unwrap();
        assert_eq!(said, "12 ids came in a window, it is built for 11");
    }
}
