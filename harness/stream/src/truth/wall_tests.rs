//! The score where a store decides at some moment between question and answer, on a clock of its own.

use std::time::Duration;

use dedup_strategies::{PingKey, Timestamp, Verdict, Window};

use super::{Covered, Truth};
use crate::stream::{CauseId, Event, Id, Origin};

const WINDOW: Duration = Duration::from_secs(10);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn copy(cause: u8, arrives: u64) -> Event {
    let origin = Origin {
        unique: 0,
        cause: CauseId(cause),
        first_at: at(0),
        more_to_come: cause == 0,
        shares_key: false,
    };
    Event { at: at(arrives), event_time: at(0), id: Id::Key(PingKey::from_u128(1)), origin }
}

/// The first copy is asked about at 0 and answered after `first_ms`, the second asked at `asked` and answered at
/// `answered`: whether the promise covers the second.
fn covered(slack: Duration, first_ms: u64, asked: u64, answered: u64) -> Covered {
    let mut truth = Truth::new(Window::Since(WINDOW), 2, at(0), Duration::from_secs(60)).with_slack(slack);
    let (first, second) = (copy(0, 0), copy(1, asked));
    truth.arrived(&first);
    let none = truth.judged(&first, Verdict::New, at(0), at(first_ms));
    truth.delivered(&first, none, at(0), at(first_ms));
    truth.arrived(&second);
    truth.judged(&second, Verdict::Duplicate, at(asked), at(answered))
}

#[test]
fn a_copy_is_covered_only_if_the_store_must_have_seen_both_inside_the_window() {
    let none = Duration::ZERO;
    assert_eq!(covered(none, 0, 9_999, 9_999), Covered::Yes);
    assert_eq!(covered(none, 0, 10_000, 10_000), Covered::No);
    // The store may have decided at any moment until it answered.
    assert_eq!(covered(none, 0, 9_000, 9_999), Covered::Yes);
    assert_eq!(covered(none, 0, 9_000, 10_000), Covered::No);
    // It may have begun to remember as soon as it was asked.
    assert_eq!(covered(none, 3_000, 9_999, 9_999), Covered::Yes);
    assert_eq!(covered(none, 3_000, 12_000, 12_000), Covered::No);
}

#[test]
fn copies_within_the_slack_of_the_end_are_left_to_either_answer() {
    let slack = Duration::from_millis(100);
    assert_eq!(covered(slack, 0, 9_899, 9_899), Covered::Yes);
    assert_eq!(covered(slack, 0, 9_900, 9_900), Covered::No);
    assert_eq!(covered(2 * WINDOW, 0, 0, 0), Covered::No);
}
