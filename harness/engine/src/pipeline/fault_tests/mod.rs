//! The pipeline under faults: what theory demands of each way to mark.

mod deadlines;
mod deaths;
mod recount;
mod stand_ins;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_strategies::{PingKey, Strategy, Timestamp};
use dedup_stream::faults::{FAULTS, Placed, Value, Values};
use dedup_stream::scenario::{Deadlines, PipelineConfig, Routed};
use dedup_stream::stream::{CauseId, Event, Id, InvalidId, Origin};
use dedup_stream::truth::Truth;

use self::stand_ins::{Hosted, Log, Mark, Marker, Said, Script};
use super::{Ended, Free, Pipeline};

const WINDOW: Duration = Duration::from_secs(600);
const LATENCY: Duration = Duration::from_millis(500);

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
    let kind = FAULTS.iter().find(|other| other.name == kind).unwrap();
    let (at, lasts) = (Duration::from_secs(at_s), Duration::from_secs(lasts_s));
    Placed { kind, at, lasts, values: Values::new(values), pipeline: 0 }
}

fn crash(point: &'static str, at_s: u64, count: u64) -> Placed {
    placed("worker-crash", at_s, 0, vec![("point", Value::Word(point)), ("count", Value::Count(count))])
}

fn restart(state: &'static str, at_s: u64) -> Placed {
    placed("restart", at_s, 0, vec![("state", Value::Word(state))])
}

fn publish_fails(at_s: u64, lasts_s: u64, share: f64) -> Placed {
    placed("publish-fails", at_s, lasts_s, vec![("share", Value::Share(share))])
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
        deadlines: Deadlines::Extended,
        routed: Routed::ByKey,
        mark_lag,
    }
}

const START: Timestamp = Timestamp::from_secs(1_000);

fn run_logged(mark: Mark, mark_lag: Duration, faults: &[Placed], events: Vec<Event>) -> (Ended, Vec<Said>) {
    run_in(&config(mark_lag), mark, faults, events)
}

fn run_in(config: &PipelineConfig, mark: Mark, faults: &[Placed], events: Vec<Event>) -> (Ended, Vec<Said>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let marker = Marker::new(mark, &log);
    let window = marker.promise().window;
    let truth = Truth::new(window, 2, START, Duration::from_secs(1_000)).under_faults();
    let host = Box::new(Hosted { marker });
    let pipeline = Pipeline::with_faults(config, faults, host, truth, Box::new(Free), START);
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
        publish_fails(30, 15, 0.5),
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
        if fault.kind.name == "publish-fails" {
            continue;
        }
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
fn of_failed_publishes_a_claim_loses_each_and_marks_after_delivery_and_leases_lose_none() {
    for (share, about) in [(0.2, 2..=20), (1.0, 36..=44)] {
        let ended = |mark| run(mark, &[publish_fails(30, 20, share)], twice());
        let claim = ended(Mark::Claim);
        let (lost, failed) = (claim.truth.counts().lost, claim.faults[0].seen.fired);
        // Of forty pings in twenty seconds; each comes again, and reads its own mark.
        assert_eq!((lost, claim.truth.counts().redelivered), (failed, failed));
        assert!(about.contains(&failed), "{failed}");
        for mark in [Mark::AfterDelivery, Mark::Lease] {
            let ended = ended(mark);
            let counts = ended.truth.counts();
            assert!(ended.faults[0].seen.fired >= failed, "{mark:?}");
            assert_eq!((counts.lost, counts.missed, counts.stalled), (0, 0, 0), "{mark:?} at {share}");
            assert_eq!(counts.delivered, counts.uniques);
        }
    }
}

#[test]
fn a_strategy_is_told_of_a_failed_publish_when_it_has_failed_and_the_ping_comes_again_after_the_delay() {
    let (ended, said) =
        run_logged(Mark::Lease, Duration::ZERO, &[publish_fails(0, 10, 1.0)], events(&[(0, 0)]));
    let since = |at: Timestamp| at.since(START).as_secs_f64();
    let told: Vec<(&str, f64)> = said
        .iter()
        .map(|said| match said {
            Said::Judged { verdict, now, .. } => {
                assert_eq!(*verdict, dedup_strategies::Verdict::New);
                ("judged", since(*now))
            }
            Said::Failed { now, .. } => ("failed", since(*now)),
            Said::Delivered { at, .. } => ("delivered", since(*at)),
            Said::Settled { now, .. } => ("settled", since(*now)),
        })
        .collect();
    // Arrived at 0.1, and again 15 s after the publish had failed.
    let expected =
        [("judged", 1.1), ("failed", 1.6), ("judged", 17.6), ("delivered", 18.1), ("settled", 18.1)];
    assert_eq!(told, expected);
    assert_eq!(ended.faults[0].seen.what, "1 publishes failed, 1 pings came again");
    assert_eq!((ended.truth.counts().redelivered, ended.truth.duplicates()), (1, 0));
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
