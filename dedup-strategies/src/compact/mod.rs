//! A set of keys that forgets each key a window after it was inserted, in little more than the keys' own bytes.
//!
//! [`ExactSet`] keeps all of a key and never takes one for another, in 16 bytes a slot, its time included;
//! [`FingerprintSet`] keeps 64 bits of it, in 8. Both are one table with open addressing:
//!
//! - **An id is one cache line**: slots are in buckets of 64 bytes, the buckets in the order of the hashes that belong there,
//!   so that a slot's place says what the highest bits of its hash are. These need not be stored, and the time fits in
//!   without making a slot larger. What is looked for, and where it goes if it is new, is in the same line; nearly always.
//! - **Time is cut into slices**, 32 a window. A key is forgotten when the 32nd slice after its own has ended: never
//!   before its window is over, and up to one [granularity](CompactSet::granularity) later. Nothing has to be done for that:
//!   a slot of a slice that is over is free. Before the numbers of slices begin anew, a cursor has gone around the table
//!   and emptied such slots.
//! - **No pause grows with the table**: when it has to grow or shrink, the slots move to another array a few at a time, and
//!   the memory of the one is given back as that of the other is taken.
//! - **Keys are given in batches**: while one is looked for, the cache lines of the next 32 are on their way; those of which
//!   the home has come and is full are followed to the buckets after it.
//!
//! ```
//! use std::time::Duration;
//! use dedup_strategies::compact::ExactSet;
//! use dedup_strategies::{PingKey, Timestamp};
//!
//! let mut seen = ExactSet::new(Duration::from_secs(600), 1_000_000, 1);
//! let keys = [7, 8, 7].map(PingKey::from_u128);
//! let mut fresh = Vec::new();
//! seen.insert_batch(keys, Timestamp::from_secs(1000), |new| fresh.push(new));
//! assert_eq!(fresh, [true, true, false]);
//! assert!(!seen.insert(keys[0], Timestamp::from_secs(1599)));
//! assert!(seen.insert(keys[0], Timestamp::from_secs(1600).plus(seen.granularity())));
//! ```

mod ages;
mod layout;
mod slot;
pub(crate) mod strategy;

use std::time::Duration;

use ages::{Ages, SLICES};
use layout::{Insertion, Layout};
pub use slot::Slot;
use slot::{Mixer, Tag};

use crate::contract::PingKey;
use crate::hardware::{CACHE_LINE, Pages, vectorised};
use crate::time::Timestamp;

/// Remembers all 16 bytes of each key.
pub type ExactSet = CompactSet<u128>;

/// Remembers 64 bits of each key: another key is taken for one of n that are remembered with a probability of n / 2^64.
pub type FingerprintSet = CompactSet<u64>;

/// Keys whose cache lines are on their way at once. More than the processor can wait for bring nothing.
const AHEAD: usize = 32;

/// Slices in which the cursor goes once around the table. Every slot is then visited before the 63 tags begin anew: 32
/// slices after its key came it is still remembered, and a round and a move later that is over.
const SLICES_A_ROUND: usize = 20;

/// The same while slots move to another layout: a move may begin in the middle of a round.
const SLICES_A_MOVE: usize = 8;

/// How full a table is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Three slots in four are taken: least memory.
    #[default]
    Little,
    /// Three in five: a third more memory, and full buckets are rare, so that keys are inserted in two thirds of the time.
    Ample,
}

impl Room {
    /// The share of slots, in hundredths, that a table is made for, with keys that are remembered in them.
    const fn full(self) -> u64 {
        match self {
            Room::Little => 70,
            Room::Ample => 55,
        }
    }

    /// The share from which on it is made larger.
    const fn too_full(self) -> u64 {
        match self {
            Room::Little => 80,
            Room::Ample => 63,
        }
    }

    /// Slots for `ids` keys.
    fn slots_for(self, ids: u64) -> usize {
        usize::try_from(u128::from(ids) * 100 / u128::from(self.full())).unwrap_or(usize::MAX / 2)
    }
}

/// The share from which on so many homes are full that the buckets after them are fetched ahead as well.
const CROWDED: u64 = 45;

/// Buckets visited for each new key while slots move.
const HASTE: usize = 2;

/// What becomes of the time of a key that is inserted a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    KeepsItsTime,
    TakesTheLater,
}

/// A set of keys with a window. See the [module](self).
#[derive(Debug)]
pub struct CompactSet<S> {
    room: Room,
    mixer: Mixer,
    ages: Ages,
    /// The layout that all slots are in, or that they are leaving.
    layout: Layout<S>,
    /// The layout that they move to.
    next: Option<Layout<S>>,
    /// The first bucket that the current round has not visited. While slots move, all that belongs before it has moved.
    cursor: usize,
    /// Buckets visited in the current slice.
    visited: usize,
    /// The slice in which the size was last changed, or the load began.
    resized: u64,
}

