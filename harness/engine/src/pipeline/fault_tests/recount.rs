//! The score against a plain recount of everything that was said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_strategies::{PingKey, Strategy, Timestamp, Verdict, Window};
use dedup_stream::faults::{Placed, Value};
use dedup_stream::stream::{CauseId, Event};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;

use super::stand_ins::{Mark, Marker, Said};
use super::{LATENCY, WINDOW, crash, events, key, placed, publish_fails, restart, run_logged};

/// The score the slow way: from all that was asked of the strategy and all that reached the sink.
fn recount(events: &[Event], said: &[Said], window: Window) -> dedup_stream::truth::Counts {
    let unique_of: BTreeMap<PingKey, u64> =
        events.iter().map(|event| (key(event.origin.unique), event.origin.unique)).collect();
    let first_arrivals: BTreeSet<Timestamp> = events
        .iter()
        .filter(|event| event.origin.cause == CauseId::FIRST)
        .map(|event| event.event_time)
        .collect();
    let mut counts = dedup_stream::truth::Counts {
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
    let failed_at = |of: Timestamp| {
        said.iter().filter_map(move |said| match said {
            Said::Failed { event_time, now } if *event_time == of => Some(*now),
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
                    if delivered_at(event_time).chain(failed_at(event_time)).any(|at| at == arrives) {
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
            Said::Failed { .. } => {}
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

pub(super) fn some_fault() -> impl proptest::strategy::Strategy<Value = Placed> {
    let point = prop::sample::select(vec!["before-judge", "before-publish", "before-settle", "before-ack"]);
    let state = prop::sample::select(vec!["kept", "lost"]);
    let kind = prop::sample::select(vec!["workers-added", "workers-removed"]);
    prop_oneof![
        4 => (point, 0u64..200, 1u64..6).prop_map(|(point, at, count)| crash(point, at, count)),
        2 => (0u64..200, 1u64..90).prop_map(|(at, lasts)| placed("ack-timeout", at, lasts, vec![])),
        2 => (0u64..200, 1u64..90, 0.1f64..1.0)
            .prop_map(|(at, lasts, share)| publish_fails(at, lasts, share)),
        1 => (state, 0u64..200).prop_map(|(state, at)| restart(state, at)),
        1 => (kind, 0u64..200, 1u64..4)
            .prop_map(|(kind, at, count)| placed(kind, at, 0, vec![("count", Value::Count(count))])),
    ]
}

pub(super) fn some_mark() -> impl proptest::strategy::Strategy<Value = Mark> {
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
        let of = |c: &dedup_stream::truth::Counts| {
            [c.pings, c.uniques, c.delivered, c.missed, c.lost, c.delayed, c.in_window, c.missed_in_window]
        };
        prop_assert_eq!(of(&counts), of(&expected));
        prop_assert!(counts.missed <= ended.truth.duplicates());
        let causes = ended.truth.by_cause(&["first".into(), "repeat".into()]);
        prop_assert_eq!(causes.iter().map(|c| c.duplicates).sum::<u64>(), ended.truth.duplicates());
        prop_assert_eq!(causes.iter().map(|c| c.missed).sum::<u64>(), counts.missed);
        prop_assert_eq!(ended.truth.by_lag().iter().map(|l| l.duplicates).sum::<u64>(), ended.truth.duplicates());
        if mark == Mark::AfterDelivery {
            prop_assert_eq!(counts.lost, 0);
        }
    }
}
