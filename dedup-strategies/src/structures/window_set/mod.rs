//! A set of keys that forgets each key a window after it was inserted, in little more than the keys' own bytes.
//!
//! [`ExactSet`] keeps all of a key and never takes one for another, in 16 bytes a slot, its time included;
//! [`FingerprintSet`] keeps 64 bits of it, in 8. Both are one table with open addressing:
//!
//! - **An id is two cache lines side by side**: slots are in buckets of 64 bytes, the buckets in the order of the hashes that
//!   belong there, so that a slot's place says what the highest bits of its hash are. These need not be stored, and the time
//!   fits in without making a slot larger. A key stands in its home or in one of the next eight buckets, which its hash says: in
//!   that which had more room. With one bucket a key, two in five were full in a full window, and finding room beyond them
//!   took more time than all else.
//! - **Time is cut into slices**, 32 a window. A key is forgotten when the 32nd slice after its own has ended: never
//!   before its window is over, and up to one [granularity](WindowSet::granularity) later. Nothing has to be done for that:
//!   a slot of a slice that is over is free. Before the numbers of slices begin anew, a cursor has gone around the table
//!   and emptied such slots.
//! - **No pause grows with the table**: when it has to grow or shrink, the slots move to another array a few at a time, and
//!   the memory of the one is given back as that of the other is taken.
//! - **Keys are given in batches**: while one is looked for, the cache lines of the next 32 are on their way, and in a full
//!   table those after them.
//!
//! ```
//! use std::time::Duration;
//! use dedup_strategies::window_set::ExactSet;
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
mod room;
mod rounds;
mod slot;

use std::time::Duration;

use ages::Ages;
pub use ages::SLICES;
use layout::{Insertion, Layout, Places};
pub use room::Room;
pub use slot::Slot;
use slot::{Mixer, Tag};

use crate::contract::{PingKey, Timestamp};
use crate::structures::hardware::{Pages, vectorised};

/// Remembers all 16 bytes of each key.
pub type ExactSet = WindowSet<u128>;

/// Remembers 64 bits of each key: another key is taken for one of n that are remembered with a probability of n / 2^64.
pub type FingerprintSet = WindowSet<u64>;

/// Keys whose cache lines are on their way at once. More than the processor can wait for bring nothing.
const AHEAD: usize = 32;

/// So few keys are not worth the preparations.
const TOO_FEW: usize = 2;

/// What becomes of the time of a key that is inserted a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    KeepsItsTime,
    TakesTheLater,
}

/// A set of keys with a window. See the [module](self).
#[derive(Debug)]
pub struct WindowSet<S> {
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
    /// The time of the last call that had one.
    latest: Timestamp,
    /// The slice in which the size was last changed, or the load began.
    resized: u64,
}

impl<S: Slot> WindowSet<S> {
    /// An empty set that remembers for `window`, with places for `ids` keys. It grows beyond that as needed, which takes
    /// a little time for each key, and shrinks when it has been three times too large for a window. Its memory is taken
    /// as it is used.
    pub fn new(window: Duration, ids: u64, seed: u64) -> Self {
        WindowSet::with(Room::default(), Pages::default(), window, ids, seed)
    }

