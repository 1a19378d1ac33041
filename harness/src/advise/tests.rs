use std::collections::BTreeSet;
use std::path::Path;

use dedup_decide::{Candidate, Curves, Lags, Needs, Nightly, Traffic};
use dedup_strategies::{Definition, STRATEGIES};

use super::{Found, candidates, shipped_curves};
use crate::record::read_run;

fn found(definitions: &[Definition], needs: &Needs) -> Found {
    let lags = Lags::parse("test", "50%=10m,90%=8h,99.9%=3d").unwrap();
    let traffic = Traffic::steady("test", 3000.0, 0.01, lags, 1000);
    candidates(definitions, &traffic, needs, shipped_curves())
}

#[test]
fn curves_of_the_record_ship_and_every_strategy_is_advised_about_or_left_out_with_a_reason() {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/scale");
    let recorded = Curves::of_run(&read_run(&record).unwrap()).unwrap();
    assert_eq!(&recorded, shipped_curves());
    let Found { candidates, left_out } = found(STRATEGIES, &Needs::default());
    for candidate in &candidates {
        assert!(candidate.measured.is_some(), "{} was not measured", candidate.strategy);
    }
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
    fn of<'a>(candidates: &'a [Candidate], name: &str) -> Vec<&'a Candidate> {
        let day = |candidate: &&Candidate| candidate.window_s.is_none_or(|window| window == 86_400.0);
        candidates.iter().filter(|candidate| candidate.strategy == name).filter(day).collect()
    }
    let names = ["bloom", "bloom-rotating", "split-block", "apbf"];
    let some: Vec<_> = STRATEGIES.iter().filter(|one| names.contains(&one.name)).copied().collect();
    let sized = found(&some, &Needs { lost: 1e-6, ..Needs::default() }).candidates;
    let strict = found(&some, &Needs { lost: 0.0, ..Needs::default() }).candidates;
    for name in names {
        let bytes = |candidate: &Candidate| candidate.worker_bytes.value + candidate.server_bytes.value;
        let [half, tenth] = of(&sized, name)[..] else { panic!("{name}: {sized:?}") };
        assert_eq!((half.false_positives.value, tenth.false_positives.value), (5e-7, 1e-7), "{name}");
        assert!(half.spec.contains("rate=0.0000005"), "{}", half.spec);
        // Where nothing may be lost no size is large enough, and its own is as good as any.
        let [own] = of(&strict, name)[..] else { panic!("{name}: {strict:?}") };
        assert!(!own.spec.contains("rate="), "{}", own.spec);
        assert!(bytes(own) < bytes(half) && bytes(half) < bytes(tenth), "{name}");
    }
}

/// Traffic in which a ping has two copies once in a blue moon is sampled, and comes to the same.
#[test]
fn the_formulas_say_what_theory_samples() {
    let names = [
        "noop",
        "bloom",
        "exact",
        "redis-mozilla",
        "redis-lease",
        "exact-compact",
        "bloom-rotating",
        "apbf",
        "lru-exact",
        "pubsubio-direct",
        "pubsubio-flink",
        "stable-bloom",
        "rlbsbf",
    ];
    let some: Vec<_> = STRATEGIES.iter().filter(|one| names.contains(&one.name)).copied().collect();
    let lags = Lags::parse("test", "30%=40ms,50%=10m,80%=4h,100%=30h").unwrap();
    let needs = Needs { nightly: Nightly::Days(0), lost: 1e-3, ..Needs::default() };
    let formulas = Traffic::steady("test", 120.0, 0.03, lags, 1000);
    let sampled = Traffic { copies: 1.0 + 1e-9, ..formulas.clone() };
    let of = |traffic| candidates(&some, traffic, &needs, shipped_curves());
    let (formulas, sampled) = (of(&formulas), of(&sampled));
    assert_eq!(formulas.left_out, sampled.left_out);
    assert_eq!(formulas.candidates.len(), sampled.candidates.len());
    for (ours, theirs) in formulas.candidates.iter().zip(&sampled.candidates) {
        assert_eq!(ours.spec, theirs.spec);
        let shares =
            |candidate: &Candidate| [candidate.missed_live.value, candidate.missed_stable.unwrap().value];
        for (ours_share, theirs_share) in shares(ours).into_iter().zip(shares(theirs)) {
            let apart = (ours_share - theirs_share).abs();
            assert!(apart < 0.02, "{}: {ours_share} by formula, {theirs_share} sampled", ours.spec);
        }
    }
}
