//! The split-block Bloom filter of the Parquet format, and its false positive rate.
//!
//! The layout is that of the specification ("Parquet bloom filter", apache/parquet-format): blocks of eight 32-bit words;
//! the high half of a hash picks the block, the low half, multiplied by eight odd numbers, one bit in each word. So a
//! probe reads half a cache line, whatever the error.

use crate::structures::hardware::Table;
use crate::structures::poisson::poisson_mean;

/// Bits of a block.
pub const BLOCK_BITS: u64 = 256;

/// Words of a block; an id sets a bit in each.
pub const LANES: usize = 8;

/// The specification's multipliers.
const SALTS: [u32; LANES] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// The words of a block.
pub(crate) type Block = [u32; LANES];

/// The share of unknown ids that are found in a filter of `bits_per_key` bits a key, all told.
///
/// A block holds a number of keys that is Poisson distributed around `256 / bits_per_key`; with i keys in it, a bit of
/// a word is set with probability `1 - (31/32)^i`, and all eight words have to agree:
/// `sum over i of Pois(256/c; i) (1 - (31/32)^i)^8`. Putze, Sanders and Singler, "Cache-, hash- and space-efficient
/// Bloom filters", 2007; the specification's table has the same values.
pub fn false_positive_rate(bits_per_key: f64) -> f64 {
    let mean = BLOCK_BITS as f64 / bits_per_key;
    // From here on every word is full for all that a double can tell.
    if mean > 4_000.0 {
        return 1.0;
    }
    poisson_mean(mean, |keys| (1.0 - (31.0f64 / 32.0).powi(keys)).powi(LANES as i32))
}

/// The least bits a key at which the rate is at most `rate`: the inverse of [`false_positive_rate`].
///
/// `f64::INFINITY` if no number of bits that a machine could have is enough.
pub fn bits_per_key(rate: f64) -> f64 {
    let (mut few, mut many) = (0.01, 1.0);
    while false_positive_rate(many) > rate {
        if many > 1e15 {
            return f64::INFINITY;
        }
        (few, many) = (many, many * 2.0);
    }
    for _ in 0..60 {
        let middle = (few + many) / 2.0;
        match false_positive_rate(middle) > rate {
            true => few = middle,
            false => many = middle,
        }
    }
    many
}

/// The bits that the low half of a hash sets in its block.
#[inline(always)]
pub(crate) fn mask(low: u32) -> Block {
    SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 27))
}

/// Whether `block` has all bits of `mask`.
#[inline(always)]
pub(crate) fn has_all(block: &Block, mask: &Block) -> bool {
    block.iter().zip(mask).fold(0, |missing, (word, bit)| missing | (bit & !word)) == 0
}

/// Sets all bits of `mask` in `block`.
#[inline(always)]
pub(crate) fn set_all(block: &mut Block, mask: &Block) {
    block.iter_mut().zip(mask).for_each(|(word, bit)| *word |= bit);
}

/// A split-block Bloom filter.
#[derive(Debug)]
pub struct SplitBlockFilter {
    words: Table<u32>,
}

impl SplitBlockFilter {
    /// An empty filter of `blocks` blocks (1 to 2^32) of 32 bytes.
    pub fn new(blocks: u64) -> Self {
        assert!((1..=1 << 32).contains(&blocks), "{blocks} blocks; a hash picks one of 1 to 2^32");
        SplitBlockFilter { words: Table::new(blocks as usize * LANES) }
    }

    /// Whether `hash` was inserted, or is a false positive.
    #[inline(always)]
    pub fn contains(&self, hash: u64) -> bool {
        let blocks = self.blocks();
        has_all(&blocks[place(hash, blocks.len())], &mask(hash as u32))
    }

    /// Inserts `hash`; false if the filter contained it already.
    #[inline(always)]
    pub fn insert(&mut self, hash: u64) -> bool {
        let mask = mask(hash as u32);
        let blocks = self.blocks_mut();
        let at = place(hash, blocks.len());
        let fresh = !has_all(&blocks[at], &mask);
        set_all(&mut blocks[at], &mask);
        fresh
    }

    /// Bytes of its blocks.
    pub fn bytes(&self) -> u64 {
        self.words.bytes()
    }

    /// Its blocks, for who probes several filters of one size.
    #[inline(always)]
    pub(crate) fn blocks(&self) -> &[Block] {
        self.words.as_chunks().0
    }

