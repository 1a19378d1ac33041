//! A set of keys that forgets each key a window after it was inserted, in little more than the keys' own bytes.
//!
//! [`ExactSet`] keeps all of a key and never takes one for another, in 16 bytes a slot, its time included;
//! [`FingerprintSet`] keeps 64 bits of it, in 8. Both are one table with open addressing:
//!
//! - **Slots are in the order of their hashes**, so that a slot's place says what the highest bits of the hash are.
//!   These need not be stored, and 6 bits for the time fit in without making a slot larger.
//! - **Time is cut into slices**, 32 a window. A key is forgotten when the 32nd slice after its own has ended: never
//!   before its window is over, and up to one [granularity](CompactSet::granularity) later. No queue says what to
//!   forget: a cursor goes around the table twice a window and clears what it finds, and an insertion uses a forgotten
//!   key's slot when it meets one.
//! - **No pause grows with the table**: when it has to grow or shrink, the slots move to another array a few at a time, and
//!   the memory of the one is given back as that of the other is taken.
//! - **Keys are given in batches**: the cache lines of 32 keys are fetched at once, and waited for once.
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
use layout::{Found, Layout};
pub use slot::Slot;
use slot::{Mixer, Tag};

use crate::contract::PingKey;
use crate::hardware::Pages;
use crate::time::Timestamp;

/// Remembers all 16 bytes of each key.
pub type ExactSet = CompactSet<u128>;

/// Remembers 64 bits of each key: another key is taken for one of n that are remembered with a probability of n / 2^64.
pub type FingerprintSet = CompactSet<u64>;

/// Keys whose cache lines are fetched at once. More than the processor can wait for at a time bring nothing.
const GROUP: usize = 32;

/// Slices in which the cursor goes once around the table: two rounds a window. Every slot is then visited before the
/// 63 tags begin anew: 32 slices after its key came it is still remembered, and a round later that is over.
const SLICES_A_ROUND: usize = 16;

/// The same while slots move to another layout: a move may begin in the middle of a round.
const SLICES_A_MOVE: usize = 8;

/// Slots visited for each new key while slots move, or while forgotten keys take too many.
const HASTE: usize = 8;

/// A set of keys with a window. See the [module](self).
#[derive(Debug)]
pub struct CompactSet<S> {
    mixer: Mixer,
    ages: Ages,
    /// The layout that all slots are in, or that they are leaving.
    layout: Layout<S>,
    /// The layout that they move to.
    next: Option<Layout<S>>,
    /// The first slot that the current round has not visited. While slots move, all that belongs before it has moved.
    cursor: usize,
    /// Slots visited in the current slice.
    visited: usize,
    /// The slice in which the size was last changed, or the load began.
    resized: u64,
}

impl<S: Slot> CompactSet<S> {
    /// An empty set that remembers for `window`, with places for `ids` keys. It grows beyond that as needed, which takes
    /// a little time for each key, and shrinks when it has been three times too large for a window. Its memory is taken
    /// as it is used.
    pub fn new(window: Duration, ids: u64, seed: u64) -> Self {
        CompactSet::on(Pages::default(), window, ids, seed)
    }

