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
pub(super) const PART_BITS: u32 = 3;

/// Lines that the sweep asks for ahead of the one it looks at.
const SWEEP_AHEAD: usize = 16;

/// A cache line of ids. A mark of zero is a free slot.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Bucket {
    keys: [u128; SLOTS],
    marks: [u32; SLOTS],
    /// Ids that wanted this line, found it full and went on: while there are any, a search goes on as well. Removing
    /// an id lowers it again, so that nothing has to be moved (the scheme of Facebook's F14 tables).
    passed: u32,
}

impl Bucket {
    /// Without a branch a slot, because the sweep asks this of every line many times before it is true.
    #[inline]
    fn has_expired(&self, ticks: Ticks, tick: u64) -> bool {
        self.marks.iter().fold(false, |any, mark| any | Self::is_expired(*mark, ticks, tick))
    }

    #[inline]
    fn is_expired(mark: u32, ticks: Ticks, tick: u64) -> bool {
        Mark::of_slot(mark).is_some_and(|mark| !ticks.remembers(mark.age(tick)))
    }
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
    buckets: Table<Bucket>,
    len: usize,
}

impl Part {
    pub(super) fn new(buckets: usize) -> Self {
        Part { buckets: Table::of_structs(buckets.max(1)), len: 0 }
    }

    fn slots(&self) -> f64 {
        (self.buckets.len() * SLOTS) as f64
    }

    /// Ids, expired ones that were not removed included.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many buckets there are.
    pub(super) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.buckets.bytes() + size_of::<Part>() as u64
    }

    /// Every id and its mark.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, Mark)> + '_ {
        let slot =
            |bucket: &Bucket, slot: usize| Some((bucket.keys[slot], Mark::of_slot(bucket.marks[slot])?));
        self.buckets.iter().flat_map(move |bucket| (0..SLOTS).filter_map(move |at| slot(bucket, at)))
    }

    /// Asks for the line on which an id would stand.
    pub(super) fn fetch(&self, hash: u64) {
        prefetch(&self.buckets[self.home(hash)]);
    }

    /// Whether one more has no room.
    pub(super) fn is_full(&self) -> bool {
        (self.len + 1) as f64 > self.slots() * FULLEST
    }

    /// Whether it could be half as large.
    pub(super) fn is_sparse(&self) -> bool {
        self.buckets.len() > 1 && (self.len as f64) < self.slots() * EMPTIEST / 2.0
    }

    fn home(&self, hash: u64) -> usize {
        let below_the_part = hash << PART_BITS;
        ((u128::from(below_the_part) * self.buckets.len() as u128) >> 64) as usize
    }

    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() { 0 } else { bucket + 1 }
    }

    /// Where `id` stands, and its mark. An expired id that was not removed yet is not found: the same id may stand further
    /// on, marked anew.
    pub(super) fn find(&self, id: Hashed, ticks: Ticks, tick: u64) -> Option<(Place, Mark)> {
        let key = id.key.as_u128();
        let mut at = self.home(id.hash);
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[at];
            for slot in 0..SLOTS {
                if bucket.keys[slot] == key
                    && let Some(mark) = Mark::of_slot(bucket.marks[slot])
                    && ticks.remembers(mark.age(tick))
                {
                    return Some((Place { bucket: at, slot }, mark));
                }
            }
            if bucket.passed == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Marks the id at `place` anew.
    pub(super) fn set_mark(&mut self, place: Place, mark: Mark) {
        self.buckets[place.bucket].marks[place.slot] = mark.word();
    }

    /// There is a free slot: a part that is full has grown before.
    pub(super) fn insert(&mut self, id: Hashed, mark: Mark) {
        let mut at = self.home(id.hash);
        loop {
            let next = self.after(at);
            let bucket = &mut self.buckets[at];
            if let Some(slot) = bucket.marks.iter().position(|mark| *mark == 0) {
                bucket.keys[slot] = id.key.as_u128();
                bucket.marks[slot] = mark.word();
                self.len += 1;
                return;
            }
            bucket.passed += 1;
            at = next;
        }
    }

    /// Removes the id at `place`, which has this hash.
    pub(super) fn remove(&mut self, place: Place, hash: u64) {
        let mut at = self.home(hash);
        while at != place.bucket {
            self.buckets[at].passed -= 1;
            at = self.after(at);
        }
        self.buckets[place.bucket].marks[place.slot] = 0;
        self.len -= 1;
    }

    /// Removes what has expired from one bucket.
    #[inline]
    pub(super) fn sweep(&mut self, bucket: usize, hasher: &FixedState, ticks: Ticks, tick: u64) {
        self.buckets.get(bucket + SWEEP_AHEAD).into_iter().for_each(prefetch);
        if !self.buckets[bucket].has_expired(ticks, tick) {
            return;
        }
        for slot in 0..SLOTS {
            if Bucket::is_expired(self.buckets[bucket].marks[slot], ticks, tick) {
                let hash = hasher.hash_one(self.buckets[bucket].keys[slot]);
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
