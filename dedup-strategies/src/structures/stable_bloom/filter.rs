//! The Stable Bloom filter (Deng and Rafiei, SIGMOD 2006): cells that count down at random, so that it never fills up.

use crate::structures::hardware::{Table, prefetch};
use crate::structures::hash::{Random, below, fold};

/// What a Stable Bloom filter is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// m: cells.
    pub cells: u64,
    /// K: cells that an element sets.
    pub hashes: u32,
    /// Max: what a cell is set to, 1 to 15. d bits count to `2^d - 1`.
    pub max: u32,
    /// P: cells that are decremented for each element.
    pub decrements: u32,
}

impl Shape {
    /// The share of cells that are zero once the filter is stable: `[1 + 1/(P (1/K - 1/m))]^(-Max)`.
    pub fn stable_zeros(&self) -> f64 {
        let (k, p) = (f64::from(self.hashes), f64::from(self.decrements));
        (1.0 + 1.0 / (p * (1.0 / k - 1.0 / self.cells as f64))).powf(-f64::from(self.max))
    }

    /// The rate of false positives that a stable filter tends to, `(1 - z)^K`.
    pub fn stable_false_positive_rate(&self) -> f64 {
        (1.0 - self.stable_zeros()).powf(f64::from(self.hashes))
    }

    /// The share of elements that are forgotten `gap` elements later: `1 - (1 - p)^K` with
    /// `p = (P / (P + K))^Max * P(N >= Max)`, N being Poisson distributed around `(P + K) gap / m`.
    ///
    /// While one element a cell comes, a cell is decremented P times and set K times. It is zero if it was decremented Max
    /// times since it was last set, by this element or by one after it: the time of the Max-th decrement has a gamma
    /// density, and none of the K sets a unit of time may fall between, which leaves the density of a gamma of rate P + K,
    /// times that power. Without end of the gap that is the stable point. (The paper has a limit only; that of a maximum
    /// of 1 is the chain of two states.)
    pub fn false_negative_rate(&self, gap: u64) -> f64 {
        let (p, k) = (f64::from(self.decrements), f64::from(self.hashes));
        let events = (p + k) * gap as f64 / self.cells as f64;
        let zero = (p / (p + k)).powf(f64::from(self.max)) * poisson_at_least(events, self.max);
        1.0 - (1.0 - zero).powf(k)
    }

    /// P for a rate of false positives, as the BoomFilters library takes it from the formula of the stable point; 1 at
    /// least.
    pub fn decrements_for(rate: f64, cells: u64, hashes: u32, max: u32) -> u32 {
        let (m, k) = (cells as f64, f64::from(hashes));
        let zeros = 1.0 - rate.powf(1.0 / k);
        let one_over = (1.0 / zeros.powf(1.0 / f64::from(max)) - 1.0) * (1.0 / k - 1.0 / m);
        (1.0 / one_over).clamp(1.0, f64::from(u32::MAX)) as u32
    }

    /// Bits of a cell in memory: cells do not straddle words, so 3 bits take 4.
    pub fn cell_bits(&self) -> u32 {
        match self.max {
            1 => 1,
            2..=3 => 2,
            _ => 4,
        }
    }

    /// Bytes of all cells.
    pub fn bytes(&self) -> u64 {
        let per_word = 64 / u64::from(self.cell_bits());
        self.cells.div_ceil(per_word).saturating_mul(8).saturating_add(64)
    }
}

/// The probability that a Poisson distributed number is `least` or more.
fn poisson_at_least(mean: f64, least: u32) -> f64 {
    let mut term = (-mean).exp();
    let mut below = 0.0;
    for at in 0..least {
        below += term;
        term *= mean / f64::from(at + 1);
    }
    (1.0 - below).max(0.0)
}

/// A Stable Bloom filter.
#[derive(Debug)]
pub struct StableBloom {
    shape: Shape,
    words: Table<u64>,
    /// 1 in the lowest bit of every cell.
    ones: u64,
    random: Random,
}

impl StableBloom {
    /// An empty filter. The seed decides which cells are decremented.
    pub fn new(shape: Shape, seed: u64) -> Self {
        assert!((1..=15).contains(&shape.max), "a maximum of {}; cells hold 1 to 15", shape.max);
        let bits = shape.cell_bits();
        let words = Table::new(shape.cells.div_ceil(64 / u64::from(bits)) as usize);
        StableBloom { shape, words, ones: u64::MAX / ((1 << bits) - 1), random: Random::new(seed, 0) }
    }

