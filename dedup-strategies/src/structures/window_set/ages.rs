//! Slices of time, and how many keys a table has of each.

use std::time::Duration;

use super::slot::{TAG_MASK, TAGS, Tag};
use crate::contract::{Timestamp, saturating_nanos};

/// Slices that make a window. A key of slice s is remembered in s and in the 32 slices after it.
pub const SLICES: u64 = 32;

/// The highest bit of each of eight bytes.
pub(super) const HIGHEST_BITS: u64 = 0x80 * EACH_BYTE;

const EACH_BYTE: u64 = u64::MAX / 255;

const TAG_MASKS: u64 = TAGS * EACH_BYTE;

/// The highest bit of each of eight bytes whose lowest six bits are a tag other than that of an empty slot.
#[inline(always)]
pub(super) fn used(tags: u64) -> u64 {
    ((tags & TAG_MASKS) + TAG_MASKS) << 1 & HIGHEST_BITS
}

/// What a table has to know of the time: which slice it is, and which are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Now {
    tag: Tag,
    /// A bit for each tag that is remembered; never that of an empty slot.
    remembered: u64,
    /// In each byte the oldest tag that is remembered.
    oldest: u64,
    /// In each byte 127 less what must be added to that, modulo 64, to come to the youngest.
    span: u64,
}

impl Now {
    fn new(slice: u64) -> Self {
        let first = slice.saturating_sub(SLICES);
        let (oldest, tag) = (tag_of(first), tag_of(slice));
        let remembered = (first..=slice).fold(0, |set, slice| set | 1 << tag_of(slice));
        let span = 127 - (tag.wrapping_sub(oldest) & TAG_MASK);
        Now { tag, remembered, oldest: u64::from(oldest) * EACH_BYTE, span: u64::from(span) * EACH_BYTE }
    }

    /// The tag of keys that are inserted now.
    pub(super) fn tag(self) -> Tag {
        self.tag
    }

    #[inline(always)]
    pub(super) fn remembers(self, tag: Tag) -> bool {
        self.remembered.wrapping_shr(u32::from(tag)) & 1 == 1
    }

    /// The highest bit of each of eight bytes whose lowest six bits are a tag that is remembered.
    ///
    /// Tags are those from the oldest to the youngest in turn, which is told for all of them by a subtraction and an
    /// addition in each byte that carries nothing into the next. Where the turn begins anew it passes 0, which is no tag.
    #[inline(always)]
    pub(super) fn remembered(self, tags: u64) -> u64 {
        let after_oldest = ((tags & TAG_MASKS | (64 * EACH_BYTE)) - self.oldest) & TAG_MASKS;
        !(after_oldest + self.span) & used(tags)
    }

    /// Whether of two tags that are remembered one is of an earlier slice than the other.
    #[inline(always)]
    pub(super) fn is_older(self, tag: Tag, other: Tag) -> bool {
        let after_oldest = |tag: Tag| tag.wrapping_sub(self.oldest as Tag) & TAG_MASK;
        after_oldest(tag) < after_oldest(other)
    }
}

/// The current slice, and how many keys each has that is remembered.
#[derive(Clone, Debug)]
pub(super) struct Ages {
    slice_ns: u64,
    slice: u64,
    now: Now,
    /// Keys by tag. No key is given up before its slice is forgotten.
    counts: [u64; TAGS as usize + 1],
    live: u64,
}

impl Ages {
    pub(super) fn new(window: Duration) -> Self {
        let slice_ns = saturating_nanos(window).div_ceil(SLICES).max(1);
        let mut ages = Ages { slice_ns, slice: 0, now: Now::new(0), counts: [0; TAGS as usize + 1], live: 0 };
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
        let nanos = now.as_nanos() % self.slice_ns;
        match nanos.checked_mul(whole as u64) {
            Some(product) => (product / self.slice_ns) as usize,
            // A division of 128 bits takes as long as ten of the other.
            None => (u128::from(nanos) * whole as u128 / u128::from(self.slice_ns)) as usize,
        }
    }

