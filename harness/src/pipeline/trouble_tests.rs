//! The pipeline under faults: what theory demands of each way to mark, and the score against a plain recount.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_strategies::{
    Bound, Footprint, Memory, Ping, PingKey, Promise, Routing, Settled, Strategy, Timestamp, Unavailable,
    UnderFaults, Verdict, Window, Worker,
};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;

use super::{Ended, Free, Host, Pipeline, Sink};
use crate::faults::{KINDS, Placed, State, Value, Values};
use crate::scenario::PipelineConfig;
use crate::servers::StoreControl;
use crate::stream::{CauseId, Event, Id, InvalidId, Origin, Source, SourceError};
use crate::truth::Truth;

const WINDOW: Duration = Duration::from_secs(600);
const LATENCY: Duration = Duration::from_millis(500);

/// When an id is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// At the check, for good.
    Claim,
    /// When it was delivered.
    AfterDelivery,
    /// At the check for some seconds, and for good when it was delivered.
    Lease,
}

/// What was asked of a strategy, and what it said.
#[derive(Clone, Copy, Debug)]
enum Said {
    Judged { key: PingKey, event_time: Timestamp, verdict: Verdict, now: Timestamp },
    Settled { key: PingKey, now: Timestamp },
    Delivered { unique: u64, event_time: Timestamp, at: Timestamp },
}

#[derive(Clone)]
struct Marker {
    mark: Mark,
    /// Until when an id is known, and whether another copy may wait for it.
    known: Arc<Mutex<BTreeMap<PingKey, (Timestamp, bool)>>>,
    log: Arc<Mutex<Vec<Said>>>,
}

impl Marker {
    fn new(mark: Mark, log: &Arc<Mutex<Vec<Said>>>) -> Marker {
        Marker { mark, known: Arc::default(), log: Arc::clone(log) }
    }

    fn judge_one(&self, key: PingKey, now: Timestamp) -> Verdict {
        let mut known = self.known.lock().unwrap();
        match known.get(&key).filter(|(until, _)| now < *until) {
            Some((_, true)) => return Verdict::InFlight,
            Some((_, false)) => return Verdict::Duplicate,
            None => {}
        }
        match self.mark {
            Mark::Claim => drop(known.insert(key, (now.plus(WINDOW), false))),
            Mark::Lease => drop(known.insert(key, (now.plus(Duration::from_secs(10)), true))),
            Mark::AfterDelivery => {}
        }
        Verdict::New
    }
}

impl Strategy for Marker {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise {
            window: match self.mark {
                Mark::Claim => Window::Since(WINDOW),
                Mark::AfterDelivery | Mark::Lease => Window::SinceMarked(WINDOW),
            },
            missed: Bound::Never,
            lost: Bound::Never,
            capacity: None,
            memory: Memory::Bounded,
            under_faults: UnderFaults::UNBOUNDED,
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for Marker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        for ping in pings {
            let verdict = self.judge_one(ping.key, now);
            let said = Said::Judged { key: ping.key, event_time: ping.event_time, verdict, now };
            self.log.lock().unwrap().push(said);
            verdicts.push(verdict);
        }
        Ok(())
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        for Settled { ping, .. } in settled {
            self.log.lock().unwrap().push(Said::Settled { key: ping.key, now });
            if self.mark != Mark::Claim {
                self.known.lock().unwrap().insert(ping.key, (now.plus(WINDOW), false));
            }
        }
        Ok(())
    }
}

/// A strategy that forgets everything when it is built again without its state.
struct Hosted {
    marker: Marker,
}

impl Host for Hosted {
    fn strategy(&self) -> &dyn Strategy {
        &self.marker
    }

    fn restart(&mut self, state: State) -> Result<(), Unavailable> {
        if state == State::Lost {
            self.marker.known = Arc::default();
        }
        Ok(())
    }

    fn store(&mut self) -> Option<&mut dyn StoreControl> {
        None
    }
}

struct Log(Arc<Mutex<Vec<Said>>>);

impl Sink for Log {
    fn deliver(&mut self, event: &Event, at: Timestamp) {
        let said = Said::Delivered { unique: event.origin.unique, event_time: event.event_time, at };
        self.0.lock().unwrap().push(said);
    }
}

struct Script {
    events: std::vec::IntoIter<Event>,
    causes: Vec<String>,
}

