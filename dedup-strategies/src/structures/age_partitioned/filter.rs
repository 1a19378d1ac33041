//! The age-partitioned Bloom filter (Shtul, Baquero and Almeida, arXiv 2001.03147), and its false positive rate.

use std::collections::VecDeque;
use std::f64::consts::LOG2_E;

use crate::contract::Timestamp;
use crate::structures::hardware::{Table, prefetch};
use crate::structures::hash::{below, fold, mix};

/// The rate of the paper's recursion, at the end of a generation.
///
/// An unknown id is found if k slices in a row have its bit. With a of them found up to slice i: `F(k, i) = 1`;
/// `F(a, i) = 0` for `i > l + a`; else `F(a, i) = r_i F(a+1, i+1) + (1 - r_i) F(0, i+1)`; the rate is `F(0, 0)`. The
/// paper lets slices fill up to a half in a straight line: `r_i = (i+1) / 2k` for `i < k`.
pub fn published_false_positive_rate(k: u32, l: u32) -> f64 {
    rate_of_fills(k, l, |slice| f64::from(slice + 1).min(f64::from(k)) / (2.0 * f64::from(k)))
}

/// The same recursion with the fill that slices have: `r_i = 1 - 2^(-(i + phase) / k)`, `phase` (0 to 1) being how much
/// of the youngest generation has been written.
///
/// A slice takes its first bits faster than its last. So at the end of a generation (`phase = 1`) the rate is higher than
/// the published one: by 7 % for (4, 3), by 27 % for (17, 13). The mean over all phases is close to it.
pub fn false_positive_rate(k: u32, l: u32, phase: f64) -> f64 {
    rate_of_fills(k, l, |slice| 1.0 - (-(f64::from(slice) + phase).min(f64::from(k)) / f64::from(k)).exp2())
}

fn rate_of_fills(k: u32, l: u32, fill: impl Fn(u32) -> f64) -> f64 {
    let (k, slices) = (k as usize, (k + l) as usize);
    // `of[a]` is F(a, i + 1), from behind the last slice to the first.
    let mut of = vec![0.0; k + 1];
    of[k] = 1.0;
    for slice in (0..slices).rev() {
        let (fill, none) = (fill(slice as u32), of[0]);
        // With fewer than this many found so far there are not enough slices left.
        let fewest = (slice + k).saturating_sub(slices).min(k);
        of[..fewest].fill(0.0);
        for found in fewest..k {
            of[found] = fill * of[found + 1] + (1.0 - fill) * none;
        }
    }
    of[0]
}

/// Bits of a slice, for generations of `generation` ids: at the end of its k generations it is half full.
pub fn slice_bits(k: u32, generation: u64) -> u64 {
    (LOG2_E * f64::from(k) * generation as f64).ceil() as u64
}

/// Bits an id of the guaranteed window: k + l slices for l generations.
pub fn bits_per_id(k: u32, l: u32) -> f64 {
    f64::from(k + l) * LOG2_E * f64::from(k) / f64::from(l)
}

/// An age-partitioned Bloom filter: slices of bits, the youngest first. An id sets a bit in each of the k youngest;
/// once a generation a slice is added in front, so that the runs of k bits move back with age.
#[derive(Debug)]
pub struct AgePartitioned {
    k: usize,
    slice_bits: u64,
    slices: VecDeque<Slice>,
    seed: u64,
    added: u64,
    /// When the last id was inserted.
    last: Option<Timestamp>,
}

#[derive(Debug)]
struct Slice {
    words: Table<u64>,
    salt: u64,
    /// When the last id was written to it, as soon as it is not among the k youngest any more.
    closed: Option<Timestamp>,
}

impl AgePartitioned {
    /// An empty filter that sets `k` bits an id, with slices for generations of `generation` ids.
    pub fn new(k: u32, generation: u64, seed: u64) -> Self {
        let slice_bits = slice_bits(k, generation).max(1);
        let mut filter =
            AgePartitioned { k: k as usize, slice_bits, slices: VecDeque::new(), seed, added: 0, last: None };
        filter.clear();
        filter
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slices.clear();
        self.last = None;
        (0..self.k).for_each(|_| self.add());
    }

