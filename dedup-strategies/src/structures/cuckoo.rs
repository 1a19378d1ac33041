//! A cuckoo filter whose entries know in which interval of time they were last seen.
//!
//! Fan, Andersen, Kaminsky and Mitzenmacher, "Cuckoo filter", 2014, with the interval beside each fingerprint that
//! Mozilla's pipeline on AWS had.

use crate::structures::hardware::{Table, prefetch};
use crate::structures::hash::{below, fold};

/// Entries of a bucket.
pub const BUCKET: usize = 4;

/// Words of a cache line.
const LINE: usize = 16;

/// How often an entry is moved to its other bucket to make room for another, at most.
const MOST_MOVES: usize = 500;

/// How many intervals back an entry can lie before its 8-bit number means a later one.
pub const INTERVALS: usize = 256;

/// The rate of false positives of a cuckoo filter with fingerprints of `bits` bits, `load` (0 to 1) of whose entries
/// are in use: `1 - (1 - 2^-bits)^(2 b load)`, with b = 4 entries a bucket.
pub fn false_positive_rate(bits: u32, load: f64) -> f64 {
    -f64::exp_m1(2.0 * BUCKET as f64 * load * f64::ln_1p(-(-f64::from(bits)).exp2()))
}

/// The rate of false positives of a quotient filter with remainders of `bits` bits: `1 - exp(-load / 2^bits)`.
pub fn quotient_false_positive_rate(bits: u32, load: f64) -> f64 {
    -f64::exp_m1(-load / f64::from(bits).exp2())
}

/// How much of an id's hash an entry keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// 16 bits; five buckets a cache line.
    Bits16,
    /// 32 bits; three buckets a cache line.
    Bits32,
}

impl Fingerprint {
    /// Its bits.
    pub fn bits(self) -> u32 {
        match self {
            Fingerprint::Bits16 => 16,
            Fingerprint::Bits32 => 32,
        }
    }

    /// Words of a bucket: the fingerprints, then one of four intervals.
    const fn stride(self) -> usize {
        match self {
            Fingerprint::Bits16 => 3,
            Fingerprint::Bits32 => 5,
        }
    }

    /// Buckets of a cache line, which no bucket straddles.
    const fn buckets_per_line(self) -> usize {
        LINE / self.stride()
    }

    /// Bits of memory an entry, what a line leaves over included.
    pub fn bits_per_entry(self) -> f64 {
        (LINE * 32) as f64 / (self.buckets_per_line() * BUCKET) as f64
    }

    /// Cache lines for at least `entries` entries.
    const fn lines(self, entries: u64) -> u64 {
        let lines = entries.div_ceil((BUCKET * self.buckets_per_line()) as u64);
        if lines == 0 { 1 } else { lines }
    }
}

/// Where an id's entry may lie, and what it is known by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Probe {
    fingerprint: u32,
    buckets: [u64; 2],
}

/// The buckets. An entry with fingerprint 0 is empty.
#[derive(Debug)]
pub struct CuckooFilter {
    kind: Fingerprint,
    words: Table<u32>,
    buckets: u64,
    /// Entries that were last seen in each interval.
    seen_in: [u64; INTERVALS],
    /// The interval of now.
    interval: u8,
    /// Entries of up to so many intervals ago are live; older ones are as good as empty.
    kept: u8,
    live: u64,
}

impl CuckooFilter {
    /// An empty filter of at least `entries` entries, of which those are live that were seen in this interval or the
    /// `kept` before it.
    pub fn new(kind: Fingerprint, entries: u64, kept: u8) -> Self {
        let lines = kind.lines(entries);
        CuckooFilter {
            kind,
            words: Table::new(lines as usize * LINE),
            buckets: lines * kind.buckets_per_line() as u64,
            seen_in: [0; INTERVALS],
            interval: 0,
            kept,
            live: 0,
        }
    }

    /// Entries, in use or not.
    pub fn entries(&self) -> u64 {
        self.buckets * BUCKET as u64
    }

    /// Entries in use.
    pub fn live(&self) -> u64 {
        self.live
    }

    /// The share of entries in use.
    pub fn load(&self) -> f64 {
        self.live as f64 / self.entries() as f64
    }

