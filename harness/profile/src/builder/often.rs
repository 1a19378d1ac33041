//! Ids that come often, found among all ids with few counters.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// How many ids are counted at once: 160 KB.
const COUNTERS: usize = 4096;

/// What was counted of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    /// Its pings; too few by at most a 2048th of all pings.
    pub(super) pings: u64,
    /// When it was first counted.
    pub(super) first: u64,
    /// When it came last.
    pub(super) last: u64,
}

/// Counts the ids that come often: those of more than a 2048th of all pings, and others for a while.
///
/// The counters of Misra and Gries (1982). When none is free, the median is taken off all of them at once, which frees
/// half (Anderson et al., "A high-performance algorithm for identifying frequent items in data streams", 2017): a ping
/// costs one look at a small table.
#[derive(Clone, Debug, Default)]
pub(super) struct Often {
    counters: HashMap<u64, Counter, FixedState>,
}

impl Often {
    /// Counts a ping. With the ping that makes it `enough`, an id is given up, and what was counted before that is told.
    pub(super) fn see(&mut self, digest: u64, at: u64, enough: u64) -> Option<Counter> {
        if let Some(counter) = self.counters.get_mut(&digest) {
            if counter.pings + 1 >= enough {
                return self.counters.remove(&digest);
            }
            *counter = Counter { pings: counter.pings + 1, last: at, ..*counter };
            return None;
        }
        if self.counters.len() >= COUNTERS {
            self.free_half();
        }
        self.counters.insert(digest, Counter { pings: 1, first: at, last: at });
        None
    }

    fn free_half(&mut self) {
        let mut counts: Vec<u64> = self.counters.values().map(|counter| counter.pings).collect();
        let (_, median, _) = counts.select_nth_unstable(COUNTERS / 2);
        let median = *median;
        self.counters.retain(|_, counter| {
            counter.pings = counter.pings.saturating_sub(median);
            counter.pings > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_comes_often_is_told_once_however_many_others_come_between() {
        let mut often = Often::default();
        // One ping in a thousand is of the id 0.
        let told: Vec<(u64, Counter)> = (1..=200_000u64)
            .filter_map(|ping| {
                let digest = if ping % 1000 == 0 { 0 } else { ping };
                often.see(digest, ping, 64).map(|counter| (digest, counter))
            })
            .collect();
        let [(0, first), rest @ ..] = told.as_slice() else { panic!("{told:?}") };
        assert!((first.first, first.pings) == (1000, 63) && first.last < 130_000, "{first:?}");
        assert!(rest.iter().all(|(digest, _)| *digest == 0) && rest.len() < 3, "{rest:?}");
    }

    #[test]
    fn ids_that_come_once_leave_room_for_others() {
        let mut often = Often::default();
        for ping in 0..1_000_000 {
            assert_eq!(often.see(ping, ping, 2), None);
            assert!(often.counters.len() <= COUNTERS);
        }
    }
}
