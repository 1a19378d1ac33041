//! A part of a table of ids: buckets of one cache line, looked through from an id's home on.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use super::ticks::{Mark, Ticks};
use crate::contract::PingKey;
use crate::hardware::{Table, prefetch};

/// Ids that share a cache line: 16 bytes and a mark each, and a counter.
pub(super) const SLOTS: usize = 3;

/// The share of slots that may be taken before a part grows, and the share that is taken afterwards.
pub(super) const FULLEST: f64 = 0.80;
pub(super) const EMPTIEST: f64 = 0.72;

/// The highest bits of a hash choose the part, the next ones the bucket in it.
pub(super) const PART_BITS: u32 = 5;

/// Lines that the sweep asks for ahead of the one it looks at.
const SWEEP_AHEAD: usize = 16;

/// A cache line: the keys' words, then the marks, of which zero is a free slot, then how many ids wanted this line, found
/// it full and went on: while there are any, a search goes on as well. Removing an id lowers that again, so that nothing
/// has to be moved (the scheme of Facebook's F14 tables).
///
/// Plain words and no struct, because only of those does the allocator know that zeros of the system are good enough: a
/// new part is then written to once, by its ids, and on the pages that were asked for.
type Bucket = [u32; WORDS];

const WORDS: usize = 16;
const WORDS_A_KEY: usize = 4;
const MARKS: usize = SLOTS * WORDS_A_KEY;
const PASSED: usize = MARKS + SLOTS;

fn key(bucket: &Bucket, slot: usize) -> u128 {
    let words = &bucket[slot * WORDS_A_KEY..][..WORDS_A_KEY];
    words.iter().rev().fold(0, |key, word| key << 32 | u128::from(*word))
}

fn set_key(bucket: &mut Bucket, slot: usize, key: u128) {
    let words = &mut bucket[slot * WORDS_A_KEY..][..WORDS_A_KEY];
    words.iter_mut().enumerate().for_each(|(at, word)| *word = (key >> (32 * at)) as u32);
}

fn is_expired(mark: u32, ticks: Ticks, tick: u64) -> bool {
    Mark::of_slot(mark).is_some_and(|mark| !ticks.remembers(mark.age(tick)))
}

/// An id, hashed once for all that look it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hashed {
    /// The id.
    pub(super) key: PingKey,
    /// Its hash.
    pub(super) hash: u64,
}

/// Where an id stands in its part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    bucket: usize,
    slot: usize,
}

/// The ids that share the highest bits of their hashes.
pub(super) struct Part {
    words: Table<u32>,
    len: usize,
}

impl Part {
    pub(super) fn new(buckets: usize) -> Self {
        Part { words: Table::new(buckets.max(1) * WORDS), len: 0 }
    }

    fn slots(&self) -> f64 {
        (self.lines().len() * SLOTS) as f64
    }

    /// Ids, expired ones that were not removed included.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many buckets there are.
    pub(super) fn buckets(&self) -> usize {
        self.lines().len()
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.words.bytes() + size_of::<Part>() as u64
    }

