//! What the tests of filters share: keys, and how a count is compared with a probability.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::contract::PingKey;
use crate::structures::hash::mix;

/// Distinct keys without end, other ones for each seed.
pub(crate) fn keys(seed: u64) -> impl Iterator<Item = PingKey> {
    let word = move |at: u64| u128::from(mix(mix(seed).wrapping_add(at)));
    (0..).step_by(2).map(move |at| PingKey::from_u128(word(at) << 64 | word(at + 1)))
}

/// So many cases, the same ones in every run: what is compared with chance must not fail by chance.
pub(crate) fn fixed(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20),
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// Whether `seen` of `cases` agrees with a probability: within 5 % or four standard deviations, the wider.
pub(crate) fn agrees(seen: u64, cases: u64, probability: f64) -> bool {
    let mean = cases as f64 * probability;
    let deviation = (mean * (1.0 - probability)).sqrt();
    (seen as f64 - mean).abs() <= (0.05 * mean).max(4.0 * deviation)
}
