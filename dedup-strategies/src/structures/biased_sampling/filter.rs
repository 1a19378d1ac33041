//! The biased-sampling Bloom filters of Bera, Dutta, Narang and Bhattacherjee (arXiv 1212.3964).
//!
//! k filters of s bits each. An element that is reported distinct sets its bit in each of them, and bits are reset at
//! random to make room; one that is reported a duplicate changes nothing.

use crate::structures::hardware::{Table, prefetch};
use crate::structures::hash::{Random, below, fold};

/// How bits are reset for an element that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// BSBF: one random bit in each filter.
    EachFilter,
    /// BSBFSD: one random bit in one random filter. Too little to keep the filters from filling up.
    OneFilter,
    /// RLBSBF: one random bit in each filter, with a probability of the share of its bits that are set.
    ByLoad,
}

impl Deletion {
    /// The share of bits that are set in a stream of distinct elements without end, in each of `k` filters.
    ///
    /// An element that is reported distinct is more likely than others to find a bit that is not set, by a factor of
    /// `1 / (1 - f^k)`. So a filter gains a bit with `(1 - f) / (1 - f^k)` an element written, and loses one with f for
    /// [`EachFilter`](Self::EachFilter), f^2 for [`ByLoad`](Self::ByLoad) and f/k for [`OneFilter`](Self::OneFilter); the
    /// limit is where the two are equal. The last has no such place below 1: it fills up.
    pub fn limit_fill(self, k: u32) -> f64 {
        let excess =
            |fill: f64| (1.0 - fill) / (1.0 - fill.powi(k as i32)) - fill * self.resets_a_write(k, fill);
        let (mut low, mut high) = (0.0, 1.0 - 1e-9);
        if excess(high) > 0.0 {
            return 1.0;
        }
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            match excess(middle) > 0.0 {
                true => low = middle,
                false => high = middle,
            }
        }
        (low + high) / 2.0
    }

    /// The rate of false positives in that limit: `f^k`.
    pub fn limit_false_positive_rate(self, k: u32) -> f64 {
        self.limit_fill(k).powi(k as i32)
    }

    /// In that limit, the share of elements that are forgotten `gap` elements later, with filters of `bits` bits:
    /// `1 - (1 - p)^k` with `p = (1 - f) (1 - exp(-(gap/s) (1 + r (1 - f^k))))`, and r of 1 for
    /// [`EachFilter`](Self::EachFilter), f for [`ByLoad`](Self::ByLoad), 1/k for [`OneFilter`](Self::OneFilter).
    pub fn false_negative_rate(self, k: u32, bits: u64, gap: u64) -> f64 {
        let fill = self.limit_fill(k);
        let turned = gap as f64 / bits as f64 * (1.0 + self.chosen(k, fill));
        let reset = (1.0 - fill) * (1.0 - (-turned).exp());
        1.0 - (1.0 - reset).powi(k as i32)
    }

    /// How often a bit is chosen to be reset while one distinct element a bit comes, in filters filled to `fill`.
    fn chosen(self, k: u32, fill: f64) -> f64 {
        self.resets_a_write(k, fill) * (1.0 - fill.powi(k as i32))
    }

    /// r: bits that are chosen to be reset in a filter for each element that is written.
    fn resets_a_write(self, k: u32, fill: f64) -> f64 {
        match self {
            Deletion::EachFilter => 1.0,
            Deletion::ByLoad => fill,
            Deletion::OneFilter => 1.0 / f64::from(k),
        }
    }

    /// How often a bit has been chosen to be reset, on average, after each of `steps` equal steps of a stream that brings
    /// `turns` distinct elements a bit of a filter, from empty filters on.
    ///
    /// The fill on the way to its limit follows from the same gains and losses, for u elements a bit:
    /// `df/du = (1 - f) - r f (1 - f^k)`, and a bit is chosen `r (1 - f^k)` times, with the r of
    /// [`false_negative_rate`](Self::false_negative_rate).
    pub fn resets(self, k: u32, turns: f64, steps: usize) -> Vec<f64> {
        let gained = |fill: f64| (1.0 - fill) - fill * self.chosen(k, fill);
        // The midpoint rule needs steps in which little changes.
        let fine = (turns * 64.0 / steps as f64).ceil().max(1.0) as usize;
        let step = turns / (steps * fine) as f64;
        let (mut fill, mut resets) = (0.0, 0.0);
        let mut next = || {
            for left in (0..fine).rev() {
                let middle = fill + gained(fill) * step / 2.0;
                let chosen = self.chosen(k, middle) * step;
                let filled = fill + gained(middle) * step;
                resets += chosen;
                if filled == fill {
                    // It is at its limit, and all that is left of this step is like this part of it.
                    resets += chosen * left as f64;
                    break;
                }
                fill = filled;
            }
            resets
        };
        (0..steps).map(|_| next()).collect()
    }

    /// The authors' k for a rate of false positives: `((ln rate / ln(1 - 1/e)) + 1) / 2`, rounded up.
    pub fn published_hashes(rate: f64) -> u32 {
        let least = (1.0 - (-1.0f64).exp()).ln();
        ((rate.ln() / least + 1.0) / 2.0).ceil().max(1.0) as u32
    }
}