impl<S: Slot> CompactSet<S> {
    /// An empty set that remembers for `window`, with places for `ids` keys. It grows beyond that as needed, which takes
    /// a little time for each key, and shrinks when it has been three times too large for a window. Its memory is taken
    /// as it is used.
    pub fn new(window: Duration, ids: u64, seed: u64) -> Self {
        CompactSet::with(Room::default(), Pages::default(), window, ids, seed)
    }

    /// The same with more or less room, on pages of a kind.
    pub fn with(room: Room, pages: Pages, window: Duration, ids: u64, seed: u64) -> Self {
        CompactSet {
            room,
            mixer: Mixer::new(seed),
            ages: Ages::new(window),
            layout: Layout::new(room.slots_for(ids), pages),
            next: None,
            cursor: 0,
            visited: 0,
            resized: 0,
        }
    }

    /// How much longer than its window a key may be remembered: a 32nd of it, rounded up to whole nanoseconds.
    pub fn granularity(&self) -> Duration {
        Duration::from_nanos(self.ages.slice_ns())
    }

    /// Inserts `keys` at `now`, which is never earlier than in a call before, and calls `each` for one after the other:
    /// true if it was not there. A key that is there keeps its time.
    pub fn insert_batch(
        &mut self,
        keys: impl IntoIterator<Item = PingKey>,
        now: Timestamp,
        mut each: impl FnMut(bool),
    ) {
        self.advance(now);
        let tag = self.ages.now().tag();
        let keys = keys.into_iter().map(|key| (key, tag)).fuse();
        vectorised(
            #[inline(always)]
            || self.insert_ahead(keys, Again::KeepsItsTime, &mut each),
        );
    }

    #[inline(always)]
    fn insert_ahead(
        &mut self,
        mut keys: impl Iterator<Item = (PingKey, Tag)>,
        again: Again,
        each: &mut impl FnMut(bool),
    ) {
        let mut ring = [(0u128, 0); AHEAD];
        let fetched = self.fetch(&mut keys, &mut ring);
        let crowded = self.is_crowded();
        let (mut at, mut left) = (0, fetched);
        let (mut new, mut counted_as) = (0, ring[0].1);
        // The key that is looked for gives its place to the one that is fetched next.
        while left > 0 {
            let (mixed, tag) = ring[at];
            match keys.next() {
                Some(key) => ring[at] = self.mixed_and_fetched(key),
                None => left -= 1,
            }
            at = (at + 1) % AHEAD;
            if crowded {
                self.prefetch_beyond(ring[(at + AHEAD / 2) % AHEAD].0);
            }
            if new == AHEAD || tag != counted_as {
                self.count(counted_as, std::mem::take(&mut new));
                counted_as = tag;
            }
            let fresh = self.insert_mixed(mixed, tag);
            if !fresh && again == Again::TakesTheLater {
                self.refresh_mixed(mixed, tag);
            }
            new += usize::from(fresh);
            each(fresh);
        }
        self.count(counted_as, new);
    }

    /// Inserts one key at `now`; false if it was there.
    pub fn insert(&mut self, key: PingKey, now: Timestamp) -> bool {
        self.advance(now);
        let tag = self.ages.now().tag();
        let fresh = self.insert_mixed(self.mixer.mix(key), tag);
        self.count(tag, usize::from(fresh));
        fresh
    }

    /// Inserts keys that count from a time of their own each, at the latest that of the last call that had one. A key that
    /// is there counts from the later of both times; one that would be forgotten already is left out.
    pub fn insert_since(&mut self, keys: impl IntoIterator<Item = (PingKey, Timestamp)>) {
        let ages = self.ages.clone();
        let keys = keys.into_iter().filter_map(|(key, since)| Some((key, ages.tag_since(since)?))).fuse();
        vectorised(
            #[inline(always)]
            || self.insert_ahead(keys, Again::TakesTheLater, &mut |_| ()),
        );
    }

    /// Has `key` count from `since` on, if it is there and counts from an earlier slice; whether it is there.
    pub fn refresh(&mut self, key: PingKey, since: Timestamp) -> bool {
        match self.ages.tag_since(since) {
            Some(tag) => self.refresh_mixed(self.mixer.mix(key), tag),
            None => self.contains(key),
        }
    }

    fn refresh_mixed(&mut self, mixed: u128, tag: Tag) -> bool {
        let now = self.ages.now();
        let (layout, home) = self.home_of_mut(mixed);
        let had = layout.refresh(S::of(mixed), home, tag, now);
        if let Some(had) = had.filter(|had| now.is_older(*had, tag)) {
            self.ages.move_one(had, tag);
        }
        had.is_some()
    }

