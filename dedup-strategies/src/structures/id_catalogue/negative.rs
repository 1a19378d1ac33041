//! Bloom filters by system time, as a negative cache before the catalogue.

use std::time::Duration;

use crate::contract::{Timestamp, saturating_nanos};
use crate::structures::hardware::{Table, prefetch, vectorised};

/// Bits an id while a filter holds what it was sized for: 1 % false positives by the table in the Parquet
/// specification. What Dataflow uses is not published; here a false positive costs one look-up.
pub(super) const BITS_AN_ID: f64 = 10.5;

/// A filter is sized for as many ids as the range before brought, and a tenth more.
pub(super) const HEADROOM: f64 = 1.1;

/// The smallest filter, in ids.
const LEAST_IDS: u64 = 256;

const WORDS: usize = 8;

/// Odd multipliers, one a word, as the Parquet specification lists them for split-block filters.
const SALTS: [u32; WORDS] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// Eight words on half a cache line; an id sets one bit in each.
type Block = [u32; WORDS];

/// What a filter says of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was never written: no look-up is needed.
    No,
    /// It was, or it is a false positive: only the catalogue knows.
    Maybe,
}

/// One range's filter: a split-block Bloom filter.
struct RangeFilter {
    words: Table<u32>,
    sized_for: u64,
    ids: u64,
}

impl RangeFilter {
    fn new(ids: u64) -> Self {
        let sized_for = ids.max(LEAST_IDS);
        let blocks = (sized_for as f64 * BITS_AN_ID / 256.0).ceil() as usize;
        RangeFilter { words: Table::new(blocks * WORDS), sized_for, ids: 0 }
    }

    #[inline(always)]
    fn blocks(&self) -> &[Block] {
        self.words.as_chunks().0
    }

    fn block(&self, hash: u64) -> usize {
        ((u64::from(hash as u32) * self.blocks().len() as u64) >> 32) as usize
    }

    #[inline(always)]
    fn contains(&self, hash: u64, bits: &[u32; WORDS]) -> bool {
        let words = &self.blocks()[self.block(hash)];
        (0..WORDS).fold(0, |absent, word| absent | (bits[word] & !words[word])) == 0
    }

    #[inline(always)]
    fn insert(&mut self, hash: u64, bits: &[u32; WORDS]) {
        let at = self.block(hash);
        let words = &mut self.words.as_chunks_mut::<WORDS>().0[at];
        (0..WORDS).for_each(|word| words[word] |= bits[word]);
        self.ids += 1;
    }
}

#[inline(always)]
fn bits(hash: u64) -> [u32; WORDS] {
    let high = (hash >> 32) as u32;
    SALTS.map(|salt| 1 << (high.wrapping_mul(salt) >> 27))
}

/// A filter for the range of system time that is going on, and one for the range before: with ranges as long as the
/// window no older id is remembered.
pub(super) struct NegativeCache {
    range_ns: u64,
    range: u64,
    current: RangeFilter,
    previous: RangeFilter,
}

impl NegativeCache {
    /// Empty filters for ranges as long as `window`.
    pub(super) fn new(window: Duration) -> Self {
        NegativeCache {
            range_ns: saturating_nanos(window).max(1),
            range: 0,
            current: RangeFilter::new(0),
            previous: RangeFilter::new(0),
        }
    }

    /// Begins the range of `now`, if that is another one, and drops the filters of those that are over.
    pub(super) fn pass(&mut self, now: Timestamp) {
        let range = now.as_nanos() / self.range_ns;
        if range <= self.range {
            return;
        }
        let follows = range == self.range + 1;
        let next = RangeFilter::new(if follows { (self.current.ids as f64 * HEADROOM) as u64 } else { 0 });
        let over = std::mem::replace(&mut self.current, next);
        self.previous = if follows { over } else { RangeFilter::new(0) };
        self.range = range;
    }

    /// Asks for the cache lines that [`ask`](Self::ask) will read.
    pub(super) fn prepare(&self, hash: u64) {
        prefetch(&self.current.blocks()[self.current.block(hash)]);
        prefetch(&self.previous.blocks()[self.previous.block(hash)]);
    }

