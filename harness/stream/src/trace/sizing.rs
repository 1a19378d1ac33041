//! How many ids a window holds at most.

use std::time::Duration;

use dedup_strategies::{PingKey, Timestamp};

use super::key_table::KeyTable;
use crate::load::{TOUCHED, slice_ns};

/// Counts the distinct ids of a trace, and the most that any window holds: the same numbers as
/// [`WindowLoad`](crate::load::WindowLoad), which has to be told of each ping in its turn.
pub(crate) struct WindowCount {
    ids: KeyTable,
    slices: Slices,
    changes: Changes,
}

impl WindowCount {
    pub(crate) fn new(window: Duration) -> Self {
        let slice_ns = slice_ns(Some(window));
        let slices = Slices { slice_ns, slice: 0, ends_ns: slice_ns, number: 0 };
        WindowCount { ids: KeyTable::new(), slices, changes: Changes::default() }
    }

    /// Counts a ping; `at` never goes backwards.
    pub(crate) fn count(&mut self, key: PingKey, at: Timestamp) {
        let slice = self.slices.of(at);
        if self.changes.are_many(slice, self.ids.len()) {
            self.ids.settle(|before, now| self.changes.note(before, now));
            self.changes.end_before(slice);
        }
        self.ids.give(key, slice, |before, now| self.changes.note(before, now));
    }

    /// Distinct ids, and the most of them in any window.
    pub(crate) fn end(mut self) -> (u64, u64) {
        self.ids.settle(|before, now| self.changes.note(before, now));
        self.changes.end_before(u64::MAX);
        (self.ids.len() as u64, self.changes.peak)
    }
}

/// Numbers of slices. Gaps longer than a window are shortened to one, so that there are not many more than pings.
struct Slices {
    slice_ns: u64,
    slice: u64,
    ends_ns: u64,
    number: u64,
}

impl Slices {
    #[inline]
    fn of(&mut self, at: Timestamp) -> u64 {
        if at.as_nanos() >= self.ends_ns {
            let slice = at.as_nanos() / self.slice_ns;
            self.number += (slice - self.slice).min(TOUCHED as u64);
            self.slice = slice;
            self.ends_ns = (slice + 1).saturating_mul(self.slice_ns);
        }
        self.number
    }
}

/// By how many the ids in a window change from slice to slice. It does not matter in which order they are noted.
#[derive(Default)]
struct Changes {
    /// The first slice that is not over.
    first: u64,
    /// The changes of that slice and those after it.
    by_slice: Vec<i64>,
    /// Ids in the window that ends with the slice before.
    active: i64,
    peak: u64,
}

impl Changes {
    /// Slices that are kept at least.
    const FEWEST: u64 = 1 << 20;

    /// Whether there are so many slices from the first up to this one that the earlier ones should end: more than two an id.
    fn are_many(&self, slice: u64, ids: usize) -> bool {
        slice - self.first > Self::FEWEST.max(2 * ids as u64)
    }

    /// Notes that an id comes in the slice `now`, and when it came before. It is in the windows that end in this slice or one of the
    /// 32 after it; of those in which it was already it has left none.
    fn note(&mut self, before: Option<u64>, now: u64) {
        const STAYS: u64 = TOUCHED as u64;
        match before {
            Some(before) if before == now => return,
            Some(before) if now - before < STAYS => self.change(before + STAYS, 1),
            _ => self.change(now, 1),
        }
        self.change(now + STAYS, -1);
    }

    fn change(&mut self, slice: u64, by: i64) {
        let at = (slice - self.first) as usize;
        if at >= self.by_slice.len() {
            self.by_slice.resize(at + 1, 0);
        }
        self.by_slice[at] += by;
    }

    /// Ends all slices before this one: nothing will be noted of them any more.
    fn end_before(&mut self, slice: u64) {
        let over = self.by_slice.len().min((slice - self.first) as usize);
        for change in self.by_slice.drain(..over) {
            self.active += change;
            self.peak = self.peak.max(self.active.unsigned_abs());
        }
        self.first = slice;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::WindowLoad;
    use proptest::prelude::*;

    /// Distinct keys of the events in each stretch `(end - length, end]`, at its largest.
    fn most_in(length: u64, events: &[(u64, u128)]) -> u64 {
        let distinct = |end: u64| {
            let inside = events.iter().filter(|(at, _)| *at <= end && at + length > end);
            inside.map(|(_, key)| key).collect::<std::collections::BTreeSet<_>>().len() as u64
        };
        events.iter().map(|(at, _)| distinct(*at)).max().unwrap_or(0)
    }

    /// The same by telling [`WindowLoad`] of each ping in its turn.
    fn in_turn(window: u64, events: &[(u64, u128)]) -> (u64, u64) {
        let mut load = WindowLoad::new(Some(Duration::from_nanos(window)));
        let mut latest = std::collections::HashMap::new();
        for (at, key) in events {
            let before = latest.get(key).copied();
            latest.insert(*key, load.count(Timestamp::from_nanos(*at), before));
        }
        (latest.len() as u64, load.peak())
    }

    fn at_once(window: u64, events: &[(u64, u128)]) -> (u64, u64) {
        let mut count = WindowCount::new(Duration::from_nanos(window));
        events.iter().for_each(|(at, key)| count.count(PingKey::from_u128(*key), Timestamp::from_nanos(*at)));
        count.end()
    }

    #[test]
    fn millions_of_slices_and_gaps_between_them_count_as_in_turn() {
        for (gap, ids) in [(1u64, 40_000u64), (7, 5), (40, 100_000), (1 << 20, 3)] {
            let mut at = 0;
            let events: Vec<_> = (0..120_000u64)
                .map(|ping| {
                    at += gap * (ping % 5);
                    (at, u128::from(ping.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % u128::from(ids))
                })
                .collect();
            for window in [1, 32, 1_000, 1 << 30] {
                assert_eq!(at_once(window, &events), in_turn(window, &events), "{gap} {ids} {window}");
            }
        }
    }

    proptest! {
        #[test]
        fn ids_and_windows_are_those_of_pings_told_in_turn(
            window in 1u64..2_000,
            gaps in prop::collection::vec((prop_oneof![9 => 0u64..40, 1 => 0u64..100_000], 0u128..200), 1..2_000),
        ) {
            let mut at = 0;
            let events: Vec<_> = gaps.iter().map(|(gap, key)| { at += gap; (at, *key) }).collect();
            prop_assert_eq!(at_once(window, &events), in_turn(window, &events));
        }

        #[test]
        fn the_count_is_at_least_that_of_any_window_and_at_most_that_of_a_slice_more(
            window in 1u64..500,
            gaps in prop::collection::vec((0u64..40, 0u128..20), 1..200),
        ) {
            let mut at = 0;
            let events: Vec<_> = gaps.iter().map(|(gap, key)| { at += gap; (at, *key) }).collect();
            let mut count = WindowCount::new(Duration::from_nanos(window));
            for (at, key) in &events {
                count.count(PingKey::from_u128(*key), Timestamp::from_nanos(*at));
            }
            let slice = window.div_ceil(32);
            let (ids, peak) = count.end();
            prop_assert_eq!(ids, most_in(u64::MAX / 2, &events));
            prop_assert!(peak >= most_in(window, &events));
            prop_assert!(peak <= most_in(slice * 33, &events));
        }
    }
}
