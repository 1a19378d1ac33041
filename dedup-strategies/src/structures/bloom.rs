//! Sizing and seeding of Bloom filters: what the strategies that use the `bloomfilter` crate share.

use std::f64::consts::LN_2;

use bloomfilter::Bloom;

use crate::contract::PingKey;
use crate::structures::hash::mix;

/// The size of one Bloom filter.
///
/// With m bits, k hashes and n ids written, an id never written is found with probability `(1 - e^(-kn/m))^k`. The
/// least m for a rate p is `-n ln p / (ln 2)^2`, reached at `k = m/n ln 2`. As k must be whole, that m can fall a
/// little short; it is enlarged until the formula holds for the k that the crate will choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BloomPlan {
    /// Ids for which the rate holds.
    pub ids: u64,
    /// Size of the bitmap.
    pub bytes: u64,
    /// Bits set for an id.
    pub hashes: u32,
}

impl BloomPlan {
    /// The smallest plan that keeps false positives at or below `rate` while at most `ids` ids are written.
    pub(crate) fn new(ids: u64, rate: f64) -> Self {
        let (ids, rate) = (ids.max(1), rate.max(f64::MIN_POSITIVE));
        let least_bits = ids as f64 * -rate.ln() / (LN_2 * LN_2);
        let mut plan = BloomPlan::of_size(ids, (least_bits / 8.0).ceil() as u64);
        while plan.false_positive_rate(ids) > rate {
            plan = BloomPlan::of_size(ids, plan.bytes + (plan.bytes / 512).max(1));
        }
        plan
    }

    fn of_size(ids: u64, bytes: u64) -> Self {
        let hashes = (bytes as f64 * 8.0 / ids as f64 * LN_2).round() as u32;
        BloomPlan { ids, bytes: bytes.max(1), hashes: hashes.max(1) }
    }

    /// The chance that an id never written is found while `written` others are in the filter.
    pub(crate) fn false_positive_rate(&self, written: u64) -> f64 {
        let (k, m) = (f64::from(self.hashes), self.bytes as f64 * 8.0);
        (1.0 - (-k * written as f64 / m).exp()).powf(k)
    }

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
    fn the_textbook_sizes_come_out() {
        // 10 bits an id and 7 hashes: 0.00819; 13 bits and 9 hashes: 0.00194.
        for (bits, hashes, rate) in [(10u64, 7, 0.00819), (13, 9, 0.00194)] {
            let plan = BloomPlan::of_size(80_000, bits * 10_000);
            assert_eq!(plan.hashes, hashes);
            assert!((plan.false_positive_rate(80_000) - rate).abs() < 5e-6);
        }
        let plan = BloomPlan::new(1_000_000, 0.001);
        assert_eq!(plan.hashes, 10);
        let bits_per_id = plan.bytes as f64 * 8.0 / 1e6;
        assert!((14.37..14.45).contains(&bits_per_id), "{bits_per_id}");
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