    /// Whether none of the cells of `hash` is zero.
    #[inline]
    pub fn contains(&self, hash: u64) -> bool {
        (0..self.shape.hashes).all(|at| self.cell(self.place(hash, at)) > 0)
    }

    /// Decrements, then sets the cells of `hash` to the maximum. The paper does this for every element, known or not.
    #[inline]
    pub fn insert(&mut self, hash: u64) {
        self.decrement();
        self.set(hash);
    }

    /// Sets the cells of `hash` to the maximum.
    #[inline]
    fn set(&mut self, hash: u64) {
        let (bits, mask) = (self.shape.cell_bits(), (1u64 << self.shape.cell_bits()) - 1);
        for at in 0..self.shape.hashes {
            let (word, shift) = split(self.place(hash, at), bits);
            let word = &mut self.words[word];
            *word = *word & !(mask << shift) | u64::from(self.shape.max) << shift;
        }
    }

    /// Asks for the cells of `hash`.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        for at in 0..self.shape.hashes {
            prefetch(&self.words[split(self.place(hash, at), self.shape.cell_bits()).0]);
        }
    }

    /// The share of cells that are zero.
    pub fn zeros(&self) -> f64 {
        (0..self.shape.cells).filter(|at| self.cell(*at) == 0).count() as f64 / self.shape.cells as f64
    }

    /// Bytes of its cells.
    pub fn bytes(&self) -> u64 {
        self.words.bytes()
    }

    /// Takes one from P cells in a row, where they are not zero; the row begins anywhere and goes on at the start after
    /// the last cell. Every cell is as likely as any, as if P were drawn one by one, which is all that the formulas
    /// need; the authors propose it for its speed.
    fn decrement(&mut self) {
        let (cells, count) = (self.shape.cells, u64::from(self.shape.decrements).min(self.shape.cells));
        let start = self.random.below(cells);
        let first = count.min(cells - start);
        self.decrement_row(start, first);
        self.decrement_row(0, count - first);
    }

    fn decrement_row(&mut self, start: u64, count: u64) {
        let bits = self.shape.cell_bits();
        let per_word = 64 / u64::from(bits);
        let (mut at, end) = (start, start + count);
        while at < end {
            let in_word = at % per_word;
            let cells = (per_word - in_word).min(end - at);
            let row = match cells * u64::from(bits) {
                64 => u64::MAX,
                some => ((1 << some) - 1) << (in_word * u64::from(bits)),
            };
            let word = &mut self.words[(at / per_word) as usize];
            // The lowest bit of each cell that is not zero: what is taken never borrows from the next cell.
            let halves = if bits == 4 { *word | *word >> 2 } else { *word };
            let some = if bits >= 2 { halves | halves >> 1 } else { halves };
            *word -= some & self.ones & row;
            at += cells;
        }
    }

    #[inline(always)]
    fn cell(&self, at: u64) -> u64 {
        let (word, shift) = split(at, self.shape.cell_bits());
        self.words[word] >> shift & ((1 << self.shape.cell_bits()) - 1)
    }

    #[inline(always)]
    fn place(&self, hash: u64, at: u32) -> u64 {
        below(
            fold(hash ^ (u64::from(at) << 1 | 1).wrapping_mul(0xd6e8_feb8_6659_fd93), 0x9e37_79b9_7f4a_7c15),
            self.shape.cells,
        )
    }
}

