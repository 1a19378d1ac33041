//! Keys as a keyed bijection of a unique's number, so that no table of all ids is needed to know which is which.

use dedup_strategies::PingKey;

use super::random::seed_for;

const ROUNDS: usize = 4;
/// A version 4 UUID has 122 free bits: two halves of 61.
const HALF_BITS: u32 = 61;
const HALF: u64 = (1 << HALF_BITS) - 1;
/// An odd constant with bits all over: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A Feistel network over the free bits of a version 4 UUID. Number and key determine each other.
#[derive(Clone, Copy, Debug)]
pub struct KeyCipher {
    round_keys: [u64; ROUNDS],
}

impl KeyCipher {
    /// The cipher for this seed.
    pub fn new(seed: u64) -> Self {
        KeyCipher { round_keys: std::array::from_fn(|round| seed_for(seed, "keys", &round.to_string())) }
    }

    /// The key of unique number `number`.
    #[inline]
    pub fn key(&self, number: u64) -> PingKey {
        let (mut left, mut right) = (number >> HALF_BITS, number & HALF);
        for round_key in self.round_keys {
            (left, right) = (right, left ^ mix(right, round_key));
        }
        let high = (left >> 13) << 16 | 0x4000 | (left >> 1 & 0xfff);
        let low = 1 << 63 | (left & 1) << HALF_BITS | right;
        PingKey::from_u128(u128::from(high) << 64 | u128::from(low))
    }

    /// The number whose key this is; none if no number has it.
    #[inline]
    pub fn number(&self, key: PingKey) -> Option<u64> {
        let bits = key.as_u128();
        let (high, low) = ((bits >> 64) as u64, bits as u64);
        if high >> 12 & 0xf != 4 || low >> 62 != 0b10 {
            return None;
        }
        let mut left = (high >> 16) << 13 | (high & 0xfff) << 1 | (low >> HALF_BITS & 1);
        let mut right = low & HALF;
        for round_key in self.round_keys.iter().rev() {
            (left, right) = (right ^ mix(left, *round_key), left);
        }
        (left < 1 << (64 - HALF_BITS)).then_some(left << HALF_BITS | right)
    }
}

/// The two halves of a product, folded: every input bit reaches about half of the output bits.
#[inline]
fn mix(half: u64, round_key: u64) -> u64 {
    let product = u128::from((half ^ round_key).wrapping_mul(SPREAD)) * u128::from(round_key | 1);
    ((product >> 64) as u64 ^ product as u64) >> (64 - HALF_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_leads_back_to_its_number(seed: u64, number: u64) {
            let cipher = KeyCipher::new(seed);
            prop_assert_eq!(cipher.number(cipher.key(number)), Some(number));
        }

        #[test]
        fn two_numbers_have_two_keys(seed: u64, one: u64, other: u64) {
            prop_assume!(one != other);
            let cipher = KeyCipher::new(seed);
            prop_assert_ne!(cipher.key(one), cipher.key(other));
        }

        #[test]
        fn a_key_is_a_version_4_uuid(seed: u64, number: u64) {
            let uuid = uuid::Uuid::from_bytes(KeyCipher::new(seed).key(number).0);
            prop_assert_eq!(uuid.get_version_num(), 4);
            prop_assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        }

        #[test]
        fn what_is_no_key_of_ours_has_no_number(seed: u64, bits: u128) {
            let cipher = KeyCipher::new(seed);
            if let Some(number) = cipher.number(PingKey::from_u128(bits)) {
                prop_assert_eq!(cipher.key(number).as_u128(), bits);
            }
        }
    }

    #[test]
    fn every_free_bit_is_set_in_half_of_the_keys_and_flips_with_half_of_the_neighbours() {
        let cipher = KeyCipher::new(7);
        let n = 20_000u64;
        let fixed: u128 = 0xf000 << 64 | 0b11 << 126 >> 64;
        let mut set = [0u32; 128];
        let mut flipped = [0u32; 128];
        for number in 0..n {
            let (key, next) = (cipher.key(number).as_u128(), cipher.key(number + 1).as_u128());
            for bit in 0..128 {
                set[bit] += (key >> bit & 1) as u32;
                flipped[bit] += ((key ^ next) >> bit & 1) as u32;
            }
        }
        // Six standard deviations of a fair coin.
        let tolerance = 6.0 * (n as f64 / 4.0).sqrt();
        let fair = |count: u32| (f64::from(count) - n as f64 / 2.0).abs() < tolerance;
        for bit in (0..128).filter(|bit| fixed >> bit & 1 == 0) {
            assert!(
                fair(set[bit]) && fair(flipped[bit]),
                "bit {bit}: {} set, {} flipped",
                set[bit],
                flipped[bit]
            );
        }
    }
}
