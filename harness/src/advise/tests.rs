use std::collections::BTreeSet;
use std::path::Path;

use dedup_decide::{Candidate, Curves, Lags, Needs, Traffic};
use dedup_strategies::STRATEGIES;

use super::{Found, candidates, shipped_curves};
use crate::record::read_run;

fn found(needs: &Needs) -> Found {
    let lags = Lags::parse("test", "50%=10m,90%=8h,99.9%=3d").unwrap();
    let traffic = Traffic::steady("test", 3000.0, 0.01, lags, 1000);
    candidates(STRATEGIES, &traffic, needs, shipped_curves())
}

#[test]
fn the_curves_that_ship_are_those_of_the_record_and_there_is_one_of_every_strategy() {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/scale");
    let recorded = Curves::of_run(&read_run(&record).unwrap()).unwrap();
    assert_eq!(&recorded, shipped_curves());
    for candidate in found(&Needs::default()).candidates {
        assert!(candidate.measured.is_some(), "{} was not measured", candidate.strategy);
    }
}

#[test]
fn every_strategy_is_advised_about_or_left_out_with_a_reason() {
    let Found { candidates, left_out } = found(&Needs::default());
    let mut names: BTreeSet<&str> = candidates.iter().map(|candidate| candidate.strategy.as_str()).collect();
    for out in &left_out {
        assert!(names.insert(&out.strategy), "{out:?} is a candidate too");
        assert!(!out.because.is_empty());
    }
    let all: BTreeSet<&str> = STRATEGIES.iter().map(|definition| definition.name).collect();
    assert_eq!(names, all);
    assert!(left_out.iter().any(|out| out.strategy == "window-batch"));
}

#[test]
fn what_loses_by_mistake_comes_in_a_size_that_loses_little_enough_and_takes_more_memory() {
    let needs = Needs { lost: 1e-6, ..Needs::default() };
    let candidates = found(&needs).candidates;
    let of = |name: &str| -> Vec<&Candidate> {
        let day = |candidate: &&Candidate| candidate.window_s.is_none_or(|window| window == 86_400.0);
        candidates.iter().filter(|candidate| candidate.strategy == name).filter(day).collect()
    };
    for name in ["bloom", "bloom-rotating", "split-block", "apbf"] {
        let sizes = of(name);
        let small_enough = sizes.iter().find(|candidate| candidate.false_positives.value <= 1e-6 / 2.0);
        let Some(small_enough) = small_enough else { panic!("{name}: {sizes:?}") };
        assert!(small_enough.spec.contains("rate="), "{}", small_enough.spec);
        let bytes = |candidate: &Candidate| candidate.worker_bytes.value + candidate.server_bytes.value;
        assert!(bytes(small_enough) > bytes(sizes[0]), "{name}");
    }
    assert_eq!(of("exact").len(), 1);
    // Where nothing may be lost, no size is small enough.
    let strict = found(&Needs { lost: 0.0, ..Needs::default() }).candidates;
    assert!(strict.iter().all(|candidate| !candidate.spec.contains("rate=")));
}