/// k filters, and a way to make room in them.
#[derive(Debug)]
pub struct BiasedSampling {
    deletion: Deletion,
    k: u64,
    bits: u64,
    words: Table<u64>,
    /// Bits that are set in each.
    loads: Vec<u64>,
    random: Random,
}

impl BiasedSampling {
    /// `k` empty filters of `bits` bits each. The seed decides which bits are reset.
    pub fn new(deletion: Deletion, k: u32, bits: u64, seed: u64) -> Self {
        let words = Table::new((u64::from(k) * bits).div_ceil(64) as usize);
        BiasedSampling {
            deletion,
            k: u64::from(k),
            bits,
            words,
            loads: vec![0; k as usize],
            random: Random::new(seed, 0),
        }
    }

    /// Whether the bits of `hash` are set in all filters.
    #[inline]
    pub fn contains(&self, hash: u64) -> bool {
        (0..self.k).all(|filter| {
            let place = self.place(hash, filter);
            self.words[(place / 64) as usize] >> (place % 64) & 1 == 1
        })
    }

    /// Judges `hash`, and writes it if it is reported distinct, which is what this says.
    #[inline]
    pub fn insert(&mut self, hash: u64) -> bool {
        let distinct = !self.contains(hash);
        if distinct {
            self.reset();
            for filter in 0..self.k {
                let place = self.place(hash, filter);
                let (word, bit) = (&mut self.words[(place / 64) as usize], 1 << (place % 64));
                self.loads[filter as usize] += u64::from(*word & bit == 0);
                *word |= bit;
            }
        }
        distinct
    }

    fn reset(&mut self) {
        match self.deletion {
            Deletion::EachFilter => (0..self.k).for_each(|filter| self.reset_in(filter)),
            Deletion::OneFilter => {
                let filter = self.random.below(self.k);
                self.reset_in(filter);
            }
            Deletion::ByLoad => {
                for filter in 0..self.k {
                    if self.random.below(self.bits) < self.loads[filter as usize] {
                        self.reset_in(filter);
                    }
                }
            }
        }
    }

    #[inline]
    fn reset_in(&mut self, filter: u64) {
        let place = filter * self.bits + self.random.below(self.bits);
        let (word, bit) = (&mut self.words[(place / 64) as usize], 1 << (place % 64));
        self.loads[filter as usize] -= u64::from(*word & bit != 0);
        *word &= !bit;
    }

