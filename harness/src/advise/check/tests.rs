use dedup_decide::{Candidate, Lags, Needs, Nightly, Traffic, decide};
use dedup_strategies::{Definition, STRATEGIES};

use super::{failover_trial, trial};
use crate::advise::{candidates, shipped_curves};

fn traffic() -> Traffic {
    Traffic::steady("test", 3000.0, 0.01, Lags::parse("test", "50%=10m,90%=8h,99.9%=3d").unwrap(), 1000)
}

fn of(name: &str) -> Definition {
    *STRATEGIES.iter().find(|definition| definition.name == name).unwrap_or_else(|| panic!("{name}"))
}

fn candidate(name: &str, needs: &Needs) -> Candidate {
    let found = candidates(&[of(name)], &traffic(), needs, shipped_curves()).candidates;
    let found = found.into_iter().find(|one| one.strategy == name && one.window_s == Some(86_400.0));
    found.unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn a_trial_has_the_lags_of_the_traffic_and_as_many_pings_and_faults_as_it_may() {
    let needs = Needs { workers: 12, ..Needs::default() };
    let trial = trial(&candidate("exact", &needs), &traffic(), &needs).unwrap();
    let pings = trial.scenario.expected_pings();
    assert!((180_000..220_000).contains(&pings), "{pings}");
    let copies = trial.scenario.expected_duplicates() as f64 / pings as f64;
    assert!((copies - 0.01).abs() < 1e-3, "{copies}");
    // Six times the longest lag, of 5.7 days; a restart a day, and a crash a month.
    assert_eq!((trial.restarts_s.len(), trial.crashes), (34, 1));
    assert_eq!(trial.scenario.faults.len(), 35);
    assert_eq!(trial.scenario.pipeline.workers.get(), 12);
}

#[test]
fn every_candidate_of_every_kind_of_traffic_has_a_trial() {
    let needs = Needs { restarts_per_year: 0.0, ..Needs::default() };
    for (rate, duplicates, lags) in
        [(5.0, 0.5, "100%=1s"), (1e6, 0.0, "100%=90days"), (1e-3, 0.9, "50%=1ms,60%=2ms,100%=3days")]
    {
        let traffic = Traffic::steady("test", rate, duplicates, Lags::parse("test", lags).unwrap(), 0);
        let some = ["noop", "exact", "bloom", "durable", "beam-deduplicate", "redis-claim"].map(of);
        let found = candidates(&some, &traffic, &needs, shipped_curves());
        let decision = decide(&traffic, &needs, &found.candidates);
        for judged in decision.survivors.iter().chain(&decision.excluded) {
            let trial = trial(&judged.candidate, &traffic, &needs).unwrap_or_else(|error| panic!("{error}"));
            assert!(trial.restarts_s.is_empty() && trial.scenario.expected_pings() < 400_000);
        }
    }
}

#[test]
fn the_share_behind_a_restart_is_what_a_hand_computes() {
    let needs = Needs::default();
    let mut trial = trial(&candidate("exact", &needs), &traffic(), &needs).unwrap();
    (trial.length_s, trial.restarts_s) = (100.0, vec![20.0, 50.0, 95.0]);
    let near =
        |found: f64, expected: f64| assert!((found - expected).abs() < 0.005, "{found} for {expected}");
    // Firsts come up to 90: those from 10 to 20, and from 40 to 50, and from 85 to 90.
    near(trial.behind_a_restart(10.0, Nightly::No).0, 25.0 / 90.0);
    assert_eq!(trial.behind_a_restart(200.0, Nightly::No), (0.0, 0.0));
    // Two days with a restart at each noon.
    let day = 86_400.0;
    (trial.length_s, trial.restarts_s) = (2.0 * day, vec![0.5 * day, 1.5 * day]);
    let (passes, stays) = trial.behind_a_restart(0.75 * day, Nightly::Days(0));
    // Firsts up to 1.25 days: from 0 to 0.5 (of which 0.25 to 0.5 cross midnight), and from 0.75 to 1.25 (to 1.0).
    near(passes, 1.0 / 1.25);
    near(stays, 0.5 / 1.25);
    near(trial.behind_a_restart(0.75 * day, Nightly::Days(1)).1, 0.0);
    trial.restarts_s.clear();
    assert_eq!(trial.behind_a_restart(10.0, Nightly::No).0, 0.0);
}

#[test]
fn a_server_is_tried_with_a_failover_where_failovers_are_asked_for() {
    let needs = Needs::default();
    let without = Needs { failovers_per_year: 0.0, ..Needs::default() };
    for (name, tried) in
        [("exact", false), ("durable", false), ("redis-claim", true), ("redis-mozilla", true)]
    {
        let candidate = candidate(name, &needs);
        let found = failover_trial(&candidate, &traffic(), &needs);
        assert_eq!(found.is_some(), tried, "{name}");
        if let Some(found) = found {
            assert_eq!(found.unwrap().scenario.faults.len(), 1, "{name}");
        }
        assert!(failover_trial(&candidate, &traffic(), &without).is_none(), "{name}");
    }
}

#[test]
fn what_a_failover_takes_is_what_a_hand_computes() {
    let needs = Needs { round_trip: std::time::Duration::from_millis(3), ..Needs::default() };
    let tenth = Traffic::steady("test", 3000.0, 0.1, Lags::parse("test", "100%=1h").unwrap(), 1000);
    let predicted = |name: &str| {
        let candidate = candidate(name, &needs);
        let trial = failover_trial(&candidate, &tenth, &needs).unwrap().unwrap();
        let found = trial.predicted(&candidate, &needs, 90.0);
        found.map(|found| (found * 1e6).round() / 1e6)
    };
    // 100 unique pings a second and a ninth of them copies; a third of the keys is away for 90 s: those that come, and those of
    // what was not marked. A claim is lost on its way: 100 a second for 3 ms, 40 times as long, of a third of the keys.
    assert_eq!(predicted("redis-mozilla"), [666.666667, 0.0]);
    assert_eq!(predicted("redis-claim"), [0.0, 4.0]);
    assert_eq!(predicted("redis-lease"), [0.0, 0.0]);
}
