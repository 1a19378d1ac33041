//! How many ids a window holds at most.

use std::time::Duration;

use dedup_strategies::{PingKey, Timestamp};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::load::{Slice, WindowLoad};

/// Counts the distinct ids of a trace, and the most that any window holds.
pub(crate) struct WindowCount {
    latest: HashMap<PingKey, Slice, FixedState>,
    load: WindowLoad,
}

impl WindowCount {
    pub(crate) fn new(window: Duration) -> Self {
        let latest = HashMap::with_hasher(FixedState::default());
        WindowCount { latest, load: WindowLoad::new(Some(window)) }
    }

    /// Counts a ping; `at` never goes backwards.
    pub(crate) fn count(&mut self, key: PingKey, at: Timestamp) {
        let load = &mut self.load;
        self.latest
            .entry(key)
            .and_modify(|latest| *latest = load.count(at, Some(*latest)))
            .or_insert_with(|| load.count(at, None));
    }

    /// Distinct ids so far.
    pub(crate) fn ids(&self) -> u64 {
        self.latest.len() as u64
    }

    /// The most distinct ids in any window so far.
    pub(crate) fn peak(&self) -> u64 {
        self.load.peak()
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
            prop_assert!(count.peak() >= most_in(window, &events));
            prop_assert!(count.peak() <= most_in(slice * 33, &events));
        }
    }
}
