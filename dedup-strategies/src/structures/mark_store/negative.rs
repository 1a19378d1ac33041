//! Filters in memory that say which look-ups on disk are in vain.

use std::collections::BTreeMap;

use super::store::Slice;
use crate::contract::PingKey;
use crate::structures::bloom::{BloomFilter, BloomPlan, BloomSeed};

/// One worker's filters, one for each slice of time in which ids were marked.
///
/// What no filter knows is not in the store. What one claims to know is looked up, so that a false positive costs a
/// look-up and never a ping, and so that more ids than planned for cost look-ups and nothing else.
#[derive(Debug)]
pub(crate) struct NegativeCache {
    plan: BloomPlan,
    seed: u64,
    worker: u64,
    filters: BTreeMap<Slice, BloomFilter>,
}

impl NegativeCache {
    /// For up to `ids` ids in a slice; each filter claims to know the share `rate` of what it does not.
    pub(crate) fn new(ids: u64, rate: f64, seed: u64, worker: u64) -> Self {
        NegativeCache { plan: BloomPlan::new(ids, rate), seed, worker, filters: BTreeMap::new() }
    }

    /// Whether `key` may be in the store.
    pub(crate) fn may_hold(&self, key: PingKey) -> bool {
        // The youngest first: most copies follow soon.
        self.filters.values().rev().any(|filter| filter.contains(key))
    }

    /// Writes down that `key` was marked in `slice`.
    pub(crate) fn add(&mut self, slice: Slice, key: PingKey) {
        let seed = BloomSeed::new(self.seed, self.worker, slice.0);
        self.filters.entry(slice).or_insert_with(|| self.plan.build(seed)).insert(key);
    }

    /// Drops the filters of slices before `oldest`.
    pub(crate) fn keep_from(&mut self, oldest: Slice) {
        while self.filters.first_key_value().is_some_and(|(slice, _)| *slice < oldest) {
            self.filters.pop_first();
        }
    }

    /// Bytes of all filters.
    pub(crate) fn bytes(&self) -> u64 {
        self.filters.values().map(BloomFilter::bytes).sum()
    }
}
