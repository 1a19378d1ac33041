use std::collections::BTreeSet;
use std::path::Path;

use dedup_decide::{
    Beyond, Candidate, Change, Curves, Further, Lags, Needs, Nightly, Question, Traffic, Unit, changes,
    decide, decide_knowing,
};
use dedup_strategies::{Definition, STRATEGIES};
use dedup_stream::scenario::find;

use super::{Found, Otherwise, candidates, shipped_curves, traffic_of};
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
    let Found { candidates, left_out, .. } = found(STRATEGIES, &Needs::default());
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
        // Where nothing may be lost no size is large enough: what would do by default says how near it is.
        let [by_default] = of(&strict, name)[..] else { panic!("{name}: {strict:?}") };
        assert_eq!(by_default.spec, half.spec);
        assert!(bytes(half) < bytes(tenth), "{name}");
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

/// Where copies are many, theory says what the least recently seen misses with the shortest windows alone.
#[test]
fn what_theory_says_nothing_of_with_longer_windows_is_left_out_and_not_excluded_for_its_shortest() {
    let names = ["lru", "lru-exact", "exact", "redis-lease"];
    let some: Vec<_> = STRATEGIES.iter().filter(|one| names.contains(&one.name)).copied().collect();
    let decided = |duplicates: f64| {
        let needs = [("missed", "1%"), ("lost", "1e-4"), ("redis", "none")];
        let asked = asked(100.0, duplicates, "50%=1m,100%=1h", &needs);
        let found = candidates(&some, &asked.traffic, &asked.needs, shipped_curves());
        decide_knowing(&asked.traffic, &asked.needs, &found.candidates, &found.unsaid)
    };
    let many = decided(0.15);
    let out: Vec<&str> = many.left_out.iter().map(|out| out.strategy.as_str()).collect();
    assert!(out.contains(&"lru-exact") && !out.contains(&"redis-lease"), "{out:?}");
    assert!(many.left_out.iter().all(|out| out.because.contains("room")), "{:?}", many.left_out);
    assert!(many.excluded.iter().all(|judged| judged.candidate.strategy != "lru-exact"));
    let few = decided(0.02);
    assert!(few.left_out.is_empty(), "{:?}", few.left_out);
    assert!(few.survivors.iter().any(|judged| judged.candidate.strategy == "lru-exact"));
}

/// What is asked: the traffic's rate, duplicates and lags, and the rest by name.
fn asked(rate: f64, duplicates: f64, lags: &str, needs: &[(&str, &str)]) -> Question {
    let traffic = Traffic::steady("test", rate, duplicates, Lags::parse("test", lags).unwrap(), 1000);
    let mut asked = Question { traffic, needs: Needs::default() };
    needs.iter().for_each(|(name, text)| asked.needs.set("test", name, text).unwrap());
    asked
}

/// Who is the answer, with everything chosen anew.
fn answer(asked: &Question) -> (Option<String>, Vec<Candidate>) {
    let found = candidates(STRATEGIES, &asked.traffic, &asked.needs, shipped_curves()).candidates;
    let decision = decide(&asked.traffic, &asked.needs, &found);
    (decision.survivors.first().map(|first| first.candidate.strategy.clone()), found)
}

#[test]
fn who_may_miss_less_never_pays_less() {
    for (asked, missed) in [
        (asked(300_000.0, 0.03, "90%=10m,100%=4h", RARELY_RESTARTED), 0.0014925),
        (
            asked(
                20_000.0,
                0.01,
                "50%=10m,90%=8h,99.9%=3d",
                &[("redis", "none"), ("disk", "1MB"), ("lost", "1e-4")],
            ),
            0.002,
        ),
        (
            asked(
                5000.0,
                0.03,
                "80%=1m,100%=24h",
                &[("nightly", "yes"), ("restarts", "1/month"), ("memory", "64GiB")],
            ),
            0.003,
        ),
    ] {
        let mut dearest: f64 = 0.0;
        for part in [1.0, 0.995, 0.985, 0.96, 0.9, 0.8, 0.7, 0.55] {
            let needs = Needs { missed: missed * part, ..asked.needs.clone() };
            let found = candidates(STRATEGIES, &asked.traffic, &needs, shipped_curves()).candidates;
            let decision = decide(&asked.traffic, &needs, &found);
            let price = decision.survivors.first().map_or(f64::INFINITY, |first| first.assessment.price);
            assert!(price >= dearest - 0.01, "{part}: {price} after {dearest} in {asked:?}");
            dearest = dearest.max(price);
        }
    }
}

const RARELY_RESTARTED: &[(&str, &str)] = &[
    ("workers", "8"),
    ("lost", "1e-5"),
    ("memory", "64GiB"),
    ("restarts", "1/week"),
    ("redis", "none"),
    ("disk", "1MB"),
];

/// Nothing may be lost, and all that keeps anything in a worker loses what it held: it is told with what the default allows.
#[test]
fn where_nothing_may_be_lost_what_would_meet_the_default_is_what_to_give_up_and_windows_go_by_the_rest() {
    let needs = [("redis", "none"), ("disk", "1MB"), ("lost", "none")];
    let decided = |lags: &str, restarts: &str, missed: &str| {
        let needs: Vec<_> = needs.into_iter().chain([("restarts", restarts), ("missed", missed)]).collect();
        let asked = asked(3000.0, 0.01, lags, &needs);
        let found = candidates(STRATEGIES, &asked.traffic, &asked.needs, shipped_curves());
        decide_knowing(&asked.traffic, &asked.needs, &found.candidates, &found.unsaid)
    };
    let found = decided("50%=1m,100%=4h", "1/month", "0.1%");
    let (requirement, judged) = found.give_up.unwrap();
    assert_eq!((requirement, &*judged), ("lost", &found.excluded[0]));
    let found = decided("90%=1m,100%=10m", "5/day", "0.001%");
    let exact = found.excluded.iter().find(|judged| judged.candidate.strategy == "exact").unwrap();
    assert_eq!(exact.candidate.window_s, Some(600.0));
}

