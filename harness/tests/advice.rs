//! What `advise` works out of a scenario's traffic against what the pipeline counts on its stream.

use dedup_decide::{Candidate, Needs, Nightly};
use dedup_harness::advise::{candidates, shipped_curves, traffic_of};
use dedup_harness::nightly::Choice;
use dedup_harness::strategies::STRATEGIES;

#[path = "../engine/tests/common/verified.rs"]
mod verified;

use verified::{scenario, verified_before};

/// Streams end, and copies that would come later are not in them; lags of advice are read off in slices.
const TOLERANCE: f64 = 0.02;

fn candidate(name: &str, strategy: &str, window_s: f64) -> Candidate {
    let needs = Needs { nightly: Nightly::Days(0), ..Needs::default() };
    let traffic = traffic_of(&scenario(name));
    let one = *STRATEGIES.iter().find(|definition| definition.name == strategy).unwrap();
    let found = candidates(&[one], &traffic, &needs, shipped_curves()).candidates;
    let wanted =
        |candidate: &Candidate| candidate.strategy == strategy && candidate.window_s == Some(window_s);
    found.into_iter().find(wanted).unwrap_or_else(|| panic!("{strategy} at {window_s} s is no candidate"))
}

#[test]
fn what_is_missed_in_advice_is_missed_in_the_pipeline() {
    for (name, strategy, setting, window_s) in [
        ("^mozilla-client-retry$", "exact", "24h", 86_400.0),
        ("^mozilla-client-retry$", "split-block", "10m", 600.0),
        ("^mozilla-client-retry-beta$", "apbf", "24h", 86_400.0),
    ] {
        let advised = candidate(name, strategy, window_s);
        let mut scenario = scenario(name);
        scenario.window = humantime::parse_duration(setting).unwrap();
        let seen = verified_before(&scenario, strategy, 3, Choice::Nightly);
        let copies = seen.duplicate_count as f64;
        let live = seen.missed_count as f64 / copies;
        let says = advised.missed_live.value;
        assert!((live - says).abs() < TOLERANCE, "{name} {strategy}: {live} seen, {says} advised");
        let left = seen.stable.unwrap().missed_count as f64 / copies;
        let says = advised.missed_stable.unwrap().value;
        assert!((left - says).abs() < TOLERANCE, "{name} {strategy}, stable: {left} seen, {says} advised");
    }
}
