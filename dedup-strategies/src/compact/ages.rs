//! Slices of time, and how many keys a table has of each.

use std::time::Duration;

use super::slot::{TAGS, Tag, TagSet};
use crate::time::{Timestamp, saturating_nanos};

/// Slices that make a window. A key of slice s is remembered in s and in the 32 slices after it.
pub(super) const SLICES: u64 = 32;

/// The current slice, and what is known of the slots by their slices.
#[derive(Clone, Debug)]
pub(super) struct Ages {
    slice_ns: u64,
    slice: u64,
    alive: TagSet,
    /// Slots in use, by tag.
    counts: [u64; TAGS as usize + 1],
    live: u64,
    used: u64,
}

impl Ages {
    pub(super) fn new(window: Duration) -> Self {
        let slice_ns = saturating_nanos(window).div_ceil(SLICES).max(1);
        let mut ages =
            Ages { slice_ns, slice: 0, alive: TagSet(0), counts: [0; TAGS as usize + 1], live: 0, used: 0 };
        ages.begin(0);
        ages
    }

    /// The length of a slice.
    pub(super) fn slice_ns(&self) -> u64 {
        self.slice_ns
    }

    pub(super) fn slice(&self) -> u64 {
        self.slice
    }

    pub(super) fn slice_of(&self, now: Timestamp) -> u64 {
        now.as_nanos() / self.slice_ns
    }

    /// The share of its slice that has passed at `now`, of `whole`.
    pub(super) fn part(&self, now: Timestamp, whole: usize) -> usize {
        let nanos = u128::from(now.as_nanos() % self.slice_ns);
        (whole as u128 * nanos / u128::from(self.slice_ns)) as usize
    }

    /// Moves on to `slice`. Its tag must not be in use any more.
    pub(super) fn begin(&mut self, slice: u64) {
        self.slice = slice;
        let tags = (0..=SLICES).map(|back| slice.checked_sub(back).map_or(0, |slice| 1u64 << tag_of(slice)));
        self.alive = TagSet(tags.fold(0, |set, tag| set | tag) & !1);
        debug_assert_eq!(self.counts[usize::from(self.tag())], 0, "slots of 63 slices ago were not visited");
        let alive = (1..).zip(&self.counts[1..]).filter(|(tag, _)| self.alive.contains(*tag));
        self.live = alive.map(|(_, count)| count).sum();
    }

    /// The tag of keys that are inserted now.
    pub(super) fn tag(&self) -> Tag {
        tag_of(self.slice)
    }

    #[inline(always)]
    pub(super) fn is_alive(&self, tag: Tag) -> bool {
        self.alive.contains(tag)
    }

    /// Tags of slots that may be written over: empty ones, and those of keys that are forgotten.
    pub(super) fn free(&self) -> TagSet {
        TagSet(!self.alive.0)
    }

    /// Tags of keys that are forgotten and still take a slot.
    pub(super) fn dead(&self) -> TagSet {
        TagSet(!self.alive.0 & !1)
    }

    /// A slot was taken in the current slice.
    pub(super) fn took(&mut self) {
        self.counts[usize::from(self.tag())] += 1;
        self.live += 1;
        self.used += 1;
    }

    /// A slot of a key that is forgotten was given up or written over. Tag 0: it was empty anyway.
    pub(super) fn gave_up(&mut self, tag: Tag) {
        if tag != 0 {
            self.counts[usize::from(tag)] -= 1;
            self.used -= 1;
        }
    }

    /// All slots were given up.
    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        (self.live, self.used) = (0, 0);
    }

    /// Keys that are remembered.
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// Slots in use, by keys that are remembered and by others.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

fn tag_of(slice: u64) -> Tag {
    1 + (slice % TAGS) as Tag
}