    /// The hash by which `key` is placed: 64 bits that look random, and are the same for the same seed.
    #[inline(always)]
    pub fn hash(&self, key: PingKey) -> u64 {
        hash_of(self.mixer.mix(key))
    }

    /// Hashes of the keys that are remembered and count from `from` or later, or from a little before.
    pub fn hashes_since(&self, from: Timestamp) -> impl Iterator<Item = u64> + '_ {
        let (now, oldest) = (self.ages.now(), self.ages.tag_since(from));
        let oldest = oldest.unwrap_or(self.ages.oldest());
        let left = if self.next.is_some() { self.cursor } else { 0 };
        let moved = self.next.iter().flat_map(move |next| next.hashes(0, oldest, now));
        self.layout.hashes(left, oldest, now).chain(moved)
    }

    /// Has the place of a key fetched that will be looked for soon.
    #[inline(always)]
    pub fn fetch_ahead(&self, key: PingKey) {
        self.prefetch(self.mixer.mix(key));
    }

    /// Looks for `keys` at the time of the last call that had one, and calls `each` for one after the other: true if it
    /// is there.
    pub fn contains_batch(&self, keys: impl IntoIterator<Item = PingKey>, mut each: impl FnMut(bool)) {
        let mut keys = keys.into_iter().map(|key| (key, 0)).fuse();
        let mut group = [(0u128, 0); AHEAD];
        loop {
            let fetched = self.fetch(&mut keys, &mut group);
            for (mixed, _) in &group[..fetched] {
                let (layout, home) = self.home_of(*mixed);
                each(layout.contains(S::of(*mixed), home, self.ages.now()));
            }
            if fetched < AHEAD {
                return;
            }
        }
    }

    /// Whether `key` is there at the time of the last call that had one.
    pub fn contains(&self, key: PingKey) -> bool {
        let mut there = false;
        self.contains_batch([key], |found| there = found);
        there
    }

    /// Lets time pass up to `now`: keys are forgotten, and memory is given back by and by. A call costs as much as the
    /// time since the last one is long, at most two rounds around the table. [`Timestamp::END`] forgets everything.
    pub fn advance(&mut self, now: Timestamp) {
        if now == Timestamp::END {
            return self.forget_all();
        }
        let slice = self.ages.slice_of(now);
        if slice > self.ages.slice().saturating_add(SLICES) {
            self.forget_all();
            self.begin(slice);
            self.resized = slice;
        }
        while self.ages.slice() < slice {
            self.visit(self.quota().saturating_sub(self.visited));
            self.begin(self.ages.slice() + 1);
        }
        let due = self.ages.part(now, self.quota());
        self.visit(due.saturating_sub(self.visited));
    }

    /// Keys that are remembered.
    pub fn len(&self) -> u64 {
        self.ages.live()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> u64 {
        self.layout.bytes() + self.next.as_ref().map_or(0, Layout::bytes)
    }

    /// Bytes that a set with places for `ids` keys comes to.
    pub fn bytes_for(ids: u64) -> u64 {
        let slot = size_of::<S>() as u64;
        let slots = u64::try_from(Room::Little.slots_for(ids))
            .unwrap_or(u64::MAX)
            .max((1 << 13) * CACHE_LINE as u64 / slot);
        // What is added by rounding to whole chunks, by the lines that chunks begin on, and by what is after the last home.
        slots.saturating_mul(slot).saturating_add(slots * slot / 32).saturating_add(1 << 14)
    }

    /// Bytes that a set made for few keys comes to when it has grown to `ids`: halfway between when it grew and when it is to
    /// grow again.
    pub fn bytes_grown_to(ids: u64, room: Room) -> u64 {
        let slots = ids as f64 * 2.0 * 100.0 / (room.full() + room.too_full()) as f64;
        CompactSet::<S>::bytes_for(0).max((slots * size_of::<S>() as f64) as u64)
    }

    /// Takes up to [`AHEAD`] keys, mixes them and has their cache lines fetched.
    #[inline(always)]
    fn fetch(
        &self,
        keys: &mut impl Iterator<Item = (PingKey, Tag)>,
        group: &mut [(u128, Tag); AHEAD],
    ) -> usize {
        let mut fetched = 0;
        for (place, key) in group.iter_mut().zip(keys) {
            *place = self.mixed_and_fetched(key);
            fetched += 1;
        }
        fetched
    }

    #[inline(always)]
    fn mixed_and_fetched(&self, (key, tag): (PingKey, Tag)) -> (u128, Tag) {
        let mixed = self.mixer.mix(key);
        self.prefetch(mixed);
        (mixed, tag)
    }

    #[inline(always)]
    fn prefetch(&self, mixed: u128) {
        let (layout, home) = self.home_of(mixed);
        layout.prefetch(home);
    }

    /// Whether so many buckets are full that it is worth a look at each home ahead of its turn.
    fn is_crowded(&self) -> bool {
        self.ages.live() * 100 > self.layout.slots() as u64 * CROWDED
    }

    #[inline(always)]
    fn prefetch_beyond(&self, mixed: u128) {
        let (layout, home) = self.home_of(mixed);
        layout.prefetch_beyond(home, self.ages.now());
    }

    /// The layout that a mixed key is in, and where it belongs there.
    #[inline(always)]
    fn home_of(&self, mixed: u128) -> (&Layout<S>, usize) {
        let hash = hash_of(mixed);
        let home = self.layout.home(hash);
        match &self.next {
            Some(next) if home < self.cursor => (next, next.home(hash)),
            _ => (&self.layout, home),
        }
    }

    /// The same, to change it.
    #[inline(always)]
    fn home_of_mut(&mut self, mixed: u128) -> (&mut Layout<S>, usize) {
        let hash = hash_of(mixed);
        let home = self.layout.home(hash);
        match &mut self.next {
            Some(next) if home < self.cursor => {
                let home = next.home(hash);
                (next, home)
            }
            _ => (&mut self.layout, home),
        }
    }

    #[inline(always)]
    fn insert_mixed(&mut self, mixed: u128, tag: Tag) -> bool {
        let now = self.ages.now();
        let (layout, home) = self.home_of_mut(mixed);
        match layout.insert(S::of(mixed), home, tag, now) {
            Insertion::Known => return false,
            Insertion::Fresh => {}
            Insertion::NoRoom(hash, slot) => self.make_room(hash, slot),
        }
        true
    }

    /// Puts a slot into a larger table, after a move that is under way: keys fall so unevenly that one found no slot
    /// within reach of its home. At the load that the table is kept to, that does not happen by chance.
    #[cold]
    fn make_room(&mut self, hash: u64, slot: S) {
        if self.next.is_some() {
            self.visit(usize::MAX);
        }
        self.layout.take(hash, slot, self.ages.now());
        self.cursor = 0;
    }

    /// Buckets to visit in a slice.
    fn quota(&self) -> usize {
        let slices = if self.next.is_some() { SLICES_A_MOVE } else { SLICES_A_ROUND };
        self.layout.buckets() / slices + 1
    }

    fn begin(&mut self, slice: u64) {
        self.ages.begin(slice);
        self.visited = 0;
        if self.ages.live() == 0 {
            self.forget_all();
        }
    }

    /// Goes on with the round by `count` slots.
    fn visit(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let (ages, before) = (&self.ages, self.cursor);
        self.cursor = match &mut self.next {
            None if !ages.has_forgotten() => before.saturating_add(count).min(self.layout.buckets()),
            None => self.layout.tidy(before, count, ages.now()),
            Some(next) => {
                self.layout.drain(before, count, ages.now(), |hash, slot| next.take(hash, slot, ages.now()))
            }
        };
        self.visited += self.cursor - before;
        if self.cursor >= self.layout.buckets() {
            self.end_round();
        }
    }

    fn end_round(&mut self) {
        self.cursor = 0;
        match self.next.take() {
            Some(next) => {
                self.layout = next;
                self.resized = self.ages.slice();
            }
            // Not before it has been seen for a whole window: it may have been made for a load that is still to come.
            None if self.ages.slice() > self.resized.saturating_add(SLICES) => {
                let live = self.ages.live() as usize;
                let smaller = self.layout.resized(live * 2);
                if live < self.layout.slots() / 3 && smaller.slots() < self.layout.slots() {
                    self.move_to(smaller);
                }
            }
            None => {}
        }
    }

    /// Counts keys that were inserted, and sees to it that there are slots enough.
    #[inline(always)]
    fn count(&mut self, tag: Tag, new: usize) {
        self.ages.add(tag, new);
        if self.next.is_some() {
            self.visit(new * HASTE);
        } else if self.ages.live() * 100 > self.layout.slots() as u64 * self.room.too_full() {
            self.move_to(self.layout.resized(self.room.slots_for(self.ages.live())));
        }
    }

    fn move_to(&mut self, layout: Layout<S>) {
        self.next = Some(layout);
        self.cursor = 0;
    }

    /// Keeps the size and nothing else.
    fn forget_all(&mut self) {
        self.ages.clear();
        self.layout.clear();
        if let Some(mut next) = self.next.take() {
            next.clear();
            self.layout = next;
        }
        self.cursor = 0;
    }
}

/// The bits of a mixed key by which it is placed.
#[inline(always)]
fn hash_of(mixed: u128) -> u64 {
    (mixed >> 64) as u64
}

#[cfg(test)]
mod tests;
