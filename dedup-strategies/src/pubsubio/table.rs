//! Ids and when each was last of interest, in parts that grow one at a time.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::quality::FixedState;

use super::part::{Hashed, PART_BITS, Part};
use super::ticks::{Mark, Ticks};
use crate::contract::PingKey;
use crate::time::{Timestamp, saturating_nanos};

/// No pause and no copy is larger than a part. With fewer, a part that grows finds no room among what others left, and the
/// system has to provide, and to clear, new pages each time.
const PARTS: usize = 1 << PART_BITS;

/// Everything is looked at this many times a window, to take out what has expired. What waits for the sweep has to fit
/// between [`EMPTIEST`](super::part::EMPTIEST) and [`FULLEST`](super::part::FULLEST): otherwise every part is full again
/// soon after each rebuild, under a load that does not grow.
pub(super) const SWEEPS_A_WINDOW: u64 = 16;

/// Ids of one worker, forgotten a window after they were marked.
pub(super) struct IdTable {
    ticks: Ticks,
    parts: Vec<Part>,
    hasher: FixedState,
    now: Timestamp,
    /// That time in ticks.
    tick: u64,
    hand: Hand,
}

/// Where the sweep has come to.
#[derive(Default)]
struct Hand {
    part: usize,
    bucket: usize,
    /// Time that has passed and was not swept for yet.
    owed_ns: u64,
}

impl IdTable {
    /// An empty table that remembers for `window`.
    pub(super) fn new(window: Duration, seed: u64) -> Self {
        IdTable {
            ticks: Ticks::new(window),
            parts: (0..PARTS).map(|_| Part::new(1)).collect(),
            hasher: FixedState::with_seed(seed),
            now: Timestamp::ZERO,
            tick: 0,
            hand: Hand::default(),
        }
    }

    /// Hashes `key` for this table, and for all that have its seed.
    pub(super) fn hash(&self, key: PingKey) -> Hashed {
        Hashed { key, hash: self.hasher.hash_one(key.as_u128()) }
    }

    /// Asks for the line on which an id would stand.
    pub(super) fn fetch(&self, id: Hashed) {
        self.parts[part_of(id.hash)].fetch(id.hash);
    }

    /// Lets time pass: what has expired is taken out as the sweep comes to it.
    pub(super) fn pass(&mut self, now: Timestamp) {
        let passed = saturating_nanos(now.since(self.now));
        if passed == 0 {
            return;
        }
        self.reach(now);
        let window_ns = self.ticks.window_ns();
        if passed > window_ns {
            self.clear();
            return;
        }
        let cycle_ns = (window_ns / SWEEPS_A_WINDOW).max(PARTS as u64);
        self.hand.owed_ns = (self.hand.owed_ns + passed).min(cycle_ns);
        self.sweep(cycle_ns / PARTS as u64);
    }

    /// Lets time pass without a look at what has expired, as where ids are only just read in.
    pub(super) fn reach(&mut self, now: Timestamp) {
        self.now = now.max(self.now);
        self.tick = self.ticks.of(self.now);
    }

    /// The time of the latest call.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// What an id is marked with that counts from now on.
    pub(super) fn mark_now(&self) -> Mark {
        Mark::new(self.tick)
    }

    /// What an id is marked with that counts from `at`; nothing if it would have expired.
    pub(super) fn mark_at(&self, at: Timestamp) -> Option<Mark> {
        let tick = self.ticks.of(at);
        self.ticks.remembers(self.tick - tick).then(|| Mark::new(tick))
    }

    /// The time that a mark stands for.
    pub(super) fn time_of(&self, mark: Mark) -> Timestamp {
        self.ticks.time(self.tick - mark.age(self.tick))
    }

    /// What `id` is marked with, if it is remembered.
    pub(super) fn get(&self, id: Hashed) -> Option<Mark> {
        self.parts[part_of(id.hash)].find(id, self.ticks, self.tick).map(|(_, mark)| mark)
    }

    /// Marks an id that is not remembered.
    pub(super) fn insert(&mut self, id: Hashed, mark: Mark) {
        let part = &mut self.parts[part_of(id.hash)];
        if part.is_full() {
            part.rebuild(&self.hasher, self.ticks, self.tick);
        }
        part.insert(id, mark);
    }

    /// Marks an id anew, if it is remembered and was marked with something earlier; whether it is remembered.
    pub(super) fn advance(&mut self, id: Hashed, mark: Mark) -> bool {
        let part = &mut self.parts[part_of(id.hash)];
        let found = part.find(id, self.ticks, self.tick);
        if let Some((place, known)) = found
            && known.age(self.tick) > mark.age(self.tick)
        {
            part.set_mark(place, mark);
        }
        found.is_some()
    }

    /// Forgets an id; what it was marked with, if it was remembered.
    pub(super) fn take(&mut self, id: Hashed) -> Option<Mark> {
        let part = &mut self.parts[part_of(id.hash)];
        let (place, mark) = part.find(id, self.ticks, self.tick)?;
        part.remove(place, id.hash);
        Some(mark)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.parts.iter_mut().for_each(|part| *part = Part::new(1));
        self.hand = Hand::default();
    }

    /// Hashes of the ids that were marked at `from` or later, and are still remembered.
    pub(super) fn hashes_since(&self, from: Timestamp) -> impl Iterator<Item = u64> + '_ {
        let (tick, since) = (self.tick, self.tick.saturating_sub(self.ticks.of(from)));
        let of_interest = move |mark: Mark| mark.age(tick) <= since && self.ticks.remembers(mark.age(tick));
        self.parts
            .iter()
            .flat_map(Part::iter)
            .filter(move |(_, mark)| of_interest(*mark))
            .map(|(key, _)| self.hasher.hash_one(key))
    }

    /// Ids in the table, expired ones that the sweep has not come to included.
    pub(super) fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(Part::bytes).sum()
    }

    /// Goes on through the buckets as far as the time allows; a part of any size takes `part_ns`.
    fn sweep(&mut self, part_ns: u64) {
        loop {
            let Hand { part: at, bucket: from, owed_ns } = self.hand;
            let part = &mut self.parts[at];
            let len = part.buckets();
            let affordable = u128::from(owed_ns) * len as u128 / u128::from(part_ns);
            let to = len.min(from.saturating_add(usize::try_from(affordable).unwrap_or(usize::MAX)));
            (from..to).for_each(|bucket| part.sweep(bucket, &self.hasher, self.ticks, self.tick));
            let spent = (to.saturating_sub(from) as u64).saturating_mul(part_ns).div_ceil(len as u64);
            self.hand = Hand { part: at, bucket: to, owed_ns: owed_ns.saturating_sub(spent) };
            if to < len {
                return;
            }
            if part.is_sparse() {
                part.rebuild(&self.hasher, self.ticks, self.tick);
            }
            self.hand.part = (at + 1) % PARTS;
            self.hand.bucket = 0;
        }
    }
}

fn part_of(hash: u64) -> usize {
    (hash >> (u64::BITS - PART_BITS)) as usize
}
