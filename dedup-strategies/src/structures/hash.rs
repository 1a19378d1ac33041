//! Hashes of keys for filters: a few multiplications, seeded, the same on every machine.

use crate::contract::PingKey;

/// One step of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of `state`.
pub const fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seeded hash of keys.
///
/// Keys need not be random (those of a counter are not), and filters are judged by formulas that assume hashes that
/// are. The product of the two halves, folded onto itself, would do for random keys; a second product costs two
/// nanoseconds that no probe of a large table waits for, and spreads counters too.
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher {
    seeds: [u64; 3],
}

impl KeyHasher {
    /// The hash of `seed` and `stream`; two streams of a seed have nothing to do with each other.
    pub const fn new(seed: u64, stream: u64) -> Self {
        let start = mix(mix(seed) ^ stream);
        KeyHasher { seeds: [mix(start), mix(start ^ 1), mix(start ^ 2)] }
    }

    /// 64 bits of `key`.
    #[inline(always)]
    pub fn of(&self, key: PingKey) -> u64 {
        let bits = key.as_u128();
        let folded = fold(bits as u64 ^ self.seeds[0], (bits >> 64) as u64 ^ self.seeds[1]);
        fold(folded ^ self.seeds[2], 0x9e37_79b9_7f4a_7c15)
    }
}

/// Both halves of a product of 128 bits, one laid over the other.
#[inline(always)]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A number in `0..end` from 32 or more random bits in the high end of `bits`, without a division.
#[inline(always)]
pub(crate) fn below(bits: u64, end: u64) -> u64 {
    ((u128::from(bits) * u128::from(end)) >> 64) as u64
}

/// Random numbers for filters that forget at random: SplitMix64, from a seed and a stream.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Random(mix(mix(seed) ^ !stream))
    }

    #[inline(always)]
    pub(crate) fn next(&mut self) -> u64 {
        let drawn = mix(self.0);
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        drawn
    }

    /// A number in `0..end`.
    #[inline(always)]
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        below(self.next(), end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_count_upwards_are_spread_evenly_by_the_high_and_by_the_low_bits() {
        const KEYS: u128 = 1 << 20;
        const CELLS: usize = 1 << 12;
        for (seed, shift) in [(1, 0), (2, 64), (3, 17), (4, 100)] {
            let hasher = KeyHasher::new(seed, 0);
            let mut high = vec![0u32; CELLS];
            let mut low = vec![0u32; CELLS];
            for key in 0..KEYS {
                let hash = hasher.of(PingKey::from_u128(key << shift));
                high[(hash >> 52) as usize] += 1;
                low[(hash as usize) % CELLS] += 1;
            }
            for loads in [high, low] {
                let mean = KEYS as f64 / CELLS as f64;
                let chi: f64 = loads.iter().map(|load| (f64::from(*load) - mean).powi(2) / mean).sum();
                // Chi squared of 4,095 degrees of freedom: five standard deviations, each the root of twice as many.
                assert!(
                    (chi - 4095.0).abs() < 5.0 * (2.0f64 * 4095.0).sqrt(),
                    "seed {seed} shift {shift}: {chi}"
                );
            }
        }
    }

    #[test]
    fn seeds_and_streams_give_unrelated_hashes() {
        let key = PingKey::from_u128(42);
        let hashes = [(1, 0), (2, 0), (1, 1)].map(|(seed, stream)| KeyHasher::new(seed, stream).of(key));
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2]);
        assert_eq!(KeyHasher::new(1, 0).of(key), hashes[0]);
    }
}