    /// Bytes of its buckets, and of the counts of its intervals: 2 KiB, which in a small filter are no trifle.
    pub fn bytes(&self) -> u64 {
        self.words.bytes() + size_of::<Self>() as u64
    }

    /// What [`bytes`](Self::bytes) says of a filter of `entries` entries, before there is one.
    pub fn bytes_for(kind: Fingerprint, entries: u64) -> u64 {
        // The table begins on a line, for which up to one less a word is skipped.
        let words = kind.lines(entries).saturating_mul(LINE as u64).saturating_add(LINE as u64 - 1);
        words.saturating_mul(size_of::<u32>() as u64).saturating_add(size_of::<Self>() as u64)
    }

    /// Where `hash` belongs.
    #[inline(always)]
    pub fn probe(&self, hash: u64) -> Probe {
        let mask = u32::MAX >> (32 - self.kind.bits());
        let fingerprint = (hash as u32 & mask).max(1);
        // From bits that the fingerprint does not hold, or ids that share one would share their buckets too.
        let first = below(fold(hash, 0x9e37_79b9_7f4a_7c15), self.buckets);
        Probe { fingerprint, buckets: [first, self.other(first, fingerprint)] }
    }

    /// The other bucket of an entry: the one that lies as far behind a place named by the fingerprint as this one lies
    /// before it. So it is its own inverse for any number of buckets, not only for powers of two.
    #[inline(always)]
    fn other(&self, bucket: u64, fingerprint: u32) -> u64 {
        let sum =
            below(fold(u64::from(fingerprint) ^ 0x5851_f42d_4c95_7f2d, 0xd6e8_feb8_6659_fd93), self.buckets);
        let other = sum + self.buckets - bucket;
        if other >= self.buckets { other - self.buckets } else { other }
    }

    /// Asks for the two buckets.
    #[inline(always)]
    pub fn prefetch(&self, probe: &Probe) {
        probe.buckets.iter().for_each(|bucket| prefetch(&self.words[self.start(*bucket)]));
    }

