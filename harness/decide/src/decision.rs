//! Constraints first, then cost.

use std::cmp::Ordering;

use serde::Serialize;

use dedup_records::curve::{Known, Origin};

use crate::candidate::{Candidate, LeftOut, Unsaid, modelled};
use crate::loss::{Assessment, assess};
use crate::needs::{LOST_BY_DEFAULT, Needs, is_number};
use crate::quantity::{DAY_S, YEAR_S};
use crate::traffic::Traffic;

/// A candidate, what it comes to, and what it fails.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The candidate.
    pub candidate: Candidate,
    /// What it comes to.
    pub assessment: Assessment,
    /// Requirements that it fails, the worst first; none where it survives.
    pub fails: Vec<Failure>,
    /// Whether no other survivor is at least as good in price, duplicates and losses, and better in one.
    pub on_front: bool,
}

/// A requirement that is failed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// Its name, as the options call it.
    pub requirement: &'static str,
    /// What there is: a share, bytes, seconds, or workers.
    pub found: f64,
    /// What may be at most.
    pub allowed: f64,
    /// How sure it is what there is.
    pub origin: Origin,
}

impl Failure {
    /// How many times too much; infinite where nothing was allowed.
    pub fn times(&self) -> f64 {
        match self.allowed {
            allowed if allowed > 0.0 => self.found / allowed,
            _ => f64::INFINITY,
        }
    }

