//! What stands in one slot of a table: a key, or as much of it as the slot's place does not say already, and its age.

use std::cmp::Ordering;

use crate::contract::PingKey;

/// Bits of a slot that say in which slice of time its key was inserted.
pub(super) const TAG_BITS: u32 = 6;

/// A slice of time as a slot has it: 1 to 63 in turn, and 0 in an empty slot.
pub(super) type Tag = u8;

/// As many values as a [`Tag`] has besides that of an empty slot.
pub(super) const TAGS: u64 = (1 << TAG_BITS) - 1;

/// A set of tags, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagSet(pub(super) u64);

impl TagSet {
    #[inline(always)]
    pub(super) fn contains(self, tag: Tag) -> bool {
        self.0 >> tag & 1 == 1
    }
}

/// A word that can be a slot of a [`CompactSet`](super::CompactSet): `u128` for all of a key, `u64` for a
/// fingerprint of it.
///
/// A slot holds the *low* bits of a number, shifted up by `TAG_BITS` to make room for a tag: the highest bits of the
/// number are pushed out. Slots are kept in the order of their numbers, spread evenly over the table, so the place of a
/// slot says what its highest bits are, unless it is further from where it belongs than a 128th of the table. Two
/// slots that are nearer than that to each other are therefore ordered by their difference as a signed number.
pub trait Slot: Copy + Default + Send + 'static + sealed::Sealed {
    /// The slot of a mixed key, its tag 0.
    #[doc(hidden)]
    fn of(mixed: u128) -> Self;
    /// This slot with another tag in the place of tag 0.
    #[doc(hidden)]
    fn with_tag(self, tag: u8) -> Self;
    /// This slot with tag 0.
    #[doc(hidden)]
    fn untagged(self) -> Self;
    #[doc(hidden)]
    fn tag(self) -> u8;
    /// Where the number in this slot comes towards that in a slot nearby whose tag is 0.
    #[doc(hidden)]
    fn order(self, untagged: Self) -> Ordering;
    /// The 64 highest bits of the number, which are known to be near `near`.
    #[doc(hidden)]
    fn hash(self, near: u64) -> u64;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for u128 {}
}

const TAG_MASK: u64 = TAGS;

impl Slot for u128 {
    #[inline(always)]
    fn of(mixed: u128) -> Self {
        mixed << TAG_BITS
    }

    #[inline(always)]
    fn with_tag(self, tag: u8) -> Self {
        self | u128::from(tag)
    }

    #[inline(always)]
    fn untagged(self) -> Self {
        self & !u128::from(TAG_MASK)
    }

    #[inline(always)]
    fn tag(self) -> u8 {
        (self as u64 & TAG_MASK) as u8
    }

    #[inline(always)]
    fn order(self, untagged: Self) -> Ordering {
        (self.untagged().wrapping_sub(untagged) as i128).cmp(&0)
    }

    #[inline(always)]
    fn hash(self, near: u64) -> u64 {
        ((self >> 64) as u64).hash(near)
    }
}

impl Slot for u64 {
    #[inline(always)]
    fn of(mixed: u128) -> Self {
        ((mixed >> 64) as u64) << TAG_BITS
    }

    #[inline(always)]
    fn with_tag(self, tag: u8) -> Self {
        self | u64::from(tag)
    }

    #[inline(always)]
    fn untagged(self) -> Self {
        self & !TAG_MASK
    }

    #[inline(always)]
    fn tag(self) -> u8 {
        (self & TAG_MASK) as u8
    }

    #[inline(always)]
    fn order(self, untagged: Self) -> Ordering {
        (self.untagged().wrapping_sub(untagged) as i64).cmp(&0)
    }

    #[inline(always)]
    fn hash(self, near: u64) -> u64 {
        let distance = (self.untagged().wrapping_sub(near << TAG_BITS) as i64) >> TAG_BITS;
        near.wrapping_add(distance as u64)
    }
}

/// Turns keys into numbers that look random, each into one of its own: no two keys share a number, so that a number
/// tells as much as its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixer {
    seed: u128,
}

impl Mixer {
    pub(super) fn new(seed: u64) -> Self {
        let high = u128::from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d);
        Mixer { seed: high << 64 | u128::from(seed) }
    }

    /// Every step can be undone (an odd factor has an inverse modulo a power of two), and the 64 highest bits, by which
    /// slots are placed, depend on every bit of the key.
    #[inline(always)]
    pub(super) fn mix(self, key: PingKey) -> u128 {
        // The multipliers are those of the 128-bit PCG generator (O'Neill, 2014) and of its cheaper variant.
        let mixed = (key.as_u128() ^ self.seed).wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645);
        (mixed ^ (mixed >> 64)).wrapping_mul(0x9e37_79b9_7f4a_7c15_da94_2042_e4dd_58b5)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_comes_back_from_a_slot_and_its_neighbourhood(mixed: u128, tag in 1u8..64, off in 0u64..1 << 56) {
            let hash = (mixed >> 64) as u64;
            for near in [hash.saturating_sub(off), hash.saturating_add(off)] {
                prop_assert_eq!(<u128 as Slot>::of(mixed).with_tag(tag).hash(near), hash);
                prop_assert_eq!(<u64 as Slot>::of(mixed).with_tag(tag).hash(near), hash);
            }
        }

        #[test]
        fn slots_nearby_are_in_the_order_of_their_numbers(mixed: u128, off in 0u128..1 << 119, tag in 1u8..64) {
            let other = mixed.saturating_add(off);
            let (slot, later) = (<u128 as Slot>::of(mixed), <u128 as Slot>::of(other));
            prop_assert_eq!(slot.with_tag(tag).order(later), mixed.cmp(&other));
            prop_assert_eq!(later.with_tag(tag).order(slot), other.cmp(&mixed));
        }

        #[test]
        fn mixing_can_be_undone(key: u128, seed: u64) {
            let mixer = Mixer::new(seed);
            let mixed = mixer.mix(PingKey::from_u128(key));
            let step = mixed.wrapping_mul(inverse(0x9e37_79b9_7f4a_7c15_da94_2042_e4dd_58b5));
            let start = (step ^ (step >> 64)).wrapping_mul(inverse(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645));
            prop_assert_eq!(start ^ mixer.seed, key);
        }
    }

    /// Of an odd number modulo 2^128, by Newton's method: each step doubles the bits that are right.
    fn inverse(odd: u128) -> u128 {
        (0..7).fold(odd, |inverse, _| inverse.wrapping_mul(2u128.wrapping_sub(odd.wrapping_mul(inverse))))
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