    /// Asks for the bits of `hash`.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        (0..self.k).for_each(|filter| prefetch(&self.words[(self.place(hash, filter) / 64) as usize]));
    }

    /// The share of bits that are set.
    pub fn fill(&self) -> f64 {
        self.loads.iter().sum::<u64>() as f64 / (self.k * self.bits) as f64
    }

    /// Bytes of its filters.
    pub fn bytes(&self) -> u64 {
        self.words.bytes()
    }

    #[inline(always)]
    fn place(&self, hash: u64, filter: u64) -> u64 {
        let salted = hash ^ (filter << 1 | 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
        filter * self.bits + below(fold(salted, 0x9e37_79b9_7f4a_7c15), self.bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::hash::KeyHasher;
    use crate::structures::stable_bloom::{Shape, StableBloom};
    use crate::testing::{agrees, fixed, keys};

    fn hashes(seed: u64) -> impl Iterator<Item = u64> {
        let hasher = KeyHasher::new(seed, 0);
        keys(seed).map(move |key| hasher.of(key))
    }

    /// A filter that has come to its limit: every bit has had its turn ten times.
    fn full(deletion: Deletion, k: u32, bits: u64, seed: u64) -> BiasedSampling {
        let mut filter = BiasedSampling::new(deletion, k, bits, seed);
        hashes(seed).take(10 * bits as usize).for_each(|hash| {
            filter.insert(hash);
        });
        filter
    }

    fn found(filter: &BiasedSampling, probes: usize, seed: u64) -> u64 {
        hashes(!seed).take(probes).filter(|hash| filter.contains(*hash)).count() as u64
    }

    #[test]
    fn the_limits_are_those_of_the_table() {
        for (deletion, fill, rate) in [
            (Deletion::EachFilter, 0.618, 0.382),
            (Deletion::ByLoad, 0.755, 0.570),
            (Deletion::OneFilter, 1.0, 1.0),
        ] {
            assert!((deletion.limit_fill(2) - fill).abs() < 1e-3, "{deletion:?} {}", deletion.limit_fill(2));
            assert!((deletion.limit_false_positive_rate(2) - rate).abs() < 1e-3);
        }
        assert_eq!(Deletion::published_hashes(0.1), 4);
    }

    #[test]
    fn filters_come_to_their_limits() {
        for deletion in [Deletion::EachFilter, Deletion::ByLoad] {
            let filter = full(deletion, 2, 32_768, 1);
            let (fill, rate) = (deletion.limit_fill(2), deletion.limit_false_positive_rate(2));
            assert!((filter.fill() / fill - 1.0).abs() < 0.01, "{deletion:?}: {}", filter.fill());
            let found = found(&filter, 200_000, 1);
            assert!(agrees(found, 200_000, rate), "{deletion:?}: {found} of 200,000; expected {rate}");
        }
        // It comes to 1 as slowly as 1/n: the rate is about 1 - 4 s / 3 n.
        let mut saturated = full(Deletion::OneFilter, 2, 2048, 1);
        hashes(2).take(100 * 2048).for_each(|hash| {
            saturated.insert(hash);
        });
        let found = found(&saturated, 100_000, 1);
        assert!(
            (98_000..99_500).contains(&found),
            "{found}: one bit in one filter does not make enough room"
        );
    }

    #[test]
    fn on_the_way_to_their_limit_filters_forget_by_the_resets_of_their_fill() {
        const BITS: u64 = 16_384;
        for (deletion, k) in [(Deletion::EachFilter, 3), (Deletion::ByLoad, 3), (Deletion::ByLoad, 8)] {
            // Up to a quarter of a turn, a half, and so on up to four.
            let resets = deletion.resets(k, 4.0, 16);
            let mut filter = BiasedSampling::new(deletion, k, BITS, 1);
            let all: Vec<u64> = hashes(1).take(4 * BITS as usize).collect();
            let known = |filter: &BiasedSampling, quarter: usize| {
                let since = &all[quarter * BITS as usize / 4..][..1000];
                since.iter().filter(|hash| filter.contains(**hash)).count() as u64
            };
            for quarter in 0..16 {
                all[quarter * BITS as usize / 4..][..BITS as usize / 4].iter().for_each(|hash| {
                    filter.insert(*hash);
                });
                // A bit is zero if it was reset after it was last set: by this element or, once a turn, by another.
                let from = quarter.saturating_sub(3);
                let (begun, ended) = (if from == 0 { 0.0 } else { resets[from - 1] }, resets[quarter]);
                let (turns, chosen) = ((quarter + 1 - from) as f64 / 4.0, ended - begun);
                let zero = chosen / (turns + chosen) * (1.0 - (-turns - chosen).exp());
                let expected = (1.0 - zero).powi(k as i32) * 1000.0;
                let seen = known(&filter, from) as f64;
                assert!(
                    (seen - expected).abs() < 4.0 * (expected * (1.0 - expected / 1000.0)).sqrt() + 8.0,
                    "{deletion:?} {k}, quarters {from} to {quarter}: {seen} of 1000 known; expected {expected}"
                );
            }
            let limit = deletion.resets(k, 40.0, 40);
            let fill = deletion.limit_fill(k);
            assert!((limit[39] - limit[38] - deletion.chosen(k, fill)).abs() < 1e-4, "{deletion:?}");
        }
    }

    #[test]
    fn elements_are_forgotten_after_a_gap_as_often_as_published() {
        for (deletion, published) in [
            (Deletion::EachFilter, [0.0185, 0.0706, 0.2338, 0.5146]),
            (Deletion::ByLoad, [0.0098, 0.0377, 0.1309, 0.3241]),
        ] {
            for (gap, published) in [500, 2000, 8000, 32_000].into_iter().zip(published) {
                let theory = deletion.false_negative_rate(2, 32_768, gap);
                assert!((theory - published).abs() < 1.2e-4, "{deletion:?} gap {gap}: {theory}");
                let (forgotten, of) = forgotten(deletion, 2, 32_768, gap as usize, 100_000, 3);
                assert!(
                    agrees(forgotten, of, theory),
                    "{deletion:?} gap {gap}: {forgotten} of {of}; expected {theory}"
                );
            }
        }
    }

    /// How many elements of a full filter are not found when `gap` others have come, of how many; every element is
    /// counted that was written or known when it came.
    fn forgotten(
        deletion: Deletion,
        k: u32,
        bits: u64,
        gap: usize,
        elements: usize,
        seed: u64,
    ) -> (u64, u64) {
        let mut filter = full(deletion, k, bits, seed);
        let all: Vec<u64> = hashes(seed).skip(10 * bits as usize).take(gap + elements).collect();
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
        #![proptest_config(fixed(10))]
        #[test]
        fn any_filters_come_to_their_limit_and_forget_as_the_formula_says(
            k in 2u32..8, by_load in any::<bool>(), gap in 50u64..4000, seed in 0u64..1000,
        ) {
            let deletion = if by_load { Deletion::ByLoad } else { Deletion::EachFilter };
            let bits = 16_384;
            let filter = full(deletion, k, bits, seed);
            prop_assert!((filter.fill() / deletion.limit_fill(k) - 1.0).abs() < 0.03, "{}", filter.fill());
            let theory = deletion.false_negative_rate(k, bits, gap);
            let (forgotten, of) = forgotten(deletion, k, bits, gap as usize, 60_000, seed);
            prop_assert!(agrees(forgotten, of, theory), "{forgotten} of {of}; expected {theory}");
        }
    }

    /// The published benchmark, a sixteenth of the size: M = 2^19 bits, k = 2, 250,000 elements of which 60 % are
    /// distinct, duplicates drawn evenly from the past. False positives and negatives of each filter.
    #[test]
    fn on_a_finite_stream_the_filters_err_in_the_published_order_and_by_the_published_shares() {
        const BITS: u64 = 1 << 19;
        let mut all: Vec<(u64, bool)> = Vec::new();
        let mut random = Random::new(9, 9);
        let mut distinct: Vec<u64> = Vec::new();
        let mut fresh = hashes(9);
        for _ in 0..250_000 {
            let repeat = !distinct.is_empty() && random.below(10) >= 6;
            let hash = match repeat {
                true => distinct[random.below(distinct.len() as u64) as usize],
                false => fresh.next().expect("there is no end"),
            };
            if !repeat {
                distinct.push(hash);
            }
            all.push((hash, repeat));
        }
        let score = |mut report_distinct: Box<dyn FnMut(u64) -> bool>| {
            let (mut positive, mut negative, mut repeats) = (0.0, 0.0, 0.0);
            for (hash, repeat) in &all {
                let reported = report_distinct(*hash);
                positive += f64::from(u8::from(!repeat && !reported));
                negative += f64::from(u8::from(*repeat && reported));
                repeats += f64::from(u8::from(*repeat));
            }
            (positive / (all.len() as f64 - repeats), negative / repeats)
        };
        let biased = |deletion| {
            let mut filter = BiasedSampling::new(deletion, 2, BITS / 2, 1);
            score(Box::new(move |hash| filter.insert(hash)))
        };
        let shape = Shape { cells: BITS, hashes: 2, max: 1, decrements: 10 };
        let mut stable = StableBloom::new(shape, 1);
        let sbf = score(Box::new(move |hash| {
            let distinct = !stable.contains(hash);
            stable.insert(hash);
            distinct
        }));
        let seen = [sbf, biased(Deletion::EachFilter), biased(Deletion::OneFilter), biased(Deletion::ByLoad)];
        let published = [(0.014, 0.604), (0.054, 0.165), (0.063, 0.085), (0.067, 0.039)];
        for (seen, published) in seen.iter().zip(published) {
            assert!(
                (seen.0 - published.0).abs() < (0.06f64 * published.0).max(0.0012),
                "{seen:?}, published {published:?}"
            );
            assert!(
                (seen.1 - published.1).abs() < (0.06f64 * published.1).max(0.0025),
                "{seen:?}, published {published:?}"
            );
        }
        assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1), "{seen:?}");
    }
}