    /// Moves on to `slice`. Its tag must not be in use any more.
    pub(super) fn begin(&mut self, slice: u64) {
        self.slice = slice;
        self.now = Now::new(slice);
        self.counts[usize::from(self.now.tag)] = 0;
        let remembered = (0..).zip(&self.counts).filter(|(tag, _)| self.now.remembers(*tag));
        self.live = remembered.map(|(_, count)| count).sum();
    }

    /// The oldest tag that is remembered.
    pub(super) fn oldest(&self) -> Tag {
        tag_of(self.slice.saturating_sub(SLICES))
    }

    #[inline(always)]
    pub(super) fn now(&self) -> Now {
        self.now
    }

    /// The tag of keys that count from `since`; nothing if they would be forgotten.
    pub(super) fn tag_since(&self, since: Timestamp) -> Option<Tag> {
        let slice = self.slice_of(since).min(self.slice);
        (slice.saturating_add(SLICES) >= self.slice).then(|| tag_of(slice))
    }

    /// Keys were inserted with `tag`.
    pub(super) fn add(&mut self, tag: Tag, count: usize) {
        self.counts[usize::from(tag)] += count as u64;
        self.live += count as u64;
    }

    /// A key has a later tag than before.
    pub(super) fn move_one(&mut self, from: Tag, to: Tag) {
        self.counts[usize::from(from)] -= 1;
        self.counts[usize::from(to)] += 1;
    }

    /// All slots were given up.
    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        self.live = 0;
    }

    /// Whether there may be slots whose keys are forgotten.
    pub(super) fn has_forgotten(&self) -> bool {
        self.counts.iter().sum::<u64>() > self.live
    }

    /// Keys that are remembered.
    pub(super) fn live(&self) -> u64 {
        self.live
    }
}

fn tag_of(slice: u64) -> Tag {
    1 + (slice % TAGS) as Tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_slice_that_has_passed_is_the_same_by_either_division() {
        for (window, whole) in [(3200, 1 << 13), (86_400, 1 << 31), (86_400 * 400, usize::MAX >> 8)] {
            let ages = Ages::new(Duration::from_secs(window));
            for tenth in 0..10 {
                let now = Timestamp::from_nanos(ages.slice_ns() * 7 + ages.slice_ns() / 10 * tenth + 3);
                let nanos = u128::from(now.as_nanos() % ages.slice_ns());
                let part = nanos * whole as u128 / u128::from(ages.slice_ns());
                assert_eq!(ages.part(now, whole) as u128, part);
            }
        }
    }

    #[test]
    fn tags_of_the_last_33_slices_are_remembered_one_at_a_time_and_eight_at_once() {
        for slice in (0..200).chain(1_000_000..1_000_130) {
            let now = Now::new(slice);
            for tag in 0..=TAG_MASK {
                let back = (0..=slice.min(SLICES)).find(|back| tag_of(slice - back) == tag);
                assert_eq!(now.remembers(tag), back.is_some(), "tag {tag} in slice {slice}");
                for at in 0..8 {
                    // Neither what else is in the byte nor what is in the others makes a difference.
                    let others = 0x9f80_c03f_7f01_ffe1u64 & !(0xff << (8 * at));
                    let marks = now.remembered(others | u64::from(tag | 0xc0) << (8 * at));
                    assert_eq!(marks >> (8 * at) & 0xff, if back.is_some() { 0x80 } else { 0 });
                    assert_eq!(used(u64::from(tag) << (8 * at)), u64::from(tag != 0) << (8 * at + 7));
                }
                for other in (0..=slice.min(SLICES)).filter(|_| back.is_some()) {
                    assert_eq!(now.is_older(tag, tag_of(slice - other)), back > Some(other));
                }
            }
        }
    }
}
