//! What stands in one slot of a table: a key, or as much of it as the slot's place does not say already, and its age.

use crate::contract::PingKey;
use crate::structures::hash::fold;

/// Bits of a slot that are not its key's: six for its tag, and two that are its part of the stamp of its bucket.
const LOW_BITS: u32 = 8;

/// A slice of time as a slot has it: 1 to 63 in turn, and 0 in an empty slot.
pub(super) type Tag = u8;

/// As many values as a [`Tag`] has besides that of an empty slot.
pub(super) const TAGS: u64 = 63;

/// Those of the low bits that are the tag.
pub(super) const TAG_MASK: u8 = TAGS as u8;

/// A word that can be a slot of a [`WindowSet`](super::WindowSet): `u128` for all of a key, `u64` for a
/// fingerprint of it.
///
/// A slot holds the *low* bits of a number, shifted up by eight to make room for its tag and a part of a stamp: the
/// highest bits of the number are pushed out. What they are is known by the slot's place, because no slot is further from
/// where it belongs than a 256th of the table.
pub trait Slot: Copy + Default + Eq + Send + 'static + sealed::Sealed {
    /// The slot of a mixed key, its low bits 0.
    #[doc(hidden)]
    fn of(mixed: u128) -> Self;
    /// This slot with low bits in the place of zeros.
    #[doc(hidden)]
    fn with_low(self, low: u8) -> Self;
    #[doc(hidden)]
    fn low(self) -> u8;
    /// Its lowest 64 bits.
    #[doc(hidden)]
    fn word(self) -> u64;
    /// This slot with its low bits 0.
    #[doc(hidden)]
    fn untagged(self) -> Self;
    #[doc(hidden)]
    #[inline(always)]
    fn tag(self) -> u8 {
        self.low() & TAG_MASK
    }
    /// The 64 highest bits of the number: the highest that end in what the slot has of them, up to `limit`.
    #[doc(hidden)]
    fn hash(self, limit: u64) -> u64;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for u128 {}
}

impl Slot for u128 {
    #[inline(always)]
    fn of(mixed: u128) -> Self {
        mixed << LOW_BITS
    }

    #[inline(always)]
    fn with_low(self, low: u8) -> Self {
        self | u128::from(low)
    }

    #[inline(always)]
    fn low(self) -> u8 {
        self as u8
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self as u64
    }

    #[inline(always)]
    fn untagged(self) -> Self {
        self >> LOW_BITS << LOW_BITS
    }

    #[inline(always)]
    fn hash(self, limit: u64) -> u64 {
        highest((self >> (64 + LOW_BITS)) as u64, limit)
    }
}

impl Slot for u64 {
    #[inline(always)]
    fn of(mixed: u128) -> Self {
        ((mixed >> 64) as u64) << LOW_BITS
    }

    #[inline(always)]
    fn with_low(self, low: u8) -> Self {
        self | u64::from(low)
    }

    #[inline(always)]
    fn low(self) -> u8 {
        self as u8
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self
    }

    #[inline(always)]
    fn untagged(self) -> Self {
        self >> LOW_BITS << LOW_BITS
    }

    #[inline(always)]
    fn hash(self, limit: u64) -> u64 {
        highest(self >> LOW_BITS, limit)
    }
}

/// The highest number up to `limit` whose lower bits are `kept`, all but the eight highest.
#[inline(always)]
fn highest(kept: u64, limit: u64) -> u64 {
    limit.wrapping_sub(limit.wrapping_sub(kept) & (u64::MAX >> LOW_BITS))
}

/// Turns keys into numbers that look random, each into one of its own: no two keys share a number, so that a number
/// tells as much as its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixer {
    seeds: [u64; 2],
}

impl Mixer {
    pub(super) fn new(seed: u64) -> Self {
        // An even number, so that a factor that it is laid over stays odd.
        Mixer { seeds: [seed ^ 0x2545_f491_4f6c_dd1d, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 1] }
    }

    /// Every step can be undone (an odd factor has an inverse modulo a power of two), and the 64 highest bits, by which
    /// slots are placed, depend on every bit of the key.
    #[inline(always)]
    pub(super) fn mix(self, key: PingKey) -> u128 {
        let (high, low) = ((key.as_u128() >> 64) as u64, key.as_u128() as u64);
        let high = (high ^ fold(low ^ self.seeds[0], FACTORS[0])).wrapping_mul(FACTORS[1]);
        let high = (high ^ high >> 32).wrapping_mul(FACTORS[2] ^ self.seeds[1]);
        u128::from(high) << 64 | u128::from(low)
    }
}

/// Those of the 128-bit PCG generator (O'Neill, 2014) and the golden ratio: odd, and without a pattern in their bits.
const FACTORS: [u64; 3] = [0x2360_ed05_1fc6_5da5, 0x9e37_79b9_7f4a_7c15, 0xda94_2042_e4dd_58b5];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_comes_back_from_a_slot_and_its_neighbourhood(mixed: u128, low: u8, off in 0u64..1 << 56) {
            let hash = (mixed >> 64) as u64;
            let limit = hash.saturating_add(off);
            prop_assert_eq!(<u128 as Slot>::of(mixed).with_low(low).hash(limit), hash);
            prop_assert_eq!(<u64 as Slot>::of(mixed).with_low(low).hash(limit), hash);
        }

        #[test]
        fn mixing_can_be_undone(key: u128, seed: u64) {
            let mixer = Mixer::new(seed);
            let mixed = mixer.mix(PingKey::from_u128(key));
            let low = mixed as u64;
            let high = ((mixed >> 64) as u64).wrapping_mul(inverse(FACTORS[2] ^ mixer.seeds[1]));
            let high = (high ^ high >> 32).wrapping_mul(inverse(FACTORS[1])) ^ fold(low ^ mixer.seeds[0], FACTORS[0]);
            prop_assert_eq!(u128::from(high) << 64 | u128::from(low), key);
        }
    }

    /// Of an odd number modulo 2^64, by Newton's method: each step doubles the bits that are right.
    fn inverse(odd: u64) -> u64 {
        (0..6).fold(odd, |inverse, _| inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse))))
    }

    #[test]
    fn keys_that_count_upwards_are_spread_evenly() {
        for shift in [0, 64, 100] {
            let mut loads = [0u32; 1024];
            for key in 0..1u128 << 18 {
                let mixed = Mixer::new(1).mix(PingKey::from_u128(key << shift));
                loads[(mixed >> 118) as usize] += 1;
            }
            // 256 expected in each; a Poisson variable is within six standard deviations of that.
            assert!(loads.iter().all(|load| (160..=352).contains(load)), "shifted by {shift}: {loads:?}");
        }
    }
}