impl Source for Script {
    fn causes(&self) -> &[String] {
        &self.causes
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        events.extend(self.events.by_ref().take(limit));
        Ok(())
    }
}

fn key(unique: u64) -> PingKey {
    PingKey::from_u128(u128::from(unique + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// Copies of pings: which, and how many tenths of a second after the one before. Every arrival has an event time of its
/// own, by which a recount knows it.
fn events(copies: &[(u8, u16)]) -> Vec<Event> {
    let mut tenths = 10_000u64;
    let mut first: BTreeMap<u8, (u64, Timestamp)> = BTreeMap::new();
    let last: BTreeMap<u8, usize> = copies.iter().enumerate().map(|(index, copy)| (copy.0, index)).collect();
    let event = |(index, (ping, gap)): (usize, &(u8, u16))| {
        tenths += u64::from(*gap) + 1;
        let at = Timestamp::from_millis(tenths * 100);
        let number = first.len() as u64;
        let is_first = !first.contains_key(ping);
        let (unique, first_at) = *first.entry(*ping).or_insert((number, at));
        let origin = Origin {
            unique,
            cause: CauseId(u8::from(!is_first)),
            first_at,
            more_to_come: last[ping] != index,
            shares_key: false,
        };
        Event { at, event_time: Timestamp::from_secs(index as u64), id: Id::Key(key(unique)), origin }
    };
    copies.iter().enumerate().map(event).collect()
}

fn placed(kind: &str, at_s: u64, lasts_s: u64, values: Vec<(&'static str, Value)>) -> Placed {
    let kind = KINDS.iter().find(|other| other.name == kind).unwrap();
    let (at, lasts) = (Duration::from_secs(at_s), Duration::from_secs(lasts_s));
    Placed { kind, at, lasts, values: Values::new(values) }
}

fn crash(point: &'static str, at_s: u64, count: u64) -> Placed {
    placed("worker-crash", at_s, 0, vec![("point", Value::Word(point)), ("count", Value::Count(count))])
}

fn restart(state: &'static str, at_s: u64) -> Placed {
    placed("restart", at_s, 0, vec![("state", Value::Word(state))])
}

fn config(mark_lag: Duration) -> PipelineConfig {
    let some = |count| NonZeroUsize::new(count).unwrap();
    PipelineConfig {
        workers: some(3),
        batch: some(4),
        linger: Duration::from_secs(1),
        publish_latency: LATENCY,
        redelivery_delay: Duration::from_secs(15),
        ack_deadline: Duration::from_secs(20),
        mark_lag,
    }
}

const START: Timestamp = Timestamp::from_secs(1_000);

fn run_logged(mark: Mark, mark_lag: Duration, faults: &[Placed], events: Vec<Event>) -> (Ended, Vec<Said>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let marker = Marker::new(mark, &log);
    let window = marker.promise().window;
    let truth = Truth::new(window, 2, START, Duration::from_secs(1_000)).under_faults();
    let config = config(mark_lag);
    let host = Box::new(Hosted { marker });
    let pipeline = Pipeline::with_faults(&config, faults, host, truth, Box::new(Free), START);
    let mut pipeline =
        pipeline.unwrap_or_else(|error| panic!("{error}")).with_sink(Box::new(Log(Arc::clone(&log))));
    let mut script = Script { events: events.into_iter(), causes: vec!["first".into(), "repeat".into()] };
    while pipeline.run(&mut script, 7).unwrap_or_else(|error| panic!("{error}")) {}
    let ended = pipeline.finish().unwrap_or_else(|error| panic!("{error}"));
    let said = log.lock().unwrap().clone();
    (ended, said)
}

fn run(mark: Mark, faults: &[Placed], events: Vec<Event>) -> Ended {
    run_logged(mark, Duration::ZERO, faults, events).0
}

/// A thousand pings, two a second; each comes again 100 to 110 s later.
fn twice() -> Vec<Event> {
    let first = (0..250u16).map(|n| (n as u8, 4));
    let second = (0..250u16).map(|n| (n as u8, 4));
    events(&first.chain(second).collect::<Vec<_>>())
}

fn every_fault() -> Vec<Placed> {
    vec![
        crash("before-judge", 50, 3),
        crash("before-publish", 60, 3),
        crash("before-settle", 70, 3),
        crash("before-ack", 80, 3),
        placed("ack-timeout", 90, 30, vec![]),
        restart("kept", 130),
        restart("lost", 140),
        placed("workers-added", 150, 0, vec![("count", Value::Count(2))]),
        placed("workers-removed", 170, 0, vec![("count", Value::Count(4))]),
        placed("clock-jump", 180, 0, vec![("by", Value::Time(Duration::from_secs(700)))]),
    ]
}

#[test]
fn check_publish_mark_loses_nothing_under_any_fault() {
    for fault in every_fault() {
        let ended = run(Mark::AfterDelivery, std::slice::from_ref(&fault), twice());
        let counts = ended.truth.counts();
        assert_eq!((counts.lost, counts.delivered), (0, counts.uniques), "{fault}");
        assert!(ended.faults[0].seen.fired > 0, "{fault}");
    }
    let all = run(Mark::AfterDelivery, &every_fault(), twice());
    assert_eq!((all.truth.counts().lost, all.truth.counts().stalled), (0, 0));
}

#[test]
fn a_claim_loses_what_its_worker_had_in_hand_between_claim_and_publish_and_nothing_elsewhere() {
    for fault in every_fault() {
        let ended = run(Mark::Claim, std::slice::from_ref(&fault), twice());
        let lost = ended.truth.counts().lost;
        let at_the_point = fault.to_string().contains("worker-crash at 1m")
            && fault.values.entries().any(|(_, value)| value == Value::Word("before-publish"));
        assert_eq!(lost > 0, at_the_point, "{fault}: {lost} lost");
        assert!(lost <= 12, "three batches of four were in hand, and {lost} are lost");
    }
}

#[test]
fn a_lease_neither_loses_nor_lets_through_what_its_worker_had_in_hand() {
    let fault = crash("before-publish", 60, 3);
    let ended = run(Mark::Lease, &[fault], twice());
    let counts = ended.truth.counts();
    assert_eq!((counts.lost, counts.missed, counts.stalled), (0, 0, 0));
    assert_eq!(counts.delivered, counts.uniques);
}

#[test]
fn state_that_is_lost_lets_every_copy_in_its_window_through_once() {
    // 250 pings in 125 s, then the restart, then all of them twice more.
    let copies: Vec<(u8, u16)> = (0..750u16).map(|n| ((n % 250) as u8, 4)).collect();
    let kept = run(Mark::Claim, &[restart("kept", 126)], events(&copies));
    assert_eq!(kept.truth.counts().missed, 0);
    let lost = run(Mark::Claim, &[restart("lost", 126)], events(&copies));
    assert_eq!(lost.truth.counts().missed, 250);
}

#[test]
fn what_was_published_and_not_acked_comes_again_as_a_duplicate_of_the_pipeline_s_own() {
    let once = || events(&(0..40u8).map(|n| (n, 9)).collect::<Vec<_>>());
    for (point, mark, missed) in [
        ("before-judge", Mark::AfterDelivery, false),
        ("before-settle", Mark::AfterDelivery, true),
        ("before-ack", Mark::AfterDelivery, false),
        ("before-settle", Mark::Claim, false),
    ] {
        let ended = run(mark, &[crash(point, 10, 2)], once());
        let truth = &ended.truth;
        let born = point != "before-judge";
        assert!(truth.counts().redelivered > 0, "{point}");
        assert_eq!(truth.duplicates() > 0, born, "{point}");
        assert_eq!(truth.counts().missed > 0, missed, "{point}, {mark:?}");
        let causes = truth.by_cause(&["first".into(), "repeat".into()]);
        assert!(causes.iter().all(|cause| cause.cause == "redelivery"), "{causes:?}");
    }
}

#[test]
fn with_a_mark_lag_the_source_is_acked_at_the_publish_and_copies_in_the_gap_pass() {
    // Copies 2, 4 and 8 seconds after their pings, which are a minute apart; marks come 5 s after the publish.
    let copies = [(0, 0), (0, 19), (1, 600), (1, 39), (2, 600), (2, 79)];
    let lag = Duration::from_secs(5);
    let (ended, said) = run_logged(Mark::AfterDelivery, lag, &[], events(&copies));
    assert_eq!(ended.truth.counts().missed, 2);
    assert_eq!(ended.truth.counts().missed_in_window, 0);
    let delivered = said.iter().find_map(|said| match said {
        Said::Delivered { at, .. } => Some(*at),
        _ => None,
    });
    let settled = said.iter().find_map(|said| match said {
        Said::Settled { now, .. } => Some(*now),
        _ => None,
    });
    assert_eq!(settled.unwrap().since(delivered.unwrap()), lag);
}

#[test]
fn a_marking_job_that_dies_marks_an_ack_deadline_later_and_nothing_is_delivered_again() {
    let lag = Duration::from_secs(5);
    let crash = [crash("before-settle", 0, 1)];
    let (ended, said) = run_logged(Mark::AfterDelivery, lag, &crash, events(&[(0, 0)]));
    let settled: Vec<f64> = said
        .iter()
        .filter_map(|said| match said {
            Said::Settled { now, .. } => Some(now.since(START).as_secs_f64()),
            _ => None,
        })
        .collect();
    // Arrived at 0.1, judged at 1.1, published at 1.6, read back at 6.6, and once more 20 s later.
    assert_eq!(settled, [26.6]);
    assert_eq!((ended.truth.counts().redelivered, ended.truth.counts().missed), (0, 0));
}

/// The test of the pipeline that this is a model of: marked are `seen` and `dup`, which come, with a broken id between
/// them, after a ping that is new.
#[test]
fn marked_ids_are_dropped_broken_ones_go_to_the_error_output_and_missing_ones_pass_unmarked() {
    let copies = events(&[(0, 0), (1, 0), (2, 100), (1, 0), (3, 0), (4, 0), (4, 0)]);
    let mut all = copies;
    all[4].id = Id::Invalid(InvalidId::NotAnId);
    all[5].id = Id::Missing;
    all[6].id = Id::Missing;
    let (ended, said) = run_logged(Mark::AfterDelivery, Duration::ZERO, &[], all);
    let delivered: Vec<u64> = said
        .iter()
        .filter_map(|said| match said {
            Said::Delivered { unique, .. } => Some(*unique),
            _ => None,
        })
        .collect();
    // Seen and dup; the two without an id, at once; and the new one.
    assert_eq!(delivered, [0, 1, 4, 4, 2]);
    let counts = ended.truth.counts();
    assert_eq!((counts.errors, counts.unjudged), (1, 2));
    let marked = said.iter().filter(|said| matches!(said, Said::Settled { .. })).count();
    assert_eq!(marked, 3);
}

#[test]
fn the_same_faults_give_the_same_decisions() {
    let digest = |faults: &[Placed]| run(Mark::Lease, faults, twice()).digest;
    assert_eq!(digest(&every_fault()), digest(&every_fault()));
    assert_ne!(digest(&every_fault()), digest(&[]));
}

#[test]
fn a_fault_that_cannot_happen_says_so() {
    let removed = placed("workers-removed", 10, 0, vec![("count", Value::Count(9))]);
    let ended = run(Mark::Claim, &[removed.clone(), removed], twice());
    let fired: Vec<u64> = ended.faults.iter().map(|fault| fault.seen.fired).collect();
    assert_eq!(fired, [2, 0]);
}

/// The score the slow way: from all that was asked of the strategy and all that reached the sink.
fn recount(events: &[Event], said: &[Said], window: Window) -> crate::truth::Counts {
    let unique_of: BTreeMap<PingKey, u64> =
        events.iter().map(|event| (key(event.origin.unique), event.origin.unique)).collect();
    let first_arrivals: BTreeSet<Timestamp> = events
        .iter()
        .filter(|event| event.origin.cause == CauseId::FIRST)
        .map(|event| event.event_time)
        .collect();
    let mut counts = crate::truth::Counts {
        pings: events.len() as u64,
        uniques: unique_of.len() as u64,
        ..Default::default()
    };
    let delivered_at = |of: Timestamp| {
        said.iter().filter_map(move |said| match said {
            Said::Delivered { event_time, at, .. } if *event_time == of => Some(*at),
            _ => None,
        })
    };
    let mut accepted: BTreeMap<u64, Timestamp> = BTreeMap::new();
    let mut marked: BTreeMap<u64, Timestamp> = BTreeMap::new();
    let mut delivered: BTreeSet<u64> = BTreeSet::new();
    let mut dropped: BTreeSet<u64> = BTreeSet::new();
    let mut dropped_alone: BTreeSet<u64> = BTreeSet::new();
    let mut decided: BTreeSet<Timestamp> = BTreeSet::new();
    let mut on_their_way: Vec<(u64, Timestamp)> = Vec::new();
    let mut covered_of: BTreeMap<Timestamp, bool> = BTreeMap::new();
    for said in said {
        match *said {
            Said::Judged { verdict: Verdict::InFlight, .. } => {}
            Said::Judged { key, event_time, verdict, now } => {
                let unique = unique_of[&key];
                let is_copy = decided.contains(&event_time) || !first_arrivals.contains(&event_time);
                let since = match window {
                    Window::SinceMarked(_) => marked.get(&unique),
                    _ => accepted.get(&unique),
                };
                let covered = is_copy && since.is_some_and(|since| now.since(*since) < WINDOW);
                counts.in_window += u64::from(covered);
                covered_of.insert(event_time, covered);
                if verdict == Verdict::New {
                    accepted.insert(unique, now);
                    let arrives = now.plus(LATENCY);
                    if delivered_at(event_time).any(|at| at == arrives) {
                        on_their_way.push((unique, arrives));
                    }
                } else {
                    decided.insert(event_time);
                    let alone = !on_their_way.iter().any(|(other, at)| *other == unique && *at > now);
                    if !delivered.contains(&unique) {
                        dropped.insert(unique);
                        if alone {
                            dropped_alone.insert(unique);
                        }
                    }
                }
            }
            Said::Settled { key, now } => drop(marked.insert(unique_of[&key], now)),
            Said::Delivered { unique, event_time, .. } => {
                decided.insert(event_time);
                if !delivered.insert(unique) {
                    counts.missed += 1;
                    counts.missed_in_window += u64::from(covered_of[&event_time]);
                }
            }
        }
    }
    counts.delivered = delivered.len() as u64;
    counts.lost = dropped.difference(&delivered).count() as u64;
    counts.delayed = dropped_alone.intersection(&delivered).count() as u64;
    counts
}

fn some_fault() -> impl proptest::strategy::Strategy<Value = Placed> {
    let point = prop::sample::select(vec!["before-judge", "before-publish", "before-settle", "before-ack"]);
    let state = prop::sample::select(vec!["kept", "lost"]);
    let kind = prop::sample::select(vec!["workers-added", "workers-removed"]);
    prop_oneof![
        4 => (point, 0u64..200, 1u64..6).prop_map(|(point, at, count)| crash(point, at, count)),
        2 => (0u64..200, 1u64..90).prop_map(|(at, lasts)| placed("ack-timeout", at, lasts, vec![])),
        1 => (state, 0u64..200).prop_map(|(state, at)| restart(state, at)),
        1 => (kind, 0u64..200, 1u64..4)
            .prop_map(|(kind, at, count)| placed(kind, at, 0, vec![("count", Value::Count(count))])),
    ]
}

fn some_mark() -> impl proptest::strategy::Strategy<Value = Mark> {
    prop::sample::select(vec![Mark::Claim, Mark::AfterDelivery, Mark::Lease])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_score_under_faults_equals_a_recount_of_everything(
        copies in prop::collection::vec((0u8..25, 0u16..30), 1..150),
        faults in prop::collection::vec(some_fault(), 0..5),
        mark in some_mark(),
        mark_lag in prop::sample::select(vec![0u64, 3, 40]),
    ) {
        let events = events(&copies);
        let (ended, said) = run_logged(mark, Duration::from_secs(mark_lag), &faults, events.clone());
        let log = Arc::new(Mutex::new(Vec::new()));
        let window = Marker::new(mark, &log).promise().window;
        let (counts, expected) = (*ended.truth.counts(), recount(&events, &said, window));
        let of = |c: &crate::truth::Counts| {
            [c.pings, c.uniques, c.delivered, c.missed, c.lost, c.delayed, c.in_window, c.missed_in_window]
        };
        prop_assert_eq!(of(&counts), of(&expected));
        prop_assert!(counts.missed <= ended.truth.duplicates());
        let causes = ended.truth.by_cause(&["first".into(), "repeat".into()]);
        prop_assert_eq!(causes.iter().map(|c| c.duplicate_count).sum::<u64>(), ended.truth.duplicates());
        prop_assert_eq!(causes.iter().map(|c| c.missed_count).sum::<u64>(), counts.missed);
        prop_assert_eq!(ended.truth.by_lag().iter().map(|l| l.duplicate_count).sum::<u64>(), ended.truth.duplicates());
        if mark == Mark::AfterDelivery {
            prop_assert_eq!(counts.lost, 0);
        }
    }
}