    /// Begins a generation, and keeps at most `most` slices.
    pub fn shift(&mut self, most: usize) {
        self.slices[self.k - 1].closed = self.last;
        self.slices.truncate(most - 1);
        self.add();
    }

    fn add(&mut self) {
        self.added += 1;
        let salt = mix(self.seed ^ mix(self.added));
        let words = Table::new(self.slice_bits.div_ceil(64) as usize);
        self.slices.push_front(Slice { words, salt, closed: None });
    }

    /// Drops slices to which nothing was written within `window_ns` before `now`.
    pub fn expire(&mut self, now: Timestamp, window_ns: u64) {
        let old = |at: Option<Timestamp>| {
            at.is_some_and(|at| now.as_nanos().saturating_sub(at.as_nanos()) >= window_ns)
        };
        if old(self.last) {
            return self.clear();
        }
        while self.slices.len() > self.k && self.slices.back().is_some_and(|oldest| old(oldest.closed)) {
            self.slices.pop_back();
        }
    }

    /// Writes `hash` at `now`.
    #[inline]
    pub fn insert(&mut self, hash: u64, now: Timestamp) {
        self.last = Some(now);
        for slice in self.slices.iter_mut().take(self.k) {
            let bit = slice.bit(hash, self.slice_bits);
            slice.words[(bit / 64) as usize] |= 1 << (bit % 64);
        }
    }

    /// Whether `hash` was written in a generation that is still held, or is a false positive.
    ///
    /// Searches for a run of k from the oldest place at which one can begin. A slice without the bit rules out every run
    /// across it, so that about two slices are read for every k that there are.
    #[inline]
    pub fn contains(&self, hash: u64) -> bool {
        // A run from `start` is whole if the slices up to `end` have the bit; those after it are known to.
        let (mut start, mut end) = (self.slices.len() - self.k, self.slices.len());
        loop {
            let Some(missing) = (start..end).find(|at| !self.has(*at, hash)) else { return true };
            if missing < self.k {
                return false;
            }
            // The next run that can be whole ends just before it.
            (start, end) = (missing - self.k, start);
        }
    }

    #[inline]
    fn has(&self, at: usize, hash: u64) -> bool {
        let slice = &self.slices[at];
        let bit = slice.bit(hash, self.slice_bits);
        slice.words[(bit / 64) as usize] >> (bit % 64) & 1 == 1
    }

    /// Asks for the lines that [`contains`](Self::contains) reads first and [`insert`](Self::insert) writes.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        let start = self.slices.len() - self.k;
        let read = self.slices.iter().skip(start.max(self.k)).take(2);
        for slice in self.slices.iter().take(self.k).chain(read) {
            prefetch(&slice.words[(slice.bit(hash, self.slice_bits) / 64) as usize]);
        }
    }

    /// Slices that it holds.
    pub fn slices(&self) -> usize {
        self.slices.len()
    }

    /// Bytes of its slices.
    pub fn bytes(&self) -> u64 {
        self.slices.iter().map(|slice| slice.words.bytes()).sum()
    }
}

