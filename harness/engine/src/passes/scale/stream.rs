//! The pings: new ids spread over all there are, at even distances, and, once the window is full, a copy now and then.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{DeliveryId, Ping, PingKey, Timestamp};
use dedup_stream::workload::Workload;

/// One ping in so many is a copy.
const COPY_EVERY: u64 = 16;

/// Pings in steady state, at least: few batches have no 99th percentile.
const LEAST_STEADY: u64 = 1 << 16;

/// What the strategy is put under.
pub(super) struct Load {
    seed: u64,
    start: Timestamp,
    /// Distinct ids in a window.
    pub(super) ids: u64,
    pub(super) window: Duration,
    pub(super) batch: usize,
    pub(super) payload_bytes: u64,
}

impl Load {
    /// `ids` in a window of `workload`.
    pub(super) fn new(seed: u64, ids: u64, workload: &Workload) -> Load {
        Load {
            seed,
            start: workload.start(),
            ids,
            window: workload.sizing().window,
            batch: workload.pipeline().batch.get(),
            payload_bytes: workload.payload_bytes(),
        }
    }

    /// Pings in steady state: those of a window, and no fewer than it takes for a percentile.
    pub(super) fn steady_pings(&self) -> u64 {
        self.ids.max(LEAST_STEADY)
    }

    /// Pings in all.
    pub(super) fn pings(&self) -> u64 {
        self.ids + self.steady_pings()
    }

    /// Distinct ids in all.
    pub(super) fn ids_total(&self) -> u64 {
        self.pings() - self.steady_pings() / COPY_EVERY
    }

    /// When the `index`th id comes.
    fn arrival(&self, index: u64) -> Timestamp {
        let after =
            u128::from(saturating_nanos(self.window)) * u128::from(index) / u128::from(self.ids.max(1));
        self.start.plus(Duration::from_nanos(u64::try_from(after).unwrap_or(u64::MAX)))
    }

    fn key(&self, index: u64) -> PingKey {
        let half = |which: u64| mixed(self.seed ^ mixed(2 * index + which));
        PingKey::from_u128(u128::from(half(0)) << 64 | u128::from(half(1)))
    }
}

/// All bits of the number spread over all bits (the finisher of SplitMix64, Steele and others 2014): one-to-one.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Makes the pings of a load, one batch after the other.
pub(super) struct Pings<'a> {
    load: &'a Load,
    /// Ids and pings made so far.
    ids: u64,
    made: u64,
    /// The pings of the batch.
    pub(super) batch: Vec<Ping>,
    /// Which of them are copies.
    pub(super) is_copy: Vec<bool>,
}

impl<'a> Pings<'a> {
    pub(super) fn new(load: &'a Load) -> Self {
        Pings {
            load,
            ids: 0,
            made: 0,
            batch: Vec::with_capacity(load.batch),
            is_copy: Vec::with_capacity(load.batch),
        }
    }

    /// How many were made.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// The next batch, none of whose pings is beyond the first `until`.
    pub(super) fn fill(&mut self, until: u64) {
        self.batch.clear();
        self.is_copy.clear();
        let many = (until - self.made).min(self.load.batch as u64);
        (0..many).for_each(|_| self.push());
    }

    fn push(&mut self) {
        let steady = self.made.checked_sub(self.load.ids);
        let is_copy = steady.is_some_and(|steady| steady % COPY_EVERY == COPY_EVERY - 1);
        let index = if is_copy { self.earlier() } else { self.ids };
        let arrival = self.load.arrival(if is_copy { self.ids - 1 } else { self.ids });
        let delivery = DeliveryId(self.made);
        self.batch.push(Ping { key: self.load.key(index), event_time: arrival, arrival, delivery });
        self.is_copy.push(is_copy);
        self.ids += u64::from(!is_copy);
        self.made += 1;
    }

    /// One of the ids of the last half window.
    fn earlier(&self) -> u64 {
        let back = mixed(!self.made) % (self.load.ids / 2).max(1);
        self.ids - 1 - back.min(self.ids - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn load(ids: u64) -> Load {
        let (start, window) = (Timestamp::ZERO, Duration::from_secs(600));
        Load { seed: 7, start, ids, window, batch: 64, payload_bytes: 0 }
    }

    fn all(load: &Load) -> (Vec<Ping>, Vec<bool>) {
        let (mut pings, mut copies) = (Vec::new(), Vec::new());
        let mut source = Pings::new(load);
        loop {
            source.fill(load.pings());
            if source.batch.is_empty() {
                return (pings, copies);
            }
            pings.extend_from_slice(&source.batch);
            copies.extend_from_slice(&source.is_copy);
        }
    }

    #[test]
    fn every_window_has_just_as_many_ids_and_copies_come_within_half_of_one() {
        let load = load(1_000);
        let (pings, copies) = all(&load);
        assert_eq!(pings.len() as u64, load.pings());
        let mut first: HashMap<PingKey, Timestamp> = HashMap::new();
        for (ping, is_copy) in pings.iter().zip(&copies) {
            let seen = first.insert(ping.key, ping.arrival);
            assert_eq!(seen.is_some(), *is_copy, "{ping:?}");
            assert!(seen.is_none_or(|seen| ping.arrival.since(seen) <= load.window), "{ping:?}");
        }
        assert_eq!(first.len() as u64, load.ids_total());
        let last = pings.last().unwrap().arrival;
        let inside = pings
            .iter()
            .zip(&copies)
            .filter(|(ping, is_copy)| !**is_copy && last.since(ping.arrival) < load.window);
        assert_eq!(inside.count(), 1_000);
    }

    #[test]
    fn ids_are_spread_evenly_whichever_bits_of_them_a_table_takes() {
        let load = load(1 << 14);
        for shift in [0, 32, 64, 116] {
            let mut places = vec![0u32; 256];
            (0..1 << 14).for_each(|index| places[(load.key(index).as_u128() >> shift) as usize % 256] += 1);
            // 64 each, with a standard deviation of 8.
            assert!(places.iter().all(|count| (16..=112).contains(count)), "{shift}: {places:?}");
        }
        let keys: HashSet<PingKey> = (0..1 << 14).map(|index| load.key(index)).collect();
        assert_eq!(keys.len(), 1 << 14);
    }
}