    /// Whether there is a live entry for `probe`; if so it is seen now.
    #[inline]
    pub fn refresh(&mut self, probe: &Probe) -> bool {
        for bucket in probe.buckets {
            for at in 0..BUCKET {
                if self.fingerprint(bucket, at) == probe.fingerprint {
                    let before = self.interval_of(bucket, at);
                    if self.is_live(before) {
                        self.seen_in[usize::from(before)] -= 1;
                        self.seen_in[usize::from(self.interval)] += 1;
                        self.set_interval(bucket, at, self.interval);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Writes an entry that is seen now. False if there was no room even after moving others about: then one entry, of
    /// whatever age, is gone.
    pub fn insert(&mut self, probe: &Probe) -> bool {
        let (mut fingerprint, mut interval) = (probe.fingerprint, self.interval);
        self.live += 1;
        self.seen_in[usize::from(interval)] += 1;
        for bucket in probe.buckets {
            if self.put(bucket, fingerprint, interval) {
                return true;
            }
        }
        let mut bucket = probe.buckets[0];
        for turn in 0..MOST_MOVES {
            // Any of the four will do, as long as it is not always the same.
            let at = (turn ^ fingerprint as usize) % BUCKET;
            let (moved, moved_interval) = (self.fingerprint(bucket, at), self.interval_of(bucket, at));
            self.set(bucket, at, fingerprint, interval);
            (fingerprint, interval) = (moved, moved_interval);
            bucket = self.other(bucket, fingerprint);
            if self.put(bucket, fingerprint, interval) {
                return true;
            }
        }
        self.live -= 1;
        self.seen_in[usize::from(interval)] -= 1;
        false
    }

    /// Writes an entry where there is none that is live.
    #[inline]
    fn put(&mut self, bucket: u64, fingerprint: u32, interval: u8) -> bool {
        let free = (0..BUCKET)
            .find(|at| self.fingerprint(bucket, *at) == 0 || !self.is_live(self.interval_of(bucket, *at)));
        if let Some(at) = free {
            self.set(bucket, at, fingerprint, interval);
        }
        free.is_some()
    }

    /// Begins the next interval, in which what was last seen `kept` + 1 intervals ago is dead. Entries of that number
    /// must have been [swept](Self::sweep) before it comes round again.
    pub fn next_interval(&mut self, kept: u8) {
        self.interval = self.interval.wrapping_add(1);
        // After an eviction fewer are live, and none comes back; the window grows again by one an interval.
        self.kept = self.kept.saturating_add(1).min(kept);
        self.forget(self.kept);
    }

    /// Forgets what was seen in the oldest interval that has any entries, this one excepted.
    pub fn evict_oldest(&mut self) {
        let age =
            (1..=self.kept).rev().find(|age| self.seen_in[usize::from(self.interval.wrapping_sub(*age))] > 0);
        if let Some(age) = age {
            self.kept = age - 1;
            self.forget(self.kept);
        }
    }

    /// Counts what is older than `kept` intervals as gone.
    fn forget(&mut self, kept: u8) {
        for age in u16::from(kept) + 1..INTERVALS as u16 {
            let gone = std::mem::take(&mut self.seen_in[usize::from(self.interval.wrapping_sub(age as u8))]);
            self.live -= gone;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.words.fill(0);
        self.seen_in = [0; INTERVALS];
        self.live = 0;
    }

    /// Empties the dead entries of some buckets.
    pub fn sweep(&mut self, buckets: std::ops::Range<u64>) {
        for bucket in buckets.start..buckets.end.min(self.buckets) {
            for at in 0..BUCKET {
                if self.fingerprint(bucket, at) != 0 && !self.is_live(self.interval_of(bucket, at)) {
                    self.set(bucket, at, 0, 0);
                }
            }
        }
    }

    /// Buckets, for who sweeps them.
    pub fn buckets(&self) -> u64 {
        self.buckets
    }

    #[inline(always)]
    fn is_live(&self, interval: u8) -> bool {
        self.interval.wrapping_sub(interval) <= self.kept
    }

    /// The first word of a bucket.
    #[inline(always)]
    fn start(&self, bucket: u64) -> usize {
        let per_line = self.kind.buckets_per_line();
        // Two cases with a constant each, so that neither is a division.
        let (line, within) = match self.kind {
            Fingerprint::Bits16 => (bucket as usize / 5, bucket as usize % 5),
            Fingerprint::Bits32 => (bucket as usize / 3, bucket as usize % 3),
        };
        debug_assert!(within < per_line);
        line * LINE + within * self.kind.stride()
    }

    #[inline(always)]
    fn fingerprint(&self, bucket: u64, at: usize) -> u32 {
        let start = self.start(bucket);
        match self.kind {
            Fingerprint::Bits16 => self.words[start + at / 2] >> (16 * (at % 2)) & 0xffff,
            Fingerprint::Bits32 => self.words[start + at],
        }
    }

    #[inline(always)]
    fn interval_of(&self, bucket: u64, at: usize) -> u8 {
        (self.words[self.start(bucket) + self.kind.stride() - 1] >> (8 * at)) as u8
    }

    fn set(&mut self, bucket: u64, at: usize, fingerprint: u32, interval: u8) {
        let start = self.start(bucket);
        match self.kind {
            Fingerprint::Bits16 => {
                let (word, shift) = (&mut self.words[start + at / 2], 16 * (at % 2));
                *word = *word & !(0xffff << shift) | fingerprint << shift;
            }
            Fingerprint::Bits32 => self.words[start + at] = fingerprint,
        }
        self.set_interval(bucket, at, interval);
    }

    #[inline(always)]
    fn set_interval(&mut self, bucket: u64, at: usize, interval: u8) {
        let word = self.start(bucket) + self.kind.stride() - 1;
        self.words[word] = self.words[word] & !(0xff << (8 * at)) | u32::from(interval) << (8 * at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::hash::KeyHasher;
    use crate::testing::{agrees, fixed, keys};

    fn hashes(seed: u64) -> impl Iterator<Item = u64> {
        let hasher = KeyHasher::new(seed, 0);
        keys(seed).map(move |key| hasher.of(key))
    }

    fn filled(kind: Fingerprint, entries: u64, load: f64, seed: u64) -> CuckooFilter {
        let mut filter = CuckooFilter::new(kind, entries, 10);
        let count = (filter.entries() as f64 * load) as usize;
        for hash in hashes(seed).take(count) {
            let probe = filter.probe(hash);
            assert!(filter.insert(&probe), "no room at {}", filter.load());
        }
        filter
    }

    #[test]
    fn the_published_rates_come_out() {
        for (bits, published) in [(12, 0.00195), (16, 0.000_122), (32, 1.863e-9)] {
            let rate = false_positive_rate(bits, 1.0);
            assert!((rate / published - 1.0).abs() < 0.005, "{bits} bits: {rate}");
        }
        assert!((quotient_false_positive_rate(8, 0.5) - 0.001_951_22).abs() < 1e-7);
    }

    #[test]
    fn unknown_ids_are_found_as_often_as_the_formula_says() {
        const PROBES: usize = 1_000_000;
        for load in [0.4, 0.8, 0.95] {
            let mut filter = filled(Fingerprint::Bits16, 60_000, load, 1);
            let found =
                hashes(2).take(PROBES).filter(|hash| filter.refresh(&filter.probe(*hash))).count() as u64;
            let theory = false_positive_rate(16, filter.load());
            assert!(agrees(found, PROBES as u64, theory), "{found} of {PROBES} at {load}; expected {theory}");
        }
        let mut filter = filled(Fingerprint::Bits32, 60_000, 0.95, 1);
        assert!(hashes(2).take(PROBES).all(|hash| !filter.refresh(&filter.probe(hash))));
    }

    proptest! {
        #![proptest_config(fixed(16))]
        #[test]
        fn what_was_inserted_is_found_up_to_any_load_that_fits(
            wide in any::<bool>(), entries in 1000u64..20_000, load in 0.05f64..0.93, seed in any::<u64>(),
        ) {
            let kind = if wide { Fingerprint::Bits32 } else { Fingerprint::Bits16 };
            let mut filter = filled(kind, entries, load, seed);
            let count = filter.live() as usize;
            for hash in hashes(seed).take(count) {
                let probe = filter.probe(hash);
                prop_assert!(filter.refresh(&probe));
                prop_assert_eq!(filter.other(probe.buckets[1], probe.fingerprint), probe.buckets[0]);
            }
        }

        #[test]
        fn entries_live_for_as_many_intervals_as_are_kept_and_the_count_is_that_of_the_live(
            kept in 1u8..8, steps in prop::collection::vec(0usize..30, 1..400),
        ) {
            // A model: when each id was last seen. Fingerprints of 32 bits do not meet among so few.
            let mut filter = CuckooFilter::new(Fingerprint::Bits32, 2000, kept);
            let ids: Vec<u64> = hashes(1).take(30).collect();
            let mut seen: Vec<Option<usize>> = vec![None; 30];
            for (now, id) in steps.into_iter().enumerate() {
                let live = |at: &Option<usize>| at.is_some_and(|at| now / 3 - at / 3 <= usize::from(kept));
                if now > 0 && now % 3 == 0 {
                    filter.next_interval(kept);
                    filter.sweep(0..filter.buckets());
                }
                let probe = filter.probe(ids[id]);
                let known = filter.refresh(&probe);
                prop_assert_eq!(known, live(&seen[id]));
                if !known {
                    prop_assert!(filter.insert(&probe));
                }
                seen[id] = Some(now);
                prop_assert_eq!(filter.live(), seen.iter().filter(|at| live(at)).count() as u64);
            }
        }
    }

    #[test]
    fn the_oldest_interval_goes_first_and_stays_gone() {
        let mut filter = CuckooFilter::new(Fingerprint::Bits32, 1000, 5);
        let all: Vec<u64> = hashes(1).take(300).collect();
        for part in all.chunks(100) {
            for hash in part {
                filter.insert(&filter.probe(*hash));
            }
            filter.next_interval(5);
        }
        filter.evict_oldest();
        assert_eq!(filter.live(), 200);
        let found = |filter: &mut CuckooFilter, hashes: &[u64]| {
            hashes.iter().filter(|hash| filter.refresh(&filter.probe(**hash))).count()
        };
        assert_eq!(found(&mut filter, &all[..100]), 0);
        filter.next_interval(5);
        assert_eq!(
            found(&mut filter, &all[..100]),
            0,
            "the window grows again, and nothing comes back with it"
        );
        assert_eq!(found(&mut filter, &all[100..]), 200);
    }
}