    /// Every id and its mark.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, Mark)> + '_ {
        let slot =
            |bucket: &Bucket, slot: usize| Some((key(bucket, slot), Mark::of_slot(bucket[MARKS + slot])?));
        self.lines().iter().flat_map(move |bucket| (0..SLOTS).filter_map(move |at| slot(bucket, at)))
    }

    /// Asks for the line on which an id would stand.
    pub(super) fn fetch(&self, hash: u64) {
        prefetch(&self.lines()[self.home(hash)]);
    }

    /// Whether one more has no room.
    pub(super) fn is_full(&self) -> bool {
        (self.len + 1) as f64 > self.slots() * FULLEST
    }

    /// Whether it could be half as large.
    pub(super) fn is_sparse(&self) -> bool {
        self.lines().len() > 1 && (self.len as f64) < self.slots() * EMPTIEST / 2.0
    }

    fn lines(&self) -> &[Bucket] {
        self.words.as_chunks().0
    }

    fn lines_mut(&mut self) -> &mut [Bucket] {
        self.words.as_chunks_mut().0
    }

    fn home(&self, hash: u64) -> usize {
        let below_the_part = hash << PART_BITS;
        ((u128::from(below_the_part) * self.lines().len() as u128) >> 64) as usize
    }

    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 == self.lines().len() { 0 } else { bucket + 1 }
    }

    /// Where `id` stands, and its mark. An expired id that was not removed yet is not found: the same id may stand further
    /// on, marked anew.
    pub(super) fn find(&self, id: Hashed, ticks: Ticks, tick: u64) -> Option<(Place, Mark)> {
        let wanted = id.key.as_u128();
        let mut at = self.home(id.hash);
        for _ in 0..self.lines().len() {
            let bucket = &self.lines()[at];
            for slot in 0..SLOTS {
                if key(bucket, slot) == wanted
                    && let Some(mark) = Mark::of_slot(bucket[MARKS + slot])
                    && ticks.remembers(mark.age(tick))
                {
                    return Some((Place { bucket: at, slot }, mark));
                }
            }
            if bucket[PASSED] == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Marks the id at `place` anew.
    pub(super) fn set_mark(&mut self, place: Place, mark: Mark) {
        self.lines_mut()[place.bucket][MARKS + place.slot] = mark.word();
    }

    /// There is a free slot: a part that is full has grown before.
    pub(super) fn insert(&mut self, id: Hashed, mark: Mark) {
        let mut at = self.home(id.hash);
        loop {
            let next = self.after(at);
            let bucket = &mut self.lines_mut()[at];
            if let Some(slot) = bucket[MARKS..PASSED].iter().position(|mark| *mark == 0) {
                set_key(bucket, slot, id.key.as_u128());
                bucket[MARKS + slot] = mark.word();
                self.len += 1;
                return;
            }
            bucket[PASSED] += 1;
            at = next;
        }
    }

    /// Removes the id at `place`, which has this hash.
    pub(super) fn remove(&mut self, place: Place, hash: u64) {
        let mut at = self.home(hash);
        while at != place.bucket {
            self.lines_mut()[at][PASSED] -= 1;
            at = self.after(at);
        }
        self.lines_mut()[place.bucket][MARKS + place.slot] = 0;
        self.len -= 1;
    }

    /// Removes what has expired from one bucket.
    #[inline]
    pub(super) fn sweep(&mut self, bucket: usize, hasher: &FixedState, ticks: Ticks, tick: u64) {
        self.lines().get(bucket + SWEEP_AHEAD).into_iter().for_each(prefetch);
        // Without a branch a slot: of most lines nothing has expired.
        let marks = &self.lines()[bucket][MARKS..PASSED];
        if !marks.iter().fold(false, |any, mark| any | is_expired(*mark, ticks, tick)) {
            return;
        }
        for slot in 0..SLOTS {
            if is_expired(self.lines()[bucket][MARKS + slot], ticks, tick) {
                let hash = hasher.hash_one(key(&self.lines()[bucket], slot));
                self.remove(Place { bucket, slot }, hash);
            }
        }
    }

    /// Leaves out what has expired and takes as many buckets as the rest needs, and some room.
    pub(super) fn rebuild(&mut self, hasher: &FixedState, ticks: Ticks, tick: u64) {
        let kept = |mark: Mark| ticks.remembers(mark.age(tick));
        let count = self.iter().filter(|(_, mark)| kept(*mark)).count();
        let mut other = Part::new(((count + 1) as f64 / (SLOTS as f64 * EMPTIEST)).ceil() as usize);
        for (key, mark) in self.iter().filter(|(_, mark)| kept(*mark)) {
            other.insert(Hashed { key: PingKey::from_u128(key), hash: hasher.hash_one(key) }, mark);
        }
        *self = other;
    }
}
