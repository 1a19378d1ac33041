//! How many ids a window holds at most.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{PingKey, Timestamp};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

const SLICES: u64 = 32;
/// A stretch as long as the window touches at most one slice more than fit into it.
const TOUCHED: usize = SLICES as usize + 1;

/// Counts the distinct ids of a trace, and the most that any window holds: an upper bound, counted in slices of a
/// 32nd of the window, so that one small number for each id will do.
pub(crate) struct WindowCount {
    slice_ns: u64,
    last_slice: HashMap<PingKey, u64, FixedState>,
    /// Ids whose latest ping fell into each of the latest slices, by slice modulo the length.
    recent: [u64; TOUCHED],
    slice: u64,
    active: u64,
    peak: u64,
}

impl WindowCount {
    pub(crate) fn new(window: Duration) -> Self {
        WindowCount {
            slice_ns: saturating_nanos(window).div_ceil(SLICES).max(1),
            last_slice: HashMap::with_hasher(FixedState::default()),
            recent: [0; TOUCHED],
            slice: 0,
            active: 0,
            peak: 0,
        }
    }

    /// Counts a ping; `at` never goes backwards.
    pub(crate) fn count(&mut self, key: PingKey, at: Timestamp) {
        let slice = at.as_nanos() / self.slice_ns;
        self.advance(slice);
        match self.last_slice.insert(key, slice) {
            Some(last) if slice - last < TOUCHED as u64 => self.recent[index(last)] -= 1,
            _ => self.active += 1,
        }
        self.recent[index(slice)] += 1;
        self.peak = self.peak.max(self.active);
    }

    /// Distinct ids so far.
    pub(crate) fn ids(&self) -> u64 {
        self.last_slice.len() as u64
    }

    /// The most distinct ids in any window so far.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    fn advance(&mut self, slice: u64) {
        let steps = (slice - self.slice).min(TOUCHED as u64);
        for step in 0..steps {
            let left = &mut self.recent[index(slice - step)];
            self.active -= *left;
            *left = 0;
        }
        self.slice = slice;
    }
}

fn index(slice: u64) -> usize {
    (slice % TOUCHED as u64) as usize
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
            let slice = window.div_ceil(SLICES);
            prop_assert!(count.peak() >= most_in(window, &events));
            prop_assert!(count.peak() <= most_in(slice * TOUCHED as u64, &events));
        }
    }
}
