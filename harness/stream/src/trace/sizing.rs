//! How many ids a window holds at most.

use std::time::Duration;

use dedup_strategies::{PingKey, Timestamp};

use super::key_table::{Hashed, KeyTable};
use crate::load::{Slice, WindowLoad};

/// Pings that wait until their places in the table have come from memory.
const AHEAD: usize = 32;

/// Counts the distinct ids of a trace, and the most that any window holds.
pub(crate) struct WindowCount {
    latest: KeyTable,
    load: WindowLoad,
    waiting: Vec<(Hashed, Timestamp)>,
}

impl WindowCount {
    pub(crate) fn new(window: Duration) -> Self {
        let waiting = Vec::with_capacity(AHEAD);
        WindowCount { latest: KeyTable::new(), load: WindowLoad::new(Some(window)), waiting }
    }

    /// Counts a ping; `at` never goes backwards.
    pub(crate) fn count(&mut self, key: PingKey, at: Timestamp) {
        self.waiting.push((self.latest.expect(key), at));
        if self.waiting.len() == AHEAD {
            self.catch_up();
        }
    }

    /// Distinct ids, and the most of them in any window.
    pub(crate) fn end(mut self) -> (u64, u64) {
        self.catch_up();
        (self.latest.len() as u64, self.load.peak())
    }

    fn catch_up(&mut self) {
        let load = &mut self.load;
        for (key, at) in self.waiting.drain(..) {
            self.latest.update(key, |slice| load.count(at, slice.map(Slice)).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Distinct keys of the events in each stretch `(end - length, end]`, at its largest.
    fn most_in(length: u64, events: &[(u64, u128)]) -> u64 {
        let distinct = |end: u64| {
            let inside = events.iter().filter(|(at, _)| *at <= end && at + length > end);
            inside.map(|(_, key)| key).collect::<std::collections::BTreeSet<_>>().len() as u64
        };
        events.iter().map(|(at, _)| distinct(*at)).max().unwrap_or(0)
    }

    proptest! {
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