    /// Asks for each id in turn whether it may be in the catalogue. One that is not is let through, so it is written to
    /// the filter of the range that is going on at once, and a copy of it among those that follow is told maybe.
    pub(super) fn ask(&mut self, hashes: impl Iterator<Item = u64>, answers: &mut Vec<Answer>) {
        vectorised(
            #[inline(always)]
            || answers.extend(hashes.map(|hash| self.ask_one(hash))),
        );
    }

    #[inline(always)]
    fn ask_one(&mut self, hash: u64) -> Answer {
        let bits = bits(hash);
        if self.current.contains(hash, &bits) | self.previous.contains(hash, &bits) {
            return Answer::Maybe;
        }
        self.current.insert(hash, &bits);
        Answer::No
    }

    /// Writes an id that is let through although the answer was maybe.
    pub(super) fn insert(&mut self, hash: u64) {
        self.current.insert(hash, &bits(hash));
    }

    /// Whether the range has brought more ids than its filter is sized for, so that it is to be rebuilt.
    pub(super) fn is_full(&self) -> bool {
        self.current.ids > self.current.sized_for
    }

    /// When the range that is going on began.
    pub(super) fn began(&self) -> Timestamp {
        Timestamp::from_nanos(self.range.saturating_mul(self.range_ns))
    }

    /// Makes the current filter anew, twice as large, from the ids that belong into it.
    pub(super) fn rebuild_current(&mut self, hashes: impl Iterator<Item = u64>) {
        self.current = filled(RangeFilter::new(self.current.ids * 2), hashes);
    }

    /// Makes both filters anew for `ids` ids at most, as after a restart: one from the ids let through in the range of
    /// `now`, one from those let through in the range before (more do no harm).
    pub(super) fn rebuild(
        now: Timestamp,
        window: Duration,
        ids: u64,
        hashes_since: impl Fn(Timestamp) -> Vec<u64>,
    ) -> NegativeCache {
        let mut cache = NegativeCache::new(window);
        cache.range = now.as_nanos() / cache.range_ns;
        let before = Timestamp::from_nanos(cache.range.saturating_sub(1).saturating_mul(cache.range_ns));
        cache.previous = filled(RangeFilter::new(ids), hashes_since(before).into_iter());
        cache.current = filled(RangeFilter::new(ids), hashes_since(cache.began()).into_iter());
        cache
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.current.words.bytes() + self.previous.words.bytes()
    }
}

fn filled(mut filter: RangeFilter, hashes: impl Iterator<Item = u64>) -> RangeFilter {
    hashes.for_each(|hash| filter.insert(hash, &bits(hash)));
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(seed: u64) -> impl Iterator<Item = u64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        })
    }

    #[test]
    fn a_filter_never_denies_what_was_written_and_errs_as_often_as_the_parquet_specification_says() {
        const IDS: usize = 100_000;
        let filter = filled(RangeFilter::new(IDS as u64), hashes(1).take(IDS));
        assert!(hashes(1).take(IDS).all(|hash| filter.contains(hash, &bits(hash))));
        let contained = |hash: &u64| filter.contains(*hash, &bits(*hash));
        let found = hashes(2).take(400_000).filter(contained).count() as f64 / 400_000.0;
        assert!((found - 0.01).abs() < 0.0006, "10.5 bits an id should give 1 %: {found}");
    }

    #[test]
    fn an_id_is_found_for_its_range_and_the_next_one() {
        let window = Duration::from_secs(600);
        let at = |secs: u64| Timestamp::from_secs(6_000_000 + secs);
        let mut cache = NegativeCache::new(window);
        cache.pass(at(599));
        let asked = |cache: &mut NegativeCache| {
            let mut answers = Vec::new();
            cache.ask([42, 42].into_iter(), &mut answers);
            answers
        };
        assert_eq!(asked(&mut cache), [Answer::No, Answer::Maybe], "the first is written for the second");
        for (secs, answer) in [(600, Answer::Maybe), (1199, Answer::Maybe), (1200, Answer::No)] {
            cache.pass(at(secs));
            assert_eq!(asked(&mut cache), [answer, Answer::Maybe], "{secs}");
        }
        cache.pass(at(9_000));
        assert_eq!(asked(&mut cache), [Answer::No, Answer::Maybe], "ranges were skipped");
    }
}