#[test]
fn asked_anew_on_either_side_of_each_threshold_the_answer_is_the_old_one_and_the_named_one() {
    const MOBILE: &str = "50%=10m,90%=8h,99.9%=3d";
    let questions = [
        asked(3000.0, 0.01, MOBILE, &[("workers", "12")]),
        asked(16_000.0, 0.001, "99%=20m", &[("nightly", "yes"), ("missed", "0.01%"), ("lost", "1e-3")]),
        asked(
            200.0,
            0.06,
            "30%=1h,100%=24h",
            &[("workers", "2"), ("p99", "5ms"), ("restarts", "10/day"), ("missed", "0.10627%")],
        ),
        asked(5.0, 0.2, MOBILE, &[("redis", "none"), ("missed", "0.744417%"), ("lost", "none")]),
        asked(
            90_000.0,
            0.05,
            "80%=1s,100%=10m",
            &[("workers", "40"), ("memory", "1GiB"), ("disk", "1KB"), ("missed", "0.105152%")],
        ),
        // Nothing meets this.
        asked(
            50_000.0,
            0.1,
            MOBILE,
            &[("disk", "1GiB"), ("memory", "64MiB"), ("redis", "1GiB"), ("missed", "0.110988%")],
        ),
    ];
    let mut seen = BTreeSet::new();
    let (mut ended, mut turned) = (0, 0);
    for asked in &questions {
        let (now, there) = answer(asked);
        let otherwise = Otherwise::new(STRATEGIES, (&asked.traffic, &asked.needs), shipped_curves(), &there);
        for change in changes(&asked.traffic, &asked.needs, &there, &otherwise) {
            seen.insert(change.assumption);
            assert_ne!(change.winner, now, "{change:?}");
            let beyond = answer(&change.question(asked, change.to)).0;
            assert_eq!(beyond, change.winner, "beyond the threshold: {change:?} in {asked:?}");
            let before = match change.factor > 1.0 {
                true => (change.to / 1.02).max(change.from),
                false => (change.to * 1.02).min(change.from),
            };
            let before = answer(&change.question(asked, before)).0;
            assert_eq!(before, now, "before the threshold: {change:?} in {asked:?}");
            for value in further(&change) {
                let further = answer(&change.question(asked, value)).0;
                match &change.beyond {
                    Beyond::Turns(among) => {
                        assert!(among.contains(&further), "at {value}: {change:?} in {asked:?}")
                    }
                    _ => {
                        assert_eq!(further, change.winner, "at {value}, further on: {change:?} in {asked:?}")
                    }
                }
            }
            match &change.beyond {
                Beyond::Ends { until, then, further } => {
                    if *further == Further::Same {
                        for by in [1.1, 2.0, 10.0] {
                            let value = if change.factor > 1.0 { until * by } else { until / by };
                            let last = if change.unit == Unit::Share { 0.99 } else { f64::INFINITY };
                            if (1.0 / 64.0..=64.0).contains(&(value / change.from)) && value <= last {
                                let there = answer(&change.question(asked, value)).0;
                                assert_eq!(
                                    there, *then,
                                    "at {value}, behind the end: {change:?} in {asked:?}"
                                );
                            }
                        }
                    }
                    ended += 1;
                    let by = if change.factor > 1.0 { 1.02 } else { 1.0 / 1.02 };
                    let gone = answer(&change.question(asked, until * by)).0;
                    assert_ne!(gone, change.winner, "beyond the end: {change:?} in {asked:?}");
                }
                Beyond::Turns(_) => turned += 1,
                Beyond::Same => {}
            }
        }
    }
    assert!(ended > 0 && turned > 0, "{ended} {turned}");
    assert!(seen.len() >= 11, "{seen:?}");
}

/// Values well beyond a threshold at which the named one is to be the answer: as far as it is said to be, or as was looked.
fn further(change: &Change) -> Vec<f64> {
    match &change.beyond {
        Beyond::Ends { until, .. } => {
            [0.3, 0.7, 1.0].map(|part| change.to * (until / change.to).powf(part)).to_vec()
        }
        Beyond::Same | Beyond::Turns(_) => [1.05, 1.3, 2.0, 5.0, 20.0]
            .map(|times| if change.factor > 1.0 { change.to * times } else { change.to / times })
            .into_iter()
            .filter(|value| (1.0 / 64.0..=64.0).contains(&(value / change.from)))
            .filter(|value| change.unit != Unit::Share || *value <= 0.99)
            .collect(),
    }
}

/// What was sampled of pings with several copies each goes for other sizes, too: a hair's breadth changes nothing.
#[test]
fn where_pings_have_several_copies_each_the_answer_is_the_same_close_to_what_was_asked() {
    for name in ["broker-redelivery", "backoff-tail"] {
        let scenario = find(&format!("^{name}$")).unwrap().pop().unwrap();
        let needs = Needs { nightly: Nightly::Days(0), ..Needs::default() };
        let asked = Question { traffic: traffic_of(&scenario), needs };
        assert!(asked.traffic.copies > 1.0);
        let (_, there) = answer(&asked);
        let otherwise = Otherwise::new(STRATEGIES, (&asked.traffic, &asked.needs), shipped_curves(), &there);
        for change in changes(&asked.traffic, &asked.needs, &there, &otherwise) {
            assert!(change.factor.ln().abs() > 0.015, "{name}: {change:?}");
        }
    }
}
