//! The score against a plain recount of the same decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dedup_strategies::{PingKey, Timestamp, Verdict, Window};
use proptest::prelude::*;

use super::*;
use crate::stream::Id;

const WINDOW: Duration = Duration::from_secs(10);

/// One copy of one ping: its unique, when it arrives after the one before, and what a strategy says of it.
type Step = (u8, u8, bool);

fn events(steps: &[Step]) -> Vec<Event> {
    let mut at = 0;
    let mut first: BTreeMap<u8, (u64, Timestamp)> = BTreeMap::new();
    let last: BTreeMap<u8, usize> = steps.iter().enumerate().map(|(index, step)| (step.0, index)).collect();
    let event = |(index, step): (usize, &Step)| {
        at += u64::from(step.1);
        let now = Timestamp::from_secs(1_000 + at);
        let number = first.len() as u64;
        let is_first = !first.contains_key(&step.0);
        let (unique, first_at) = *first.entry(step.0).or_insert((number, now));
        let origin = Origin {
            unique,
            cause: CauseId(u8::from(!is_first)),
            first_at,
            more_to_come: last[&step.0] != index,
            shares_key: false,
        };
        Event { at: now, event_time: now, id: Id::Key(PingKey::from_u128(step.0.into())), origin }
    };
    steps.iter().enumerate().map(event).collect()
}

fn scored(window: Window, steps: &[Step]) -> Truth {
    let mut truth = Truth::new(window, 2, Timestamp::from_secs(1_000), Duration::from_secs(100));
    for (event, step) in events(steps).iter().zip(steps) {
        truth.arrived(event);
        let verdict = if step.2 { Verdict::New } else { Verdict::Duplicate };
        let covered = truth.judged(event, verdict, event.at, event.at);
        if step.2 {
            truth.delivered(event, covered, event.at, event.at);
        }
        truth.acked(event);
    }
    truth
}

/// The same counts the slow way, from the whole list of decisions.
fn recounted(steps: &[Step]) -> Counts {
    let events = events(steps);
    let decided: Vec<(u64, Timestamp, bool)> =
        events.iter().zip(steps).map(|(event, step)| (event.origin.unique, event.at, step.2)).collect();
    let uniques: BTreeSet<u64> = decided.iter().map(|(unique, ..)| *unique).collect();
    let of = |unique: u64| decided.iter().filter(move |decision| decision.0 == unique);
    let mut counts = Counts { pings: steps.len() as u64, uniques: uniques.len() as u64, ..Counts::default() };
    for unique in uniques {
        let delivered = of(unique).filter(|decision| decision.2).count() as u64;
        counts.delivered += delivered.min(1);
        counts.missed += delivered.saturating_sub(1);
        counts.lost += u64::from(delivered == 0);
        counts.delayed += u64::from(delivered > 0 && of(unique).next().is_some_and(|first| !first.2));
        let mut let_through: Option<Timestamp> = None;
        for (_, at, new) in of(unique) {
            let covered = let_through.is_some_and(|before| at.since(before) < WINDOW);
            counts.in_window += u64::from(covered);
            counts.missed_in_window += u64::from(covered && *new);
            if *new {
                let_through = Some(*at);
            }
        }
    }
    counts
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..12, 0u8..8, any::<bool>()), 0..200)
}

proptest! {
    #[test]
    fn every_count_equals_a_recount_of_all_decisions(steps in steps()) {
        let truth = scored(Window::Since(WINDOW), &steps);
        prop_assert_eq!(*truth.counts(), recounted(&steps));
    }

    #[test]
    fn causes_lags_and_time_each_add_up_to_the_whole(steps in steps()) {
        let truth = scored(Window::Since(WINDOW), &steps);
        let names = ["first".to_string(), "repeat".to_string()];
        let (causes, lags, over_time) = (truth.by_cause(&names), truth.by_lag(), truth.over_time());
        prop_assert_eq!(causes.iter().map(|cause| cause.duplicates).sum::<u64>(), truth.duplicates());
        prop_assert_eq!(causes.iter().map(|cause| cause.missed).sum::<u64>(), truth.counts().missed);
        prop_assert_eq!(lags.iter().map(|lag| lag.duplicates).sum::<u64>(), truth.duplicates());
        prop_assert_eq!(over_time.pings.iter().sum::<u64>(), truth.counts().pings);
        prop_assert_eq!(over_time.missed.iter().sum::<u64>(), truth.counts().missed);
        prop_assert_eq!(over_time.missed.len(), over_time.pings.len());
    }

    #[test]
    fn nothing_is_remembered_of_pings_of_which_no_copy_comes_any_more(steps in steps()) {
        prop_assert_eq!(scored(Window::Forever, &steps).open.len(), 0);
    }

    #[test]
    fn the_load_is_never_less_than_the_distinct_ids_of_any_window(steps in steps()) {
        let truth = scored(Window::Since(WINDOW), &steps);
        let events = events(&steps);
        let distinct = |from: &Event| {
            let inside = events.iter().filter(|event| event.at >= from.at && event.at.since(from.at) < WINDOW);
            inside.map(|event| event.origin.unique).collect::<BTreeSet<_>>().len() as u64
        };
        let most = events.iter().map(distinct).max().unwrap_or(0);
        prop_assert!(truth.ids_in_window() >= most, "{} < {most}", truth.ids_in_window());
    }
}