impl Slice {
    #[inline(always)]
    fn bit(&self, hash: u64, bits: u64) -> u64 {
        below(fold(hash ^ self.salt, 0x9e37_79b9_7f4a_7c15), bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::hash::KeyHasher;
    use crate::testing::{agrees, fixed, keys};

    /// A filter by count, as the paper has it: `ids` inserts, a shift after every `generation`.
    fn written(k: u32, l: u32, generation: u64, ids: u64, seed: u64) -> AgePartitioned {
        let hasher = KeyHasher::new(seed, 0);
        let mut filter = AgePartitioned::new(k, generation, seed);
        for (at, key) in (0..ids).zip(keys(seed)) {
            if at > 0 && at % generation == 0 {
                filter.shift((k + l) as usize);
            }
            filter.insert(hasher.of(key), Timestamp::ZERO);
        }
        filter
    }

    /// How many of `probes` unknown ids it finds.
    fn found(filter: &AgePartitioned, probes: usize, seed: u64) -> u64 {
        let hasher = KeyHasher::new(seed, 0);
        keys(!seed).take(probes).filter(|key| filter.contains(hasher.of(*key))).count() as u64
    }

    #[test]
    fn the_papers_pairs_have_the_rates_of_its_recursion() {
        for (k, l, rate) in [
            (4, 3, 0.1006),
            (5, 7, 0.1016),
            (7, 5, 0.01123),
            (8, 8, 0.01024),
            (10, 7, 0.001211),
            (11, 9, 0.000918),
            (14, 11, 9.92e-5),
            (18, 63, 9.92e-5),
            (17, 13, 1.057e-5),
            (22, 95, 9.60e-6),
        ] {
            let computed = published_false_positive_rate(k, l);
            assert!((computed / rate - 1.0).abs() < 0.001, "({k}, {l}): {computed}, published {rate}");
            // Over all phases the slices' own fill comes to about the same.
            let mean =
                (0..50).map(|at| false_positive_rate(k, l, (f64::from(at) + 0.5) / 50.0)).sum::<f64>() / 50.0;
            assert!(
                (0.87..1.11).contains(&(mean / rate)),
                "({k}, {l}): {mean} over all phases, published {rate}"
            );
        }
    }

    #[test]
    fn filters_of_the_papers_pairs_err_as_their_fill_says_at_every_phase() {
        const GENERATION: u64 = 3000;
        for (k, l) in [(4, 3), (5, 7), (7, 5), (8, 8), (10, 7), (11, 9)] {
            for phase in [0.25, 1.0] {
                let theory = false_positive_rate(k, l, phase);
                let ids = u64::from(k + l + 2) * GENERATION + (phase * GENERATION as f64) as u64;
                let probes = ((3000.0 / theory) as usize).clamp(100_000, 1_000_000);
                let found = found(&written(k, l, GENERATION, ids, u64::from(k)), probes, u64::from(k));
                assert!(
                    agrees(found, probes as u64, theory),
                    "({k}, {l}) at {phase}: {found} of {probes}; expected {theory}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(fixed(20))]
        #[test]
        fn any_filter_errs_as_its_fill_says(k in 2u32..9, l in 1u32..20, phase in 0.05f64..1.0, seed in 0u64..1000) {
            let generation = 2000;
            let ids = u64::from(k + l + 1) * generation + (phase * generation as f64).ceil() as u64;
            let phase = (ids - u64::from(k + l + 1) * generation) as f64 / generation as f64;
            let theory = false_positive_rate(k, l, phase);
            let found = found(&written(k, l, generation, ids, seed), 100_000, seed);
            prop_assert!(agrees(found, 100_000, theory), "{found} of 100,000; expected {theory}");
        }

        #[test]
        fn nothing_of_the_last_l_generations_is_forgotten(
            k in 1u32..12, l in 1u32..12, generation in 1u64..200, more in 0u64..200, seed in 0u64..1000,
        ) {
            let ids = u64::from(2 * (k + l)) * generation + more % generation;
            let filter = written(k, l, generation, ids, seed);
            let hasher = KeyHasher::new(seed, 0);
            let window = u64::from(l) * generation;
            for key in keys(seed).take(ids as usize).skip((ids - window) as usize) {
                prop_assert!(filter.contains(hasher.of(key)));
            }
        }

        #[test]
        fn the_search_finds_a_run_exactly_where_there_is_one(k in 1u32..6, l in 0u32..12, seed in any::<u64>()) {
            let filter = written(k, l, 40, u64::from(k + l) * 40, seed);
            let hasher = KeyHasher::new(seed, 0);
            for key in keys(!seed).take(300) {
                let hash = hasher.of(key);
                let bits: Vec<bool> = (0..filter.slices()).map(|at| filter.has(at, hash)).collect();
                let run = bits.windows(k as usize).any(|run| run.iter().all(|bit| *bit));
                prop_assert_eq!(filter.contains(hash), run);
            }
        }
    }

    #[test]
    fn an_id_whose_slices_are_all_gone_is_as_unknown_as_any() {
        let (k, l, generation) = (10, 7, 1000);
        let filter = written(k, l, generation, 40_000, 1);
        let hasher = KeyHasher::new(1, 0);
        let gone = 40_000 - u64::from(k + l) * generation;
        let found = keys(1).take(gone as usize).filter(|key| filter.contains(hasher.of(*key))).count();
        assert!(agrees(found as u64, gone, false_positive_rate(k, l, 1.0)), "{found} of {gone}");
    }
}