    /// The same, to be written to.
    #[inline(always)]
    pub(crate) fn blocks_mut(&mut self) -> &mut [Block] {
        self.words.as_chunks_mut().0
    }
}

/// Which of `blocks` blocks, as the specification has it.
#[inline(always)]
pub(crate) fn place(hash: u64, blocks: usize) -> usize {
    (((hash >> 32) * blocks as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::hash::KeyHasher;
    use crate::testing::{agrees, fixed, keys};

    /// How many of `probes` unknown keys are found in a filter of `blocks` blocks that holds `written` keys.
    fn found(blocks: u64, written: usize, probes: usize, seed: u64) -> u64 {
        let hasher = KeyHasher::new(seed, 0);
        let mut filter = SplitBlockFilter::new(blocks);
        keys(seed).take(written).for_each(|key| {
            filter.insert(hasher.of(key));
        });
        keys(!seed).take(probes).filter(|key| filter.contains(hasher.of(*key))).count() as u64
    }

    #[test]
    fn the_specifications_bits_a_key_give_the_specifications_rates() {
        // "Sizing an SBBF", apache/parquet-format: bits a key and the rate they give, to the digits printed there.
        for (bits, percent, digit) in [
            (6.0, 10.0, 0.5),
            (10.5, 1.0, 0.05),
            (16.9, 0.1, 0.005),
            (26.4, 0.01, 0.0005),
            (41.0, 0.001, 0.00005),
        ] {
            let rate = 100.0 * false_positive_rate(bits);
            assert!((rate - percent).abs() <= digit, "{bits} bits: {rate} %, not {percent} %");
            assert!((bits_per_key(percent / 100.0) / bits - 1.0).abs() < 0.01, "{percent} %");
        }
    }

    #[test]
    fn the_specifications_filters_of_1024_blocks_err_as_published_and_as_computed() {
        for (written, published, computed) in
            [(26_214, 0.0126, 0.01265), (52_428, 0.18, 0.179), (13_107, 0.0004, 0.00042)]
        {
            let theory = false_positive_rate(1024.0 * 256.0 / written as f64);
            assert!((theory / computed - 1.0).abs() < 0.01, "{theory} for {written} keys, not {computed}");
            assert!(
                (theory / published - 1.0).abs() < 0.06,
                "{theory} for {written} keys, published {published}"
            );
            // The loads of a thousand blocks vary from filter to filter: the mean of several.
            let found: u64 = (0..10).map(|seed| found(1024, written, 100_000, seed)).sum();
            assert!(agrees(found, 1_000_000, theory), "{found} of 1,000,000; expected {theory}");
        }
    }

    proptest! {
        #![proptest_config(fixed(24))]
        #[test]
        fn any_filter_errs_as_the_formula_says(bits in 3.0f64..20.0, blocks in 2_000u64..8_000, seed in 0u64..1000) {
            let written = (blocks as f64 * 256.0 / bits) as usize;
            let theory = false_positive_rate(blocks as f64 * 256.0 / written as f64);
            let found = found(blocks, written, 100_000, seed);
            prop_assert!(agrees(found, 100_000, theory), "{found} of 100,000; expected {theory}");
        }

        #[test]
        fn what_was_inserted_is_found(blocks in 1u64..100, hashes in prop::collection::vec(any::<u64>(), 0..200)) {
            let mut filter = SplitBlockFilter::new(blocks);
            for hash in &hashes {
                filter.insert(*hash);
                prop_assert!(filter.contains(*hash) && !filter.insert(*hash));
            }
            prop_assert!(hashes.iter().all(|hash| filter.contains(*hash)));
        }

        #[test]
        fn the_rate_grows_faster_than_the_load_as_long_as_it_is_small(rate in 1e-9f64..0.05, part in 0.01f64..1.0) {
            // What lets many half-full filters stand for fewer full ones.
            let bits = bits_per_key(rate);
            prop_assert!(false_positive_rate(bits) <= rate && false_positive_rate(bits * 0.999) > rate);
            prop_assert!(false_positive_rate(bits / part) <= part * rate);
        }
    }

    #[test]
    fn rates_at_the_edge_of_numbers_have_an_answer() {
        assert_eq!(bits_per_key(5e-324), f64::INFINITY);
        assert!(bits_per_key(0.999_999) > 0.0);
        assert_eq!(false_positive_rate(0.01), 1.0);
    }
}