    /// The same for whoever compares: what is lost where none may be is so many times what may be by default.
    fn compared(&self) -> f64 {
        match (self.requirement, self.allowed) {
            ("lost", allowed) if allowed <= 0.0 => self.found / LOST_BY_DEFAULT,
            _ => self.times(),
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What it is about.
    pub traffic: Traffic,
    /// What was asked for.
    pub needs: Needs,
    /// Survivors, one of each strategy at its best window, the cheapest first.
    pub survivors: Vec<Judged>,
    /// The others, one of each strategy at the window with which it is nearest, the nearest first.
    pub excluded: Vec<Judged>,
    /// Where nothing survives: the one requirement without which something would, and what that would be.
    pub give_up: Option<(&'static str, Box<Judged>)>,
    /// Strategies about which nothing is said.
    pub left_out: Vec<LeftOut>,
}

impl Decision {
    /// The same, which says that nothing is said about these.
    pub fn leaving_out(mut self, left_out: Vec<LeftOut>) -> Decision {
        self.left_out = left_out.into_iter().chain(self.left_out).collect();
        self
    }
}

/// Decides, where theory says something of every window of every candidate.
pub fn decide(traffic: &Traffic, needs: &Needs, candidates: &[Candidate]) -> Decision {
    decide_knowing(traffic, needs, candidates, &[])
}

/// Decides. About a strategy of whose longest window theory says nothing, nothing is said where others miss too much.
pub fn decide_knowing(
    traffic: &Traffic,
    needs: &Needs,
    candidates: &[Candidate],
    unsaid: &[Unsaid],
) -> Decision {
    let misses = |judged: &Judged| {
        let is_missed = |failure: &Failure| failure.requirement == "missed" || is_number(failure.requirement);
        judged.fails.iter().any(is_missed)
    };
    let is_unsaid = |judged: &Judged| {
        misses(judged) && unsaid.iter().any(|Unsaid(out)| out.strategy == judged.candidate.strategy)
    };
    let judged: Vec<Judged> = candidates.iter().map(|candidate| judge(candidate, traffic, needs)).collect();
    let (survivors, excluded): (Vec<_>, Vec<_>) =
        judged.iter().cloned().partition(|judged| judged.fails.is_empty());
    let by_order = |a: &Judged, b: &Judged| compare(&order(&a.assessment), &order(&b.assessment));
    let mut survivors = best_of_each(survivors, by_order);
    mark_front(&mut survivors);
    let out =
        |judged: &Judged| survivors.iter().all(|other| other.candidate.strategy != judged.candidate.strategy);
    let excluded: Vec<Judged> = excluded.into_iter().filter(out).collect();
    let mut excluded = best_of_each(excluded, |a, b| by_window(a).total_cmp(&by_window(b)));
    excluded.sort_by(|a, b| nearness(a).total_cmp(&nearness(b)));
    let (not_said, excluded): (Vec<_>, Vec<_>) = excluded.into_iter().partition(is_unsaid);
    let is_not_said = |Unsaid(out): &&Unsaid| {
        not_said.iter().any(|judged: &Judged| judged.candidate.strategy == out.strategy)
    };
    let give_up = survivors.is_empty().then(|| give_up(&excluded)).flatten();
    Decision {
        traffic: traffic.clone(),
        needs: needs.clone(),
        excluded,
        survivors,
        give_up,
        left_out: unsaid.iter().filter(is_not_said).map(|Unsaid(out)| out.clone()).collect(),
    }
}

/// What a candidate comes to, and what it fails.
fn judge(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> Judged {
    let assessment = assess(candidate, traffic, needs);
    let fails = failures(candidate, &assessment, traffic, needs);
    Judged { candidate: candidate.clone(), assessment, fails, on_front: false }
}

pub(crate) fn failures(
    candidate: &Candidate,
    found: &Assessment,
    traffic: &Traffic,
    needs: &Needs,
) -> Vec<Failure> {
    let uniques = traffic.uniques_per_s() * YEAR_S;
    // What nobody measured excludes nobody.
    let unknown = Known { value: 0.0, origin: Origin::Outside };
    let p99_ns = found.speed.map_or(unknown, |speed| speed.p99_ns);
    let busy = found.speed.map_or(unknown, |speed| speed.busy);
    let p99_s = Known { value: p99_ns.value / 1e9, ..p99_ns };
    let most_s = needs.p99_s.unwrap_or(f64::INFINITY);
    let limits = [
        ("lost", modelled(found.lost_per_year() / uniques), needs.lost),
        ("missed", modelled(traffic.share_of_delivered(found.left_per_day())), needs.missed),
        ("p99", p99_s, most_s),
        ("memory", candidate.worker_bytes, needs.memory_bytes),
        ("disk", candidate.disk_bytes, needs.disk_bytes),
        ("redis", modelled(found.maxmemory), needs.redis_bytes.unwrap_or(0.0)),
        ("workers", busy, 1.0),
    ];
    let copies = found.left_per_day() / (traffic.uniques_per_s() * DAY_S);
    let bent = needs.numbers.errors(copies, found.lost_per_year() / uniques);
    let numbers = bent.map(|(name, error)| (name, modelled(error), needs.numbers.tolerance));
    let mut failures: Vec<Failure> = limits
        .into_iter()
        .chain(numbers)
        .filter(|(_, found, allowed)| found.value > *allowed)
        .map(|(requirement, found, allowed)| Failure {
            requirement,
            found: found.value,
            allowed,
            origin: found.origin,
        })
        .collect();
    failures.sort_by(|a, b| b.times().total_cmp(&a.times()));
    failures
}

/// By price to the cent, then by what is delivered twice and lost. What is the same stays in the order of the candidates.
pub(crate) fn order(found: &Assessment) -> (f64, f64, f64) {
    ((found.price * 100.0).round(), seven_digits(found.left_per_day()), seven_digits(found.lost_per_year()))
}

/// Whoever works a figure out in another way, as the decision page does, may come to other digits after these.
fn seven_digits(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Which of two comes first.
pub(crate) fn compare(a: &(f64, f64, f64), b: &(f64, f64, f64)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
}

/// The fewest requirements failed, the least by how much the worst of them is, and then the others.
fn nearness(judged: &Judged) -> Nearness {
    Nearness::of(judged, judged.fails.iter().map(Failure::compared))
}

/// The same for a choice among windows: no window helps where nothing is allowed, so the rest decides.
fn by_window(judged: &Judged) -> Nearness {
    Nearness::of(judged, judged.fails.iter().filter(|one| one.allowed > 0.0).map(Failure::times))
}

/// How near to survive something is: the less the nearer.
struct Nearness(Vec<f64>);

impl Nearness {
    fn of(judged: &Judged, times: impl Iterator<Item = f64>) -> Nearness {
        let mut times: Vec<f64> = times.map(seven_digits).collect();
        times.sort_by(|a, b| b.total_cmp(a));
        let count = judged.fails.len() as f64;
        let price = seven_digits(judged.assessment.price);
        Nearness(std::iter::once(count).chain(times).chain([price]).collect())
    }

    fn total_cmp(&self, other: &Nearness) -> Ordering {
        let differ = self.0.iter().zip(&other.0).map(|(a, b)| a.total_cmp(b));
        differ.fold(Ordering::Equal, Ordering::then).then(self.0.len().cmp(&other.0.len()))
    }
}

fn best_of_each(mut judged: Vec<Judged>, nearer: impl Fn(&Judged, &Judged) -> Ordering) -> Vec<Judged> {
    judged.sort_by(nearer);
    let mut seen = std::collections::BTreeSet::new();
    judged.retain(|judged| seen.insert(judged.candidate.strategy.clone()));
    judged
}

fn mark_front(survivors: &mut [Judged]) {
    let points: Vec<[f64; 3]> = survivors
        .iter()
        .map(|judged| {
            let (price, left, lost) = order(&judged.assessment);
            [price, left, lost]
        })
        .collect();
    for (judged, point) in survivors.iter_mut().zip(&points) {
        let beats = |other: &[f64; 3]| {
            other.iter().zip(point).all(|(a, b)| a <= b) && other.iter().zip(point).any(|(a, b)| a < b)
        };
        judged.on_front = !points.iter().any(beats);
    }
}

/// The nearest, where it fails one requirement alone.
fn give_up(excluded: &[Judged]) -> Option<(&'static str, Box<Judged>)> {
    let nearest = excluded.first().filter(|judged| judged.fails.len() == 1)?;
    Some((nearest.fails[0].requirement, Box::new(nearest.clone())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::candidate::{Marks, Place};
    use crate::testing::{candidate, measured, traffic};

    const GIB: f64 = (1u64 << 30) as f64;

    fn sized(name: &str, worker_gib: f64, missed: f64) -> Candidate {
        let mut candidate = candidate(name, Place::Disk);
        candidate.marks = Marks::AfterDelivery;
        candidate.worker_bytes = modelled(worker_gib * GIB);
        candidate.missed_live = modelled(missed);
        candidate
    }

    #[test]
    fn the_cheapest_that_meets_everything_is_first_and_the_rest_says_what_it_fails_and_by_how_much() {
        let candidates = [sized("large", 3.0, 0.0), sized("small", 1.0, 0.005), sized("forgetful", 0.5, 0.5)];
        let found = decide(&traffic(), &Needs::default(), &candidates);
        let names: Vec<_> = found.survivors.iter().map(|judged| judged.candidate.strategy.as_str()).collect();
        assert_eq!(names, ["small", "large"]);
        assert!(found.survivors.iter().all(|judged| judged.on_front));
        let [out] = &found.excluded[..] else { panic!("{:?}", found.excluded) };
        // A tenth of the pings are copies, half of which pass: 5 of 95 that are delivered, and a thousandth may.
        assert_eq!(out.fails[0].requirement, "missed");
        assert!((out.fails[0].times() - 50.0 / 0.95).abs() < 1e-6, "{:?}", out.fails);
    }

    #[test]
    fn of_one_strategy_the_cheapest_window_is_shown() {
        let found = decide(&traffic(), &Needs::default(), &[sized("a", 2.0, 0.0), sized("a", 1.0, 0.001)]);
        assert_eq!(found.survivors.len(), 1);
        assert_eq!(found.survivors[0].candidate.worker_bytes.value, GIB);
        assert!(found.excluded.is_empty());
    }

    #[test]
    fn of_a_strategy_whose_longest_window_is_unknown_no_shorter_one_says_what_it_misses() {
        let unsaid = |name: &str| Unsaid(LeftOut { strategy: name.into(), because: "of chance".into() });
        let decided = |missed: f64, gib: f64| {
            let candidates = [sized("a", 1.0, 0.0), sized("lru", gib, missed)];
            decide_knowing(&traffic(), &Needs::default(), &candidates, &[unsaid("lru"), unsaid("a")])
        };
        let found = decided(0.5, 1.0);
        assert!(found.excluded.is_empty() && found.left_out.iter().map(|out| &*out.strategy).eq(["lru"]));
        assert_eq!(found.survivors.len(), 1);
        // It meets the requirements, or fails one that has nothing to do with it.
        assert!(decided(0.0, 1.0).left_out.is_empty());
        assert_eq!(decided(0.0, 5.0).excluded.len(), 1);
        let alone = [sized("lru", 1.0, 0.5)];
        assert_eq!(decide_knowing(&traffic(), &Needs::default(), &alone, &[unsaid("lru")]).give_up, None);
    }

    #[test]
    fn a_survivor_that_another_beats_in_everything_is_not_on_the_front() {
        let found = decide(&traffic(), &Needs::default(), &[sized("a", 1.0, 0.0), sized("b", 2.0, 0.001)]);
        assert_eq!(found.survivors.iter().map(|judged| judged.on_front).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn requirements_that_nothing_meets_say_which_one_to_give_up() {
        let found = decide(&traffic(), &Needs::default(), &[sized("a", 5.0, 0.0), sized("b", 1.0, 0.9)]);
        assert!(found.survivors.is_empty());
        let (requirement, judged) = found.give_up.unwrap();
        assert_eq!((requirement, judged.candidate.strategy.as_str()), ("memory", "a"));
    }

    #[test]
    fn where_nothing_may_be_lost_the_window_is_chosen_by_the_rest() {
        let wrong = |window_s: f64, missed: f64, gib: f64, lost: f64| {
            let mut one = sized("filter", gib, missed);
            (one.window_s, one.false_positives) = (Some(window_s), modelled(lost));
            one
        };
        let none = Needs { lost: 0.0, ..Needs::default() };
        let candidates = [wrong(5.0, 0.9, 0.1, 1e-7), wrong(600.0, 0.5, 1.0, 2e-7)];
        let found = decide(&traffic(), &none, &candidates);
        assert_eq!(found.excluded[0].candidate.window_s, Some(600.0));
        // What is lost is so many times what may be by default: half, where the other misses 53 times as much as may be.
        let candidates = [sized("forgetful", 0.1, 0.5), wrong(86_400.0, 0.0, 1.0, 5e-7)];
        let found = decide(&traffic(), &none, &candidates);
        let (requirement, judged) = found.give_up.unwrap();
        assert_eq!((requirement, judged.candidate.strategy.as_str()), ("lost", "filter"));
        assert_eq!(found.excluded[0].candidate.strategy, "filter");
    }

    #[test]
    fn what_bends_a_number_by_more_than_is_tolerated_is_out_and_says_which_number() {
        // A tenth of the pings are copies: of nine uniques, a third of a copy passes, and 3.7 % too many pings are counted.
        let copies = sized("copies", 1.0, 1.0 / 3.0);
        let mut loses = sized("loses", 1.0, 0.0);
        loses.false_positives = modelled(0.02);
        let asked = |names: &str| {
            let mut needs = Needs { missed: 1.0, lost: 1.0, ..Needs::default() };
            needs.set("here", "numbers", names).unwrap();
            needs.set("here", "tolerance", "1%").unwrap();
            let found = decide(&traffic(), &needs, &[copies.clone(), loses.clone()]);
            let out = |name: &str| {
                let judged = found.excluded.iter().find(|judged| judged.candidate.strategy == name);
                judged.map_or(Vec::new(), |judged| judged.fails.clone())
            };
            [out("copies"), out("loses")]
        };
        assert_eq!(asked("none"), [Vec::new(), Vec::new()]);
        let [copies_fail, loses_fail] = asked("pings,mau");
        let failed = |fails: &[Failure]| fails.iter().map(|one| one.requirement).collect::<Vec<_>>();
        assert_eq!((failed(&copies_fail), failed(&loses_fail).len()), (vec!["pings"], 2));
        assert!((copies_fail[0].found - 1.0 / 27.0).abs() < 1e-9, "{copies_fail:?}");
        assert!(loses_fail.iter().all(|one| (one.found - 0.02).abs() < 1e-9), "{loses_fail:?}");
        // Crashes a user are as many too many; steps of a funnel are repeated alike.
        let [copies_fail, loses_fail] = asked("crash-rate,funnel-step-1");
        assert_eq!((failed(&copies_fail), failed(&loses_fail)), (vec!["crash-rate"], vec!["crash-rate"]));
    }

    #[test]
    fn what_to_give_up_is_the_first_of_those_that_are_excluded() {
        let found =
            decide(&traffic(), &Needs::default(), &[sized("dear", 2.0, 0.5), sized("cheap", 1.0, 0.5)]);
        let (_, judged) = found.give_up.unwrap();
        assert_eq!((judged.candidate.strategy.as_str(), &*judged), ("cheap", &found.excluded[0]));
    }

    #[test]
    fn without_a_server_nothing_in_one_survives() {
        let mut claim = candidate("claim", Place::Server);
        claim.marks = Marks::AfterDelivery;
        claim.server_bytes = modelled(1.0);
        let needs = Needs { redis_bytes: None, ..Needs::default() };
        let found = decide(&traffic(), &needs, &[claim.clone()]);
        assert_eq!(found.excluded[0].fails[0].requirement, "redis");
        assert_eq!(decide(&traffic(), &Needs::default(), &[claim]).survivors.len(), 1);
    }

    #[test]
    fn what_takes_too_long_is_out_and_what_nobody_measured_is_not() {
        let mut slow = sized("slow", 1.0, 0.0);
        slow.round_trips = 0;
        // A batch of 64 takes 12.8 ms; 1,000 pings of 100 µs are a tenth of a second.
        slow.measured = Some(measured("slow", &[(1000, 1e5), (1 << 40, 1e5)]));
        let unknown = sized("unknown", 2.0, 0.0);
        let one = Needs { workers: 1, batch: 64, ..Needs::default() };
        let decided = |needs: &Needs, rate: f64| {
            let mut traffic = traffic();
            traffic.busiest_per_s *= rate;
            decide(&traffic, needs, &[slow.clone(), unknown.clone()])
        };
        assert_eq!(names(&decided(&one, 1.0)), ["slow", "unknown"]);
        let strict = Needs { p99_s: Some(0.01), ..one.clone() };
        let out = decided(&strict, 1.0);
        assert_eq!(names(&out), ["unknown"]);
        let [failure] = &out.excluded[0].fails[..] else { panic!("{:?}", out.excluded) };
        assert_eq!((failure.requirement, failure.origin), ("p99", Origin::Measured));
        assert!((failure.times() - 1.28).abs() < 1e-6, "{failure:?}");
        let out = decided(&one, 20.0);
        assert_eq!(out.excluded[0].fails[0].requirement, "workers");
        assert!((out.excluded[0].fails[0].found - 2.0).abs() < 1e-6);
    }

    fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let one = (0.0..8.0f64, 0.0..1.0f64, 0.0..20.0f64, 0.0..1e-5f64, 0..4u8, any::<bool>());
        prop::collection::vec(one, 1..20).prop_map(|all| {
            let build = |(index, (worker, missed, server, wrong, place, at_check)): (
                usize,
                (f64, f64, f64, f64, u8, bool),
            )| {
                let place =
                    [Place::Worker, Place::Disk, Place::Server, Place::OpenServer][usize::from(place)];
                let mut candidate = sized(&format!("s{}", index % 5), worker, missed * missed * 0.05);
                candidate.place = place;
                candidate.marks = if at_check { Marks::AtCheck } else { Marks::AfterDelivery };
                candidate.false_positives = modelled(wrong);
                candidate.server_bytes = modelled(if place.is_server() { server * GIB } else { 0.0 });
                candidate
            };
            all.into_iter().enumerate().map(build).collect()
        })
    }

    fn names(decision: &Decision) -> Vec<String> {
        decision.survivors.iter().map(|judged| judged.candidate.strategy.clone()).collect()
    }

    proptest! {
        #[test]
        fn more_memory_never_excludes_more(candidates in any_candidates(), gib in 0.0..10.0f64, more in 1.0..4.0f64) {
            let with = |gib: f64| Needs {
                memory_bytes: gib * GIB,
                redis_bytes: Some(gib * GIB),
                ..Needs::default()
            };
            let (few, many) = (decide(&traffic(), &with(gib), &candidates), decide(&traffic(), &with(gib * more), &candidates));
            for name in names(&few) {
                prop_assert!(names(&many).contains(&name));
            }
        }

        #[test]
        fn a_stricter_requirement_never_adds_a_survivor(
            candidates in any_candidates(), lost in 0.0..1e-5f64, missed in 0.0..0.01f64, part in 0.0..1.0f64,
        ) {
            let with = |part: f64| Needs { lost: lost * part, missed: missed * part, ..Needs::default() };
            let (lax, strict) = (decide(&traffic(), &with(1.0), &candidates), decide(&traffic(), &with(part), &candidates));
            for name in names(&strict) {
                prop_assert!(names(&lax).contains(&name));
            }
        }

        #[test]
        fn every_strategy_is_a_survivor_or_excluded_and_never_both(candidates in any_candidates()) {
            let found = decide(&traffic(), &Needs::default(), &candidates);
            let mut all = names(&found);
            all.extend(found.excluded.iter().map(|judged| judged.candidate.strategy.clone()));
            all.sort();
            let mut wanted: Vec<_> = candidates.iter().map(|candidate| candidate.strategy.clone()).collect();
            wanted.sort();
            wanted.dedup();
            prop_assert_eq!(all, wanted);
        }
    }
}
