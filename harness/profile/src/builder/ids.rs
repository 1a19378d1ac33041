//! The ids that are looked at: all of them, or a part that fits into memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::often::Often;

/// Bytes of a slot of the table: digest, entry, and a byte of the table's own.
const SLOT_BYTES: u64 = 33;
/// An id that comes so often is looked at whatever its digest, and stands for itself alone.
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

/// What is known of an id when a ping of it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is not looked at.
    Away,
    /// It comes for the first time, and stands for so many ids.
    First { stands_for: u64 },
    /// It came before, and stands for so many ids.
    Again { before: Seen, stands_for: u64 },
    /// It has come so often that it stands for itself from here on, where it stood for so many ids, or for none.
    Noticed { before: Seen, stood_for: u64 },
}

#[derive(Clone, Copy, Debug)]
struct Known {
    seen: Seen,
    tally: Tally,
}

/// How often an id came, and for how many ids it stands: a power of two.
#[derive(Clone, Copy, Debug)]
struct Tally(u64);

impl Known {
    /// Notes one more ping; gives what was seen before it.
    fn again(&mut self, at: u64) -> Seen {
        let before = self.seen;
        self.seen.last = at;
        self.tally = self.tally.and_one();
        before
    }
}

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

/// The ids that are looked at.
///
/// Each ping of an id counts as often as the id stands for, which does not depend on what is looked at: for itself alone once
/// it came often, which is found out of all ids, and before that for as many as the share of digests says, or nothing. So
/// every count is what it should be on the mean.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    known: HashMap<u64, Known, FixedState>,
    most: usize,
    /// Ids are looked at whose digest ends in so many zeros.
    shift: u32,
    /// Whether there are others, which came often.
    others: bool,
    enough: u64,
    often: Often,
    /// The variance of the estimated duplicates, of the ids that are looked at and stand for others.
    variance: f64,
    /// That of ids which stand for themselves by now.
    past_variance: f64,
}

impl Ids {
    pub(super) fn new(memory: Memory) -> Self {
        Ids {
            known: HashMap::with_hasher(FixedState::default()),
            most: memory.most_ids(),
            shift: 0,
            others: false,
            enough: OFTEN,
            often: Often::default(),
            variance: 0.0,
            past_variance: 0.0,
        }
    }

    /// Notes a ping at `at`.
    pub(super) fn see(&mut self, digest: u64, at: u64) -> Look {
        let chosen = ends_in_zeros(digest, self.shift);
        let known = if chosen || self.others { self.known.get_mut(&digest) } else { None };
        let stands_for = known.as_ref().map_or(0, |known| known.tally.weight());
        // Where all ids are looked at, each stands for itself, and so do those that came often.
        let noticed = match self.shift > 0 && stands_for != 1 {
            true => self.often.see(digest, at, self.enough),
            false => None,
        };
        match (known, noticed) {
            (Some(known), None) => {
                let before = known.again(at);
                self.variance +=
                    variance(stands_for, known.tally.pings()) - variance(stands_for, known.tally.pings() - 1);
                Look::Again { before, stands_for }
            }
            (Some(known), Some(_)) => {
                let past = variance(stands_for, known.tally.pings());
                (self.variance, self.past_variance) = (self.variance - past, self.past_variance + past);
                known.tally = Tally::new(known.tally.pings(), 0);
                Look::Noticed { before: known.again(at), stood_for: stands_for }
            }
            (None, Some(counter)) => {
                self.others = true;
                // It was not in the sample, and its pings so far count for nothing: what an id in the sample would have said
                // of that is not there to say it.
                self.past_variance += unseen_variance(1 << self.shift, counter.pings);
                let seen = Seen { first: counter.first, last: counter.last };
                let mut known = Known { seen, tally: Tally::new(counter.pings, 0) };
                let before = known.again(at);
                self.known.insert(digest, known);
                Look::Noticed { before, stood_for: 0 }
            }
            (None, None) if chosen => {
                let tally = Tally::new(1, self.shift);
                self.known.insert(digest, Known { seen: Seen { first: at, last: at }, tally });
                Look::First { stands_for: tally.weight() }
            }
            (None, None) => Look::Away,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// How many there is room for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.known.capacity()
    }

    pub(super) fn is_full(&self) -> bool {
        self.known.len() >= self.most
    }

    pub(super) fn rate(&self) -> f64 {
        1.0 / (1u64 << self.shift) as f64
    }

    /// Lets go of half of the ids, but for those that came often.
    pub(super) fn look_at_fewer(&mut self) {
        let alone = |known: &&Known| known.tally.weight() == 1;
        let often = |enough: u64| {
            let often = self.known.values().filter(alone).filter(|known| known.tally.pings() >= enough);
            often.count()
        };
        while often(self.enough) > self.most / 8 {
            self.enough *= 2;
        }
        self.shift += 1;
        let (shift, enough) = (self.shift, self.enough);
        let mut in_sample = 0.0;
        let mut stays = |digest: u64, known: Known| {
            let pings = known.tally.pings();
            if known.tally.weight() == 1 && pings >= enough {
                return Some((digest, known));
            }
            let tally = Tally::new(pings, shift);
            ends_in_zeros(digest, shift).then(|| {
                in_sample += variance(tally.weight(), pings);
                (digest, Known { tally, ..known })
            })
        };
        // A table that others are taken out of keeps their places marked, and grows beyond its bound when these run out.
        let staying: Vec<_> =
            self.known.iter().filter_map(|(digest, known)| stays(*digest, *known)).collect();
        self.known.clear();
        self.known.extend(staying);
        self.variance = in_sample;
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

    /// Half the width of the 95 % interval of `duplicates`, relative to it.
    pub(super) fn duplicates_error(&self, duplicates: u64) -> Option<f64> {
        let variance = (self.variance + self.past_variance).max(0.0);
        (duplicates > 0).then(|| 1.96 * variance.sqrt() / duplicates as f64)
    }
}

/// What an id that is looked at adds to the variance of the estimated duplicates: that of an estimate where each id is in
/// with a probability of its own (Horvitz and Thompson, 1952).
fn variance(stands_for: u64, pings: u64) -> f64 {
    let (weight, copies) = (stands_for as f64, pings as f64 - 1.0);
    (weight - 1.0) * weight * copies * copies
}

/// What an id that is not looked at adds, where it is known how often it came: the same on the mean over all samples.
fn unseen_variance(stands_for: u64, pings: u64) -> f64 {
    (stands_for as f64 - 1.0) * pings as f64 * pings as f64
}

fn ends_in_zeros(digest: u64, zeros: u32) -> bool {
    digest.trailing_zeros() >= zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_does_not_grow_beyond_its_bound_however_often_ids_are_let_go_of() {
        for bytes in [100_000, 1 << 20, 3 << 20] {
            let mut ids = Ids::new(Memory::Bytes(bytes));
            let slots = |ids: &Ids| ids.room().div_ceil(7) as u64 * 8;
            for key in 0..400_000u64 {
                // Every fourth ping is of one of a thousand ids, which are noticed for coming often.
                let key = if key.is_multiple_of(4) { key / 4 % 1000 } else { key + 1000 };
                ids.see(digest(key.into()), key);
                if ids.is_full() {
                    ids.look_at_fewer();
                }
                assert!(slots(&ids) * SLOT_BYTES * 3 / 2 <= bytes.max(1024 * SLOT_BYTES * 3 / 2), "{bytes}");
            }
            assert!(ids.shift > 0);
        }
    }
}