#[test]
fn a_ping_that_shares_its_key_and_is_dropped_is_lost_and_not_held_against_the_strategy() {
    let mut truth = Truth::new(Window::Forever, 1, Timestamp::ZERO, WINDOW);
    for unique in 0..2 {
        let origin = Origin {
            unique,
            cause: CauseId::FIRST,
            first_at: Timestamp::ZERO,
            more_to_come: false,
            shares_key: unique == 1,
        };
        let id = Id::Key(PingKey::from_u128(7));
        let event = Event { at: Timestamp::ZERO, event_time: Timestamp::ZERO, id, origin };
        truth.arrived(&event);
        let verdict = if unique == 0 { Verdict::New } else { Verdict::Duplicate };
        let covered = truth.judged(&event, verdict, event.at, event.at);
        assert_eq!(covered, Covered::No);
        if verdict == Verdict::New {
            truth.delivered(&event, covered, event.at, event.at);
        }
    }
    assert_eq!((truth.counts().lost, truth.counts().lost_shared_key), (1, 1));
}

#[test]
fn tumbling_windows_cover_copies_by_event_time_and_not_by_lag() {
    // Seconds 1009 and 1010 are one second apart and in different windows of ten; 1010 and 1019 share one.
    let steps = [(0, 9, true), (0, 1, true), (0, 9, true)];
    let truth = scored(Window::Tumbling(WINDOW), &steps);
    assert_eq!((truth.counts().missed, truth.counts().in_window), (2, 1));
    assert_eq!(truth.counts().missed_in_window, 1);
}

#[test]
fn slack_leaves_the_window_s_end_to_either_answer() {
    let copies = [(0, 0, true), (0, 9, true)];
    let strict = scored(Window::Since(WINDOW), &copies);
    assert_eq!(strict.counts().missed_in_window, 1);
    let mut slack =
        Truth::new(Window::Since(WINDOW), 2, Timestamp::ZERO, WINDOW).with_slack(Duration::from_secs(2));
    for event in events(&copies) {
        slack.arrived(&event);
        assert_eq!(slack.judged(&event, Verdict::New, event.at, event.at), Covered::No);
    }
}

#[test]
fn between_question_and_answer_a_copy_at_the_window_s_end_is_nobody_s_fault() {
    let mut truth = Truth::new(Window::Since(WINDOW), 2, Timestamp::ZERO, WINDOW);
    let events = events(&[(0, 0, true), (0, 9, true)]);
    let second = |s: u64| Timestamp::from_secs(1_000 + s);
    truth.arrived(&events[0]);
    truth.judged(&events[0], Verdict::New, second(0), second(1));
    truth.arrived(&events[1]);
    // Seen 8 seconds after the first at the least, and 10 at the most.
    assert_eq!(truth.judged(&events[1], Verdict::New, second(9), second(10)), Covered::No);
}

#[test]
fn a_copy_dropped_beside_one_that_dies_counts_as_lost_until_another_is_delivered() {
    let mut truth = Truth::new(Window::Forever, 2, Timestamp::ZERO, WINDOW).under_faults();
    let events = events(&[(0, 0, true), (0, 1, false)]);
    for event in &events {
        truth.arrived(event);
    }
    truth.judged(&events[0], Verdict::New, events[0].at, events[0].at);
    truth.judged(&events[1], Verdict::Duplicate, events[1].at, events[1].at);
    truth.acked(&events[1]);
    assert_eq!((truth.counts().lost, truth.counts().delayed), (0, 0));
    truth.died(&events[0]);
    assert_eq!((truth.counts().lost, truth.counts().delayed), (1, 0));
    truth.redelivered(&events[0], events[1].at);
    let covered = truth.judged(&events[0], Verdict::New, events[1].at, events[1].at);
    truth.delivered(&events[0], covered, events[1].at, events[1].at);
    truth.acked(&events[0]);
    assert_eq!((truth.counts().lost, truth.counts().delayed, truth.counts().missed), (0, 0, 0));
    assert_eq!((truth.duplicates(), truth.counts().redelivered, truth.open.len()), (1, 1, 0));
}
