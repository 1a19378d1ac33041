//! What the literature says about the errors of filters: pure formulas, with their sources.
//!
//! Those of one strategy stand in its file, beside the tests that hold the filter to them, and are gathered here.

pub use crate::structures::age_partitioned::false_positive_rate as apbf_false_positive_rate;
pub use crate::structures::age_partitioned::published_false_positive_rate as apbf_published_false_positive_rate;
pub use crate::structures::biased_sampling::Deletion;
pub use crate::structures::cuckoo::false_positive_rate as cuckoo_false_positive_rate;
pub use crate::structures::cuckoo::quotient_false_positive_rate;
pub use crate::structures::poisson::poisson_mean;
pub use crate::structures::split_block::false_positive_rate as split_block_false_positive_rate;
pub use crate::structures::stable_bloom::Shape as StableBloomShape;

/// The rate of a Bloom filter (Bloom, 1970) of `bits_per_key` bits a key that sets `hashes` bits for each:
/// `(1 - e^(-k / c))^k`.
pub fn bloom_false_positive_rate(bits_per_key: f64, hashes: u32) -> f64 {
    let k = f64::from(hashes);
    (1.0 - (-k / bits_per_key).exp()).powf(k)
}

/// The rate of a blocked Bloom filter (Putze, Sanders and Singler, 2007), whose bits for a key all lie in one block of
/// `block_bits` bits: the load of a block is Poisson distributed, so
/// `sum over i of Pois(B/c; i) (1 - (1 - 1/B)^(k i))^k`.
pub fn blocked_false_positive_rate(bits_per_key: f64, hashes: u32, block_bits: u32) -> f64 {
    let (block, k) = (f64::from(block_bits), f64::from(hashes));
    poisson_mean(block / bits_per_key, |keys| (1.0 - (1.0 - 1.0 / block).powf(k * f64::from(keys))).powf(k))
}

/// The least bits a key of any structure that errs with `rate`: `log2(1 / rate)` (Carter, Floyd, Gill, Markowsky and
/// Wegman, 1978).
pub fn least_bits_per_key(rate: f64) -> f64 {
    -rate.log2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::hash::{KeyHasher, Random, below, mix};
    use crate::testing::{agrees, fixed, keys};

    /// How many of `probes` unknown keys are found in blocks of `block` bits that hold `written` keys.
    fn found(blocks: u64, block: u64, hashes: u32, written: usize, probes: usize, seed: u64) -> u64 {
        let hasher = KeyHasher::new(seed, 0);
        let mut bits = vec![false; (blocks * block) as usize];
        let places = |hash: u64| {
            let start = below(hash, blocks) * block;
            let mut random = Random::new(mix(hash), 0);
            (0..hashes).map(move |_| (start + random.below(block)) as usize)
        };
        for key in keys(seed).take(written) {
            places(hasher.of(key)).for_each(|place| bits[place] = true);
        }
        keys(!seed).take(probes).filter(|key| places(hasher.of(*key)).all(|place| bits[place])).count() as u64
    }

    #[test]
    fn plain_and_blocked_filters_err_as_the_tables_say() {
        for (bits, k, rate) in [(10.0, 7, 0.00819), (13.0, 9, 0.00194)] {
            assert!((bloom_false_positive_rate(bits, k) - rate).abs() < 5e-6);
            // One block of all bits is a plain filter.
            let found = found(1, (bits * 60_000.0) as u64, k, 60_000, 400_000, 1);
            assert!(agrees(found, 400_000, rate), "{found} of 400,000; expected {rate}");
        }
        for (bits, k, rate) in [(8.0, 5, 0.0231), (10.0, 7, 0.00957), (12.0, 8, 0.00407)] {
            let theory = blocked_false_positive_rate(bits, k, 512);
            assert!((theory / rate - 1.0).abs() < 0.003, "{bits} bits, {k} hashes: {theory}");
            let written = (4096.0 * 512.0 / bits) as usize;
            let found = found(4096, 512, k, written, 300_000, 1);
            assert!(agrees(found, 300_000, theory), "{found} of 300,000; expected {theory}");
        }
    }

    proptest! {
        #![proptest_config(fixed(12))]
        #[test]
        fn any_blocked_filter_errs_as_the_formula_says(
            bits in 4.0f64..14.0, k in 2u32..9, block in prop::sample::select(vec![256u32, 512, 1024]), seed in 0u64..1000,
        ) {
            let blocks = (1 << 21) / u64::from(block);
            let written = ((1 << 21) as f64 / bits) as usize;
            let theory = blocked_false_positive_rate((1 << 21) as f64 / written as f64, k, block);
            let found = found(blocks, block.into(), k, written, 100_000, seed);
            prop_assert!(agrees(found, 100_000, theory), "{found} of 100,000; expected {theory}");
        }
    }

    #[test]
    fn the_least_bits_are_one_for_each_halving() {
        assert_eq!(least_bits_per_key(0.125), 3.0);
        assert!((least_bits_per_key(0.001) - 9.966).abs() < 1e-3);
    }
}