#[inline(always)]
fn split(cell: u64, bits: u32) -> (usize, u32) {
    let bit = cell * u64::from(bits);
    ((bit / 64) as usize, (bit % 64) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::hash::KeyHasher;
    use crate::testing::{agrees, fixed, keys};

    const CELLS: u64 = 65_536;

    fn shape(hashes: u32, max: u32, decrements: u32) -> Shape {
        Shape { cells: CELLS, hashes, max, decrements }
    }

    fn hashes(seed: u64) -> impl Iterator<Item = u64> {
        let hasher = KeyHasher::new(seed, 0);
        keys(seed).map(move |key| hasher.of(key))
    }

    fn stable(shape: Shape, seed: u64, elements: usize) -> StableBloom {
        let mut filter = StableBloom::new(shape, seed);
        hashes(seed).take(elements).for_each(|hash| filter.insert(hash));
        filter
    }

    #[test]
    fn it_becomes_as_full_and_errs_as_often_as_the_stable_point_says() {
        // K, Max, P; zeros and rate of the table.
        for (k, max, p, zeros, rate) in
            [(2, 1, 10, 0.8333, 0.02778), (3, 1, 10, 0.7692, 0.01229), (2, 7, 10, 0.2791, 0.5197)]
        {
            let shape = shape(k, max, p);
            assert!((shape.stable_zeros() - zeros).abs() < 1e-4, "{}", shape.stable_zeros());
            assert!((shape.stable_false_positive_rate() - rate).abs() < 1e-4);
            let filter = stable(shape, 5, 200_000);
            assert!((filter.zeros() / zeros - 1.0).abs() < 0.01, "{} zeros, not {zeros}", filter.zeros());
            let found = hashes(6).take(300_000).filter(|hash| filter.contains(*hash)).count();
            assert!(agrees(found as u64, 300_000, rate), "{found} of 300,000; expected {rate}");
        }
    }

    #[test]
    fn elements_are_forgotten_after_a_gap_as_often_as_published() {
        let shape = shape(3, 1, 10);
        for (gap, published) in [(500, 0.2025), (2000, 0.5814), (8000, 0.9415), (32_000, 0.9875)] {
            let theory = shape.false_negative_rate(gap);
            assert!((theory - published).abs() < 1e-4, "gap {gap}: {theory}");
            let (forgotten, of) = forgotten(shape, gap as usize, 60_000, 1);
            assert!(agrees(forgotten, of, theory), "gap {gap}: {forgotten} of {of}; expected {theory}");
        }
    }

    /// How many elements of a stable filter are not found after `gap` others, of how many.
    fn forgotten(shape: Shape, gap: usize, elements: usize, seed: u64) -> (u64, u64) {
        let warm = 60_000;
        let mut filter = stable(shape, seed, warm);
        let all: Vec<u64> = hashes(seed).skip(warm).take(gap + elements).collect();
        let (mut forgotten, mut of) = (0, 0);
        for at in 0..all.len() {
            filter.insert(all[at]);
            if at >= gap {
                of += 1;
                forgotten += u64::from(!filter.contains(all[at - gap]));
            }
        }
        (forgotten, of)
    }

    proptest! {
        #![proptest_config(fixed(12))]
        #[test]
        fn any_shape_has_its_stable_point_and_forgets_as_the_formula_says(
            k in 1u32..6, max in 1u32..4, p in 5u32..40, gap in 100u64..3000, seed in 0u64..1000,
        ) {
            let shape = Shape { cells: 30_000, hashes: k, max, decrements: p };
            let filter = stable(shape, seed, 60_000);
            prop_assert!((filter.zeros() - shape.stable_zeros()).abs() < 0.02, "{} {}", filter.zeros(), shape.stable_zeros());
            let theory = shape.false_negative_rate(gap);
            let (forgotten, of) = forgotten(shape, gap as usize, 20_000, seed);
            // Cells of neighbours fall together, so that elements do not vary quite independently.
            let (seen, of) = (forgotten as f64, of as f64);
            let slack = (0.08 * of * theory).max(8.0 * (of * theory).sqrt()) + 4.0;
            prop_assert!((seen - of * theory).abs() <= slack, "{seen} of {of}; expected {theory}");
        }

        #[test]
        fn a_row_of_cells_is_decremented_as_one_by_one(
            max in 1u32..16, start in 0u64..200, count in 0u64..300, seed in any::<u64>(),
        ) {
            let shape = Shape { cells: 200, hashes: 40, max, decrements: 1 };
            let mut filter = StableBloom::new(shape, seed);
            for hash in hashes(seed).take(6) {
                filter.set(hash);
                filter.decrement_row(hash % 100, 90);
            }
            let count = count.min(200 - start);
            let expected: Vec<u64> = (0..200)
                .map(|at| filter.cell(at) - u64::from((start..start + count).contains(&at) && filter.cell(at) > 0))
                .collect();
            filter.decrement_row(start, count);
            prop_assert_eq!((0..200).map(|at| filter.cell(at)).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_decrements_for_a_rate_give_that_rate() {
        for (rate, k, max) in [(0.02778, 2, 1), (0.01229, 3, 1), (0.5197, 2, 7), (0.001, 5, 15)] {
            let decrements = Shape::decrements_for(rate, CELLS, k, max);
            let reached = shape(k, max, decrements.max(1)).stable_false_positive_rate();
            // P is whole, and rounded down: the rate is a little more.
            assert!(
                reached >= rate * 0.999 && shape(k, max, decrements + 1).stable_false_positive_rate() <= rate
            );
        }
    }
}
