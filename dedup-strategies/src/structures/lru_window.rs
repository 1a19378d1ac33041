//! The last so many keys in strict order of their last access, each for a window.

use std::num::NonZeroUsize;
use std::time::Duration;

use foldhash::fast::FixedState;
use lru::LruCache;

use crate::contract::{PingKey, Timestamp};

/// Bytes of an LRU of `capacity` ids: a boxed entry (key, time, two links; 48 bytes as the allocator rounds it) an id,
/// and a table of two pointers and a control byte a bucket, with a power of two of buckets at most 7/8 full. Ids that
/// leave keep their buckets for a while, for which the table takes twice as many.
pub(crate) fn bytes_for(capacity: u64) -> u64 {
    let buckets = (capacity.saturating_mul(8) / 7).saturating_add(1).next_power_of_two();
    capacity.saturating_mul(48).saturating_add(buckets.saturating_mul(2 * 17))
}

/// Keys in the order of their last access, each with the time at which it was let through.
pub(crate) struct LruWindow {
    window: Duration,
    entries: LruCache<PingKey, Timestamp, FixedState>,
}

impl LruWindow {
    pub(crate) fn new(capacity: u64, window: Duration, seed: u64) -> Self {
        let capacity =
            usize::try_from(capacity).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        LruWindow { window, entries: LruCache::with_hasher(capacity, FixedState::with_seed(seed)) }
    }

    /// How long a key is remembered after it was let through.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// The most keys that are remembered.
    pub(crate) fn capacity(&self) -> u64 {
        self.entries.cap().get() as u64
    }

    /// Keys that are remembered, those included whose window is over and that were not dropped yet.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Marks `key` as just seen; true if it is to be let through. A hit makes the key the most recent one, but its
    /// window still counts from the copy that was let through.
    pub(crate) fn insert(&mut self, key: PingKey, now: Timestamp) -> bool {
        match self.entries.get_mut(&key) {
            Some(let_through) if now.since(*let_through) < self.window => false,
            Some(let_through) => {
                *let_through = now;
                true
            }
            None => {
                self.entries.put(key, now);
                true
            }
        }
    }

    /// Drops the least recent keys as far as their window is over. One behind a younger key waits for it, so that
    /// nothing is ever searched for.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while self.entries.peek_lru().is_some_and(|(_, let_through)| now.since(*let_through) >= self.window) {
            self.entries.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An LRU as one would explain it: a list, the most recent key last.
    struct Model {
        capacity: usize,
        window: Duration,
        entries: Vec<(PingKey, Timestamp)>,
    }

    impl Model {
        fn insert(&mut self, key: PingKey, now: Timestamp) -> bool {
            let found = self.entries.iter().position(|(known, _)| *known == key);
            let before = found.map(|at| self.entries.remove(at).1);
            let hit = before.filter(|let_through| now.since(*let_through) < self.window);
            self.entries.push((key, hit.unwrap_or(now)));
            if self.entries.len() > self.capacity {
                self.entries.remove(0);
            }
            hit.is_none()
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_in_order_of_access(
            capacity in 1usize..12,
            steps in prop::collection::vec((0u128..16, 0u64..4), 0..400),
        ) {
            let window = Duration::from_secs(20);
            let mut model = Model { capacity, window, entries: Vec::new() };
            let mut seen = LruWindow::new(capacity as u64, window, 3);
            let mut now = Timestamp::from_secs(1000);
            for (key, wait) in steps {
                now = now.plus(Duration::from_secs(wait));
                let key = PingKey::from_u128(key);
                prop_assert_eq!(seen.insert(key, now), model.insert(key, now));
            }
        }

        #[test]
        fn expiring_never_changes_a_verdict_below_capacity(
            steps in prop::collection::vec((0u128..16, 0u64..9), 0..400),
        ) {
            let window = Duration::from_secs(20);
            let (mut tidied, mut left) = (LruWindow::new(16, window, 3), LruWindow::new(16, window, 3));
            let mut now = Timestamp::from_secs(1000);
            for (key, wait) in steps {
                now = now.plus(Duration::from_secs(wait));
                tidied.expire(now);
                let key = PingKey::from_u128(key);
                prop_assert_eq!(tidied.insert(key, now), left.insert(key, now));
            }
        }
    }

    #[test]
    fn a_hit_keeps_a_key_from_eviction_but_not_past_its_window() {
        let mut seen = LruWindow::new(2, Duration::from_secs(10), 1);
        let key = PingKey::from_u128;
        let at = Timestamp::from_secs;
        assert!(seen.insert(key(1), at(0)) && seen.insert(key(2), at(1)));
        assert!(!seen.insert(key(1), at(2)), "a hit");
        assert!(seen.insert(key(3), at(3)), "which pushes out 2, not 1");
        assert!(!seen.insert(key(1), at(9)));
        assert!(seen.insert(key(1), at(10)), "ten seconds after it was let through, hits or not");
    }

    #[test]
    fn old_keys_are_given_up_when_time_passes() {
        let mut seen = LruWindow::new(100, Duration::from_secs(10), 1);
        for number in 0..50 {
            seen.insert(PingKey::from_u128(number), Timestamp::from_secs(number as u64));
        }
        seen.expire(Timestamp::from_secs(50));
        assert_eq!(seen.entries.len(), 9);
    }
}