    /// The same with more or less room, on pages of a kind.
    pub fn with(room: Room, pages: Pages, window: Duration, ids: u64, seed: u64) -> Self {
        WindowSet {
            room,
            mixer: Mixer::new(seed),
            ages: Ages::new(window),
            layout: Layout::new(room.slots_for(ids), pages),
            next: None,
            cursor: 0,
            visited: 0,
            latest: Timestamp::ZERO,
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
        if keys.size_hint().1.is_some_and(|most| most <= TOO_FEW) {
            return keys.for_each(|(key, tag)| each(self.insert_one(self.mixer.mix(key), tag, again)));
        }
        let mut ring = [(0u128, 0); AHEAD];
        let fetched = self.fetch(&mut keys, &mut ring);
        let crowded = self.is_crowded();
        let (mut at, mut left) = (0, fetched);
        let (mut new, mut counted_as) = (0, ring[0].1);
        // The key that is looked for gives its place to the one that is fetched next.
        while left > 0 {
            let (mixed, tag) = ring[at];
            match keys.next() {
                Some(key) => ring[at] = self.mixed_and_fetched(key, crowded),
                None => left -= 1,
            }
            at = (at + 1) % AHEAD;
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
        self.insert_one(self.mixer.mix(key), self.ages.now().tag(), Again::KeepsItsTime)
    }

    #[inline(always)]
    fn insert_one(&mut self, mixed: u128, tag: Tag, again: Again) -> bool {
        let fresh = self.insert_mixed(mixed, tag);
        if !fresh && again == Again::TakesTheLater {
            self.refresh_mixed(mixed, tag);
        }
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
        let (layout, places) = self.places_of_mut(mixed);
        let had = layout.refresh(S::of(mixed), places, tag, now);
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
        self.prefetch(self.mixer.mix(key), false);
    }

    /// Looks for `keys` at the time of the last call that had one, and calls `each` for one after the other: true if it
    /// is there.
    pub fn contains_batch(&self, keys: impl IntoIterator<Item = PingKey>, mut each: impl FnMut(bool)) {
        let mut keys = keys.into_iter().map(|key| (key, 0)).fuse();
        let mut group = [(0u128, 0); AHEAD];
        loop {
            let fetched = self.fetch(&mut keys, &mut group);
            for (mixed, _) in &group[..fetched] {
                let (layout, places) = self.places_of(*mixed);
                each(layout.contains(S::of(*mixed), places, self.ages.now()));
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

    /// Takes up to [`AHEAD`] keys, mixes them and has their cache lines fetched.
    #[inline(always)]
    fn fetch(
        &self,
        keys: &mut impl Iterator<Item = (PingKey, Tag)>,
        group: &mut [(u128, Tag); AHEAD],
    ) -> usize {
        let (mut fetched, crowded) = (0, self.is_crowded());
        for (place, key) in group.iter_mut().zip(keys) {
            *place = self.mixed_and_fetched(key, crowded);
            fetched += 1;
        }
        fetched
    }

    #[inline(always)]
    fn mixed_and_fetched(&self, (key, tag): (PingKey, Tag), crowded: bool) -> (u128, Tag) {
        let mixed = self.mixer.mix(key);
        self.prefetch(mixed, crowded);
        (mixed, tag)
    }

    /// Whether keys often have to be looked for beyond their two buckets.
    fn is_crowded(&self) -> bool {
        self.layout.is_crowded(self.ages.live())
    }

    #[inline(always)]
    fn prefetch(&self, mixed: u128, crowded: bool) {
        let (layout, places) = self.places_of(mixed);
        layout.prefetch(places, crowded);
    }

    /// The layout that a mixed key is in, and where it belongs there.
    #[inline(always)]
    fn places_of(&self, mixed: u128) -> (&Layout<S>, Places) {
        let hash = hash_of(mixed);
        let layout = match &self.next {
            Some(next) if self.layout.home(hash) < self.cursor => next,
            _ => &self.layout,
        };
        (layout, layout.places(hash))
    }

    /// The same, to change it.
    #[inline(always)]
    fn places_of_mut(&mut self, mixed: u128) -> (&mut Layout<S>, Places) {
        let hash = hash_of(mixed);
        let layout = match &mut self.next {
            Some(next) if self.layout.home(hash) < self.cursor => next,
            _ => &mut self.layout,
        };
        let places = layout.places(hash);
        (layout, places)
    }

    #[inline(always)]
    fn insert_mixed(&mut self, mixed: u128, tag: Tag) -> bool {
        let now = self.ages.now();
        let (layout, places) = self.places_of_mut(mixed);
        match layout.insert(S::of(mixed), places, tag, now) {
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
}

/// The bits of a mixed key by which it is placed.
#[inline(always)]
fn hash_of(mixed: u128) -> u64 {
    (mixed >> 64) as u64
}

#[cfg(test)]
mod tests;