    /// The same on pages of a kind, to measure what they bring.
    pub fn on(pages: Pages, window: Duration, ids: u64, seed: u64) -> Self {
        CompactSet {
            mixer: Mixer::new(seed),
            ages: Ages::new(window),
            layout: Layout::new(places_for(ids), pages),
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
        let mut keys = keys.into_iter();
        let mut group = [0u128; GROUP];
        loop {
            let taken = self.fetch(&mut keys, &mut group);
            let mut new = 0;
            for mixed in &group[..taken] {
                let fresh = self.insert_mixed(*mixed);
                new += usize::from(fresh);
                each(fresh);
            }
            self.keep_size(new);
            if taken < GROUP {
                return;
            }
        }
    }

    /// Inserts one key at `now`; false if it was there.
    pub fn insert(&mut self, key: PingKey, now: Timestamp) -> bool {
        self.advance(now);
        let fresh = self.insert_mixed(self.mixer.mix(key));
        self.keep_size(usize::from(fresh));
        fresh
    }

    /// Looks for `keys` at the time of the last call that had one, and calls `each` for one after the other: true if it
    /// is there.
    pub fn contains_batch(&self, keys: impl IntoIterator<Item = PingKey>, mut each: impl FnMut(bool)) {
        let mut keys = keys.into_iter();
        let mut group = [0u128; GROUP];
        loop {
            let taken = self.fetch(&mut keys, &mut group);
            for mixed in &group[..taken] {
                let (layout, place) = self.layout_of((mixed >> 64) as u64);
                let found = layout.find(S::of(*mixed), place);
                each(matches!(found, Found::Here(_, tag) if self.ages.is_alive(tag)));
            }
            if taken < GROUP {
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
        let slots = u64::try_from(places_for(ids)).unwrap_or(u64::MAX).max(1 << 15);
        // What is added by rounding to whole chunks and by the lines that chunks begin on.
        slots.saturating_mul(size_of::<S>() as u64).saturating_add(slots / 2).saturating_add(1 << 16)
    }

    /// Takes up to [`GROUP`] keys, mixes them and has their cache lines fetched.
    #[inline(always)]
    fn fetch(&self, keys: &mut impl Iterator<Item = PingKey>, group: &mut [u128; GROUP]) -> usize {
        let mut taken = 0;
        for (mixed, key) in group.iter_mut().zip(keys) {
            *mixed = self.mixer.mix(key);
            let (layout, place) = self.layout_of((*mixed >> 64) as u64);
            layout.prefetch(place);
            taken += 1;
        }
        taken
    }

    /// The layout that a hash is in, and where it belongs there.
    #[inline(always)]
    fn layout_of(&self, hash: u64) -> (&Layout<S>, usize) {
        let place = self.layout.place(hash);
        match &self.next {
            Some(next) if place < self.cursor => (next, next.place(hash)),
            _ => (&self.layout, place),
        }
    }

    #[inline(always)]
    fn insert_mixed(&mut self, mixed: u128) -> bool {
        let (key, hash) = (S::of(mixed), (mixed >> 64) as u64);
        let place = self.layout.place(hash);
        let (layout, place) = match &mut self.next {
            Some(next) if place < self.cursor => {
                let place = next.place(hash);
                (next, place)
            }
            _ => (&mut self.layout, place),
        };
        let slot = key.with_tag(self.ages.tag());
        let given_up = match layout.find(key, place) {
            Found::Here(_, tag) if self.ages.is_alive(tag) => return false,
            Found::Here(at, tag) => {
                layout.set(at, slot);
                tag
            }
            Found::Nowhere(at) => layout.insert(at, slot, self.ages.free()),
        };
        self.ages.gave_up(given_up);
        self.ages.took();
        true
    }

    /// Slots to visit in a slice.
    fn quota(&self) -> usize {
        let slices = if self.next.is_some() { SLICES_A_MOVE } else { SLICES_A_ROUND };
        self.layout.end() / slices + 1
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
        let (ages, before) = (&mut self.ages, self.cursor);
        self.cursor = match &mut self.next {
            None => self.layout.tidy(before, count, ages.dead(), |tag| ages.gave_up(tag)),
            Some(next) => self.layout.drain(before, count, |hash, slot| match slot.tag() {
                alive if ages.is_alive(alive) => put(next, hash, slot, ages.free()),
                dead => ages.gave_up(dead),
            }),
        };
        self.visited += self.cursor - before;
        if self.cursor >= self.layout.end() {
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
                if live < self.layout.places() / 3 && smaller.places() < self.layout.places() {
                    self.move_to(smaller);
                }
            }
            None => {}
        }
    }

    /// Keeps the slots in use to 85 % of the places, after `new` keys were inserted.
    fn keep_size(&mut self, new: usize) {
        let (used, live) = (self.ages.used() as usize, self.ages.live() as usize);
        let places = self.layout.places();
        if self.next.is_some() {
            self.visit(new * HASTE);
        } else if used > places / 100 * 85 {
            // Either there are too many keys, or keys that are forgotten take too many slots.
            if live > places / 100 * 78 || used > places / 100 * 92 {
                self.move_to(self.layout.resized(places_for(live as u64)));
            } else {
                self.visit(new * HASTE);
            }
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

/// Places for `ids` keys: 72 % of them are taken by keys that are remembered, and some by others.
fn places_for(ids: u64) -> usize {
    usize::try_from(u128::from(ids) * 100 / 72).unwrap_or(usize::MAX / 2)
}

/// Puts a slot whose hash is larger than any before into a layout.
fn put<S: Slot>(layout: &mut Layout<S>, hash: u64, slot: S, free: slot::TagSet) {
    let (Found::Here(at, _) | Found::Nowhere(at)) = layout.find(slot.untagged(), layout.place(hash));
    let _: Tag = layout.insert(at, slot, free);
}

#[cfg(test)]
mod tests;
