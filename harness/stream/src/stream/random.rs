//! Random numbers that are the same on every machine and in every version: a named generator, and one for each
//! purpose, so that a draw more for one cause changes nothing for another.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use xxhash_rust::xxh3::xxh3_64;

/// The generator of all streams.
pub(crate) type Generator = Xoshiro256PlusPlus;

/// The seed of one purpose of one part of a stream.
pub(crate) fn seed_for(seed: u64, part: &str, purpose: &str) -> u64 {
    xxh3_64(format!("dedup-harness stream\0{seed:016x}\0{part}\0{purpose}").as_bytes())
}

/// The generator of one purpose of one part of a stream; SplitMix64 spreads the seed over its state.
pub(crate) fn generator(seed: u64, part: &str, purpose: &str) -> Generator {
    Generator::seed_from_u64(seed_for(seed, part, purpose))
}

/// A number from 0 to under 1.
pub(crate) fn uniform(generator: &mut Generator) -> f64 {
    generator.random()
}

/// How many trials fail before the first that succeeds, where each does so with probability `share`.
pub(crate) fn failures(generator: &mut Generator, share: f64) -> u64 {
    if share >= 1.0 {
        return 0;
    }
    // 1 - u is never 0; a cast stops at the largest number there is.
    (libm::log1p(-uniform(generator)) / libm::log1p(-share)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_seeds_have_numbers_of_their_own() {
        let mut seen: Vec<_> = [(1, "a", "b"), (2, "a", "b"), (1, "ab", ""), (1, "", "ab"), (1, "a", "c")]
            .map(|(seed, part, purpose)| seed_for(seed, part, purpose))
            .to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5);
    }

    #[test]
    fn failures_have_the_mean_of_a_geometric_distribution() {
        let mut generator = generator(1, "test", "failures");
        let n = 100_000;
        for share in [0.9f64, 0.5, 0.01] {
            let mean = (0..n).map(|_| failures(&mut generator, share)).sum::<u64>() as f64 / f64::from(n);
            let expected = (1.0 - share) / share;
            let deviation = (1.0 - share).sqrt() / share / f64::from(n).sqrt();
            assert!((mean - expected).abs() < 5.0 * deviation, "{share}: {mean} for {expected}");
        }
        assert_eq!(failures(&mut generator, 1.0), 0);
    }
}
