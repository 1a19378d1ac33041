//! The ids that are looked at: all of them, or a part that fits into memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a slot of the table: digest, entry, and a byte of the table's own.
const SLOT_BYTES: u64 = 33;
/// An id that came so often when memory was full stays whatever its digest, with the weight that it has.
const OFTEN: u64 = 64;

/// How much memory the ids may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// As much as they need: every id is looked at.
    Unbounded,
    /// So many bytes, the moment at which the table grows included.
    Bytes(u64),
    /// That of so many ids, at least 16.
    Ids(usize),
}

impl Memory {
    fn most_ids(self) -> usize {
        match self {
            Memory::Unbounded => usize::MAX,
            Memory::Ids(ids) => ids.max(16),
            Memory::Bytes(bytes) => {
                // While the table grows to so many slots, half as many are there beside them.
                let slots = (bytes / (SLOT_BYTES * 3 / 2)).max(1024);
                let slots = 1usize << slots.ilog2();
                slots / 8 * 7
            }
        }
    }
}

/// What an id is known by here: 64 bits. Among 10^9 ids, two are taken for one with a chance of 3 %.
pub(super) fn digest(key: u128) -> u64 {
    xxh3_64(&key.to_le_bytes())
}

/// The pings of an id so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) first: u64,
    pub(super) last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    seen: Seen,
    tally: Tally,
}

/// How often an id came, and for how many ids it stands: a power of two.
#[derive(Clone, Copy, Debug)]
struct Tally(u64);

impl Tally {
    const SHIFT_BITS: u32 = 6;

    fn new(pings: u64, shift: u32) -> Self {
        Tally(pings << Tally::SHIFT_BITS | u64::from(shift))
    }

    fn pings(self) -> u64 {
        self.0 >> Tally::SHIFT_BITS
    }

    fn weight(self) -> u64 {
        1 << (self.0 & ((1 << Tally::SHIFT_BITS) - 1))
    }

    fn and_one(self) -> Self {
        Tally(self.0 + (1 << Tally::SHIFT_BITS))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Ids {
    known: HashMap<u64, Known, FixedState>,
    most: usize,
    /// Ids are looked at whose digest ends in so many zeros.
    shift: u32,
    /// Whether there are others, which came often.
    others: bool,
    often: u64,
}

impl Ids {
    pub(super) fn new(memory: Memory) -> Self {
        let known = HashMap::with_hasher(FixedState::default());
        Ids { known, most: memory.most_ids(), shift: 0, others: false, often: OFTEN }
    }

    /// Notes a ping at `at`: what was seen of its id before, and for how many ids that stands; none if it is not looked
    /// at.
    pub(super) fn see(&mut self, digest: u64, at: u64) -> Option<(Option<Seen>, u64)> {
        let chosen = ends_in_zeros(digest, self.shift);
        if !chosen && !self.others {
            return None;
        }
        match self.known.entry(digest) {
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                let before = known.seen;
                known.seen.last = at;
                known.tally = known.tally.and_one();
                Some((Some(before), known.tally.weight()))
            }
            Entry::Vacant(entry) if chosen => {
                let tally = Tally::new(1, self.shift);
                entry.insert(Known { seen: Seen { first: at, last: at }, tally });
                Some((None, tally.weight()))
            }
            Entry::Vacant(_) => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.known.len() >= self.most
    }

    pub(super) fn rate(&self) -> f64 {
        1.0 / (1u64 << self.shift) as f64
    }

    /// Lets go of half of the ids, but for those that came often.
    pub(super) fn look_at_fewer(&mut self) {
        while self.known.values().filter(|known| known.tally.pings() >= self.often).count() > self.most / 8 {
            self.often *= 2;
        }
        self.shift += 1;
        let (shift, often) = (self.shift, self.often);
        self.known.retain(|digest, known| {
            let pings = known.tally.pings();
            if pings >= often {
                return true;
            }
            known.tally = Tally::new(pings, shift);
            ends_in_zeros(*digest, shift)
        });
        self.others = self.known.keys().any(|digest| !ends_in_zeros(*digest, shift));
    }

    /// The last ping of each id, and its weight.
    pub(super) fn lasts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.known.values().map(|known| (known.seen.last, known.tally.weight()))
    }

    /// The pings of each id, and its weight.
    pub(super) fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.known.values().map(|known| (known.tally.pings(), known.tally.weight()))
    }

    /// The pings of those ids that came most often, and more than once; most first.
    pub(super) fn heaviest(&self, most: usize) -> impl Iterator<Item = u64> {
        let mut heap = BinaryHeap::with_capacity(most + 1);
        for (pings, _) in self.counts().filter(|(pings, _)| *pings > 1) {
            heap.push(Reverse(pings));
            if heap.len() > most {
                heap.pop();
            }
        }
        heap.into_sorted_vec().into_iter().map(|Reverse(pings)| pings)
    }

    /// Half the width of the 95 % interval of `duplicates`, relative to it: the variance of an estimate where each id
    /// is in with a probability of its own (Horvitz and Thompson, 1952).
    pub(super) fn duplicates_error(&self, duplicates: u64) -> Option<f64> {
        let of_id = |(pings, weight): (u64, u64)| {
            (weight as f64 - 1.0) * weight as f64 * (pings as f64 - 1.0) * (pings as f64 - 1.0)
        };
        let variance: f64 = self.counts().map(of_id).sum();
        (duplicates > 0).then(|| 1.96 * variance.sqrt() / duplicates as f64)
    }
}

fn ends_in_zeros(digest: u64, zeros: u32) -> bool {
    digest.trailing_zeros() >= zeros
}
