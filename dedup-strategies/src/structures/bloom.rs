//! Bloom filters and their seeds: what the strategies that use the `bloomfilter` crate share.

use bloomfilter::Bloom;

use crate::contract::PingKey;
use crate::structures::hash::mix;

pub(crate) use crate::structures::bloom_plan::BloomPlan;

impl BloomPlan {
    /// An empty filter of this size. Filters with different seeds err independently of each other.
    pub(crate) fn build(&self, seed: BloomSeed) -> BloomFilter {
        let bloom = Bloom::new_with_seed(self.bytes as usize, self.ids as usize, &seed.0)
            .expect("the crate refuses no seed that was given");
        BloomFilter { bloom, ids: 0 }
    }
}

/// The two SipHash keys of one filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BloomSeed([u8; 32]);

impl BloomSeed {
    /// The seed of filter `index` of worker `worker`.
    pub(crate) fn new(seed: u64, worker: u64, index: u64) -> Self {
        let start = mix(mix(mix(seed) ^ worker) ^ index);
        let mut bytes = [0; 32];
        for (word, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            chunk.copy_from_slice(&mix(start.wrapping_add(word as u64)).to_le_bytes());
        }
        BloomSeed(bytes)
    }
}

/// A Bloom filter that counts what was written to it.
#[derive(Debug)]
pub(crate) struct BloomFilter {
    bloom: Bloom<u128>,
    ids: u64,
}

impl BloomFilter {
    /// Whether `key` was written, or a false positive.
    pub(crate) fn contains(&self, key: PingKey) -> bool {
        self.bloom.check(&key.as_u128())
    }

    /// Writes `key`; false if the filter contained it already.
    pub(crate) fn insert(&mut self, key: PingKey) -> bool {
        let fresh = !self.bloom.check_and_set(&key.as_u128());
        self.ids += u64::from(fresh);
        fresh
    }

    /// Ids written.
    pub(crate) fn ids(&self) -> u64 {
        self.ids
    }

    /// Size of the bitmap in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bloom.len() / 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{agrees, keys};

    #[test]
    fn unknown_keys_are_found_as_often_as_the_formula_says() {
        // The last is over-filled threefold.
        for (ids, rate, written) in [(50_000, 0.01, 50_000), (50_000, 0.2, 50_000), (20_000, 0.01, 60_000)] {
            let plan = BloomPlan::new(ids, rate);
            let mut filter = plan.build(BloomSeed::new(7, 0, 0));
            keys(1).take(written).for_each(|key| {
                filter.insert(key);
            });
            let found = keys(2).take(200_000).filter(|key| filter.contains(*key)).count();
            // A key found on writing sets no further bits, so the bits are those of all the keys offered.
            let expected = plan.false_positive_rate(written as u64);
            assert!(agrees(found as u64, 200_000, expected), "{found} of 200,000; expected {expected}");
        }
    }

    proptest! {
        #[test]
        fn a_plan_keeps_its_rate_with_the_hashes_that_the_crate_chooses(
            ids in 1u64..200_000,
            exponent in 0.01f64..9.0,
        ) {
            let rate = 10f64.powf(-exponent);
            let plan = BloomPlan::new(ids, rate);
            prop_assert!(plan.false_positive_rate(ids) <= rate);
            let filter = plan.build(BloomSeed::new(1, 0, 0));
            prop_assert_eq!(filter.bloom.number_of_hash_functions(), plan.hashes);
            prop_assert_eq!(filter.bytes(), plan.bytes);
        }
    }

    #[test]
    fn seeds_differ_in_every_input() {
        let seeds = [(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1)].map(|(a, b, c)| BloomSeed::new(a, b, c).0);
        for (at, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..at].contains(seed));
        }
        assert_eq!(BloomSeed::new(1, 0, 0).0, seeds[0]);
    }
}
