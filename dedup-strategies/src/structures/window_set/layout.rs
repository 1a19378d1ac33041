//! An array of buckets of one cache line each, in the order of the hashes that belong there, in chunks.

use std::ops::Range;

use super::ages::{HIGHEST_BITS, Now, used};
use super::slot::{Slot, TAG_MASK, Tag};
use crate::structures::hardware::{CACHE_LINE, HUGE_PAGE, Pages, Piece, prefetch};

/// The fewest buckets of a layout. With fewer, what a search meets could come from so much of the table that a slot's
/// place would not tell the highest bits of its hash (see [`Slot`]).
const FEWEST_BUCKETS: usize = 1 << 13;

/// Chunks that a layout is made of: what is added to memory while one layout takes the place of another is one chunk
/// in each, so many are better; and each should be large enough for huge pages, so few are.
const CHUNKS: usize = 64;

/// The largest chunk, in bytes: clearing it is the longest pause.
const LARGEST_CHUNK_BYTES: usize = 8 << 20;

/// The smallest layout, in bytes, whose chunks are huge pages. Rounded to whole chunks it differs from what was asked for by a
/// thirty-second at most, as any other does by half a chunk of 32.
const LEAST_HUGE_BYTES: usize = 32 << 20;

/// Buckets after the last home, for what is pushed beyond it.
const MARGIN: usize = 128;

/// Buckets after its home of which one is a key's *other*. Keys that share a home should have many, so that what is full is
/// evened out; but when slots move to another layout all of these have to be searched for the keys of a home.
const OTHERS: usize = 8;

/// The lowest of the bits of a hash that say which bucket is the other: below those by which a home is chosen, and not
/// the lowest of all, which a multiplication mixes least.
const OTHER_BITS: u32 = 24;

/// A hash table of buckets, of which a key has one as its *home*, by its hash in proportion to their number, and one of the next
/// as its *other*.
///
/// A key goes to that of its two buckets which has more room. With that choice ones that are both full are a quarter of the
/// full homes, at the load that the table is kept to. A key that comes to two full buckets takes the place of the oldest
/// in the other, which goes on in the same way: to its own other if it was at home, or else to the next bucket. Every bucket
/// after their home that keys have left, or passed, bears a *stamp*: the tag of the youngest such key. A search looks into
/// two buckets and goes on from the other for as long as the stamps are of slices that are remembered. Nothing has to move
/// when slots become free, because they do so by time alone, and the stamps with them: soon, as it was the oldest that had
/// to leave.
///
/// The array is cut into chunks, which are allocated when they are first written to and can be given back one by one.
#[derive(Debug)]
pub(super) struct Layout<S> {
    chunks: Vec<Option<Piece<S>>>,
    /// The logarithm of the buckets of a chunk.
    chunk_bits: u32,
    homes: usize,
    /// Hashes that belong to one home, rounded up.
    stride: u64,
    /// Buckets after its home in which a key may stand.
    reach: usize,
    /// What chunks are asked for.
    pages: Pages,
}

/// The two buckets in which a key is looked for first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    home: usize,
    other: usize,
}

/// What came of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion<S> {
    Fresh,
    Known,
    /// The key, or else another in its place, is in no slot, because none is within its reach: its hash, and its slot.
    NoRoom(u64, S),
}

impl<S: Slot> Layout<S> {
    /// Slots of a bucket.
    const WIDTH: usize = CACHE_LINE / size_of::<S>();

    /// The highest bit of the byte of each slot.
    const ALL: u64 = HIGHEST_BITS >> (64 - 8 * Self::WIDTH);

    /// An empty layout of at least `slots`; nothing is allocated yet.
    pub(super) fn new(slots: usize, pages: Pages) -> Self {
        let wanted = (slots / Self::WIDTH).max(FEWEST_BUCKETS) + MARGIN;
        let least_bytes = if wanted * CACHE_LINE < LEAST_HUGE_BYTES { CACHE_LINE } else { HUGE_PAGE };
        let chunk = (wanted / CHUNKS)
            .next_power_of_two()
            .clamp(least_bytes / CACHE_LINE, LARGEST_CHUNK_BYTES / CACHE_LINE);
        let chunks = (wanted + chunk / 2) / chunk;
        let homes = chunks * chunk - MARGIN;
        Layout {
            chunks: (0..chunks).map(|_| None).collect(),
            chunk_bits: chunk.ilog2(),
            homes,
            stride: u64::MAX / homes as u64 + 1,
            // The hashes within reach of a bucket differ by less than what 56 bits can tell.
            reach: (homes / 256 - 2).min(MARGIN - 1),
            pages,
        }
    }

    /// An empty layout of other size on the same pages.
    pub(super) fn resized(&self, slots: usize) -> Self {
        Layout::new(slots, self.pages)
    }

    /// Keys that stand beyond their two buckets.
    #[cfg(test)]
    pub(super) fn beyond(&self, now: Now) -> usize {
        let slots = (0..self.buckets()).flat_map(|at| self.bucket(at).iter().map(move |slot| (at, *slot)));
        let remembered = slots.filter(|(_, slot)| now.remembers(slot.tag()));
        let places = remembered.map(|(at, slot)| (at, self.places(self.hash(slot, at))));
        places.filter(|(at, places)| ![places.home, places.other].contains(at)).count()
    }

    /// Slots in the buckets that are homes.
    pub(super) fn slots(&self) -> usize {
        self.homes * Self::WIDTH
    }

    /// Buckets, homes and others.
    pub(super) fn buckets(&self) -> usize {
        self.chunks.len() << self.chunk_bits
    }

    /// The bucket where a slot with this hash belongs.
    #[inline(always)]
    pub(super) fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.homes as u128) >> 64) as usize
    }

    /// The two buckets in which a slot with this hash is looked for first.
    #[inline(always)]
    pub(super) fn places(&self, hash: u64) -> Places {
        let home = self.home(hash);
        Places { home, other: home + 1 + (hash >> OTHER_BITS) as usize % OTHERS }
    }

    /// Fetches the cache lines of both buckets, and of the one after them if keys often have to go on to it.
    #[inline(always)]
    pub(super) fn prefetch(&self, places: Places, crowded: bool) {
        self.prefetch_one(places.home);
        self.prefetch_one(places.other);
        if crowded {
            self.prefetch_one(places.other + 1);
        }
    }

    #[inline(always)]
    fn prefetch_one(&self, bucket: usize) {
        if let Some(first) = self.bucket(bucket).first() {
            prefetch(first);
        }
    }

    /// Whether, with so many keys, enough pairs of buckets are full that the line after them is worth its fetching for every
    /// key: one in twenty, with buckets of four slots at 0.6, with buckets of eight at 0.77.
    pub(super) fn is_crowded(&self, live: u64) -> bool {
        live * 100 > self.slots() as u64 * if Self::WIDTH > 4 { 77 } else { 60 }
    }

    /// Whether `key`, whose low bits are 0, is there and remembered.
    #[inline(always)]
    pub(super) fn contains(&self, key: S, places: Places, now: Now) -> bool {
        let [home, other] = [places.home, places.other].map(|at| self.bucket(at));
        let in_other = lows(other);
        known(home, key, now.remembered(lows(home))) | known(other, key, now.remembered(in_other))
            || now.remembers(stamp(in_other)) && self.is_beyond(key, places, now)
    }

    /// Whether it is in a bucket after its other.
    #[inline(always)]
    fn is_beyond(&self, key: S, places: Places, now: Now) -> bool {
        for at in places.other + 1..=places.home + self.reach {
            let bucket = self.bucket(at);
            let lows = lows(bucket);
            if known(bucket, key, now.remembered(lows)) {
                return true;
            }
            if !now.remembers(stamp(lows)) {
                return false;
            }
        }
        false
    }

    /// Inserts `key`, whose low bits are 0, with `tag`, if it is not there or not remembered any more.
    #[inline(always)]
    pub(super) fn insert(&mut self, key: S, places: Places, tag: Tag, now: Now) -> Insertion<S> {
        let [home, other] = [places.home, places.other].map(|at| self.bucket(at));
        let in_other = lows(other);
        let [at_home, at_other] = [lows(home), in_other].map(|lows| now.remembered(lows));
        if known(home, key, at_home) | known(other, key, at_other) {
            return Insertion::Known;
        }
        if at_home & at_other == Self::ALL || now.remembers(stamp(in_other)) {
            return self.insert_beyond(key, places, tag, now);
        }
        self.put_into_either(key.with_low(tag), places, at_home, at_other);
        Insertion::Fresh
    }

    /// Puts a slot into that of its two buckets of which fewer slots are remembered. One has room.
    #[inline(always)]
    fn put_into_either(&mut self, slot: S, places: Places, at_home: u64, at_other: u64) {
        let (at, remembered) = match at_other.count_ones() < at_home.count_ones() {
            true => (places.other, at_other),
            false => (places.home, at_home),
        };
        put(&mut self.bucket_mut(at)[first(!remembered & HIGHEST_BITS)], slot);
    }

    /// The same where both buckets are full or keys have left the other.
    #[inline(never)]
    fn insert_beyond(&mut self, key: S, places: Places, tag: Tag, now: Now) -> Insertion<S> {
        let [in_home, in_other] = [places.home, places.other].map(|at| lows(self.bucket(at)));
        if now.remembers(stamp(in_other)) && self.is_beyond(key, places, now) {
            return Insertion::Known;
        }
        let [at_home, at_other] = [in_home, in_other].map(|lows| now.remembered(lows));
        if at_home & at_other == Self::ALL {
            return self.push(key.with_low(tag), places.other, now);
        }
        self.put_into_either(key.with_low(tag), places, at_home, at_other);
        Insertion::Fresh
    }

    /// Gives `key`, whose low bits are 0, a later `tag` than it has, if it is there and remembered. The tag that it had.
    pub(super) fn refresh(&mut self, key: S, places: Places, tag: Tag, now: Now) -> Option<Tag> {
        let beyond = places.other..=places.home + self.reach;
        for at in std::iter::once(places.home).chain(beyond) {
            let bucket = self.bucket(at);
            let lows = lows(bucket);
            if let Some(slot) = position(bucket, key, now.remembered(lows)) {
                let had = bucket[slot].tag();
                if now.is_older(had, tag) {
                    let slot = &mut self.bucket_mut(at)[slot];
                    put(slot, slot.untagged().with_low(tag));
                    (places.other..at).for_each(|passed| self.stamp_passed(passed, tag, now));
                }
                return Some(had);
            }
            if at != places.home && !now.remembers(stamp(lows)) {
                return None;
            }
        }
        None
    }

    /// A key with `tag` stands in a bucket after this one, and belongs here or before.
    fn stamp_passed(&mut self, bucket: usize, tag: Tag, now: Now) {
        let bucket = self.bucket_mut(bucket);
        let before = stamp(lows(bucket));
        if !now.remembers(before) || now.is_older(before, tag) {
            set_stamp(bucket, tag);
        }
    }

    /// Hashes of the slots whose home is `from` or after it, and whose tag is remembered and not older than `oldest`.
    pub(super) fn hashes(&self, from: usize, oldest: Tag, now: Now) -> impl Iterator<Item = u64> + '_ {
        (from..self.buckets())
            .flat_map(|at| self.bucket(at).iter().map(move |slot| (at, *slot)))
            .filter(move |(_, slot)| now.remembers(slot.tag()) && !now.is_older(slot.tag(), oldest))
            .map(|(at, slot)| self.hash(slot, at))
            .filter(move |hash| self.home(*hash) >= from)
    }

    /// Puts a slot into the bucket `from`, its other, and what has to leave there for it into where that may be.
    #[inline(always)]
    fn push(&mut self, slot: S, from: usize, now: Now) -> Insertion<S> {
        let (mut at, mut carried) = (from, slot);
        loop {
            let bucket = self.bucket_mut(at);
            let lows = lows(bucket);
            let remembered = now.remembered(lows);
            if remembered != Self::ALL {
                put(&mut bucket[first(!remembered & HIGHEST_BITS)], carried);
                return Insertion::Fresh;
            }
            let mut oldest = carried.tag();
            let mut leaves = None;
            for (slot, at) in bucket.iter().zip(0..) {
                if now.is_older(slot.tag(), oldest) {
                    (oldest, leaves) = (slot.tag(), Some(at));
                }
            }
            if let Some(leaves) = leaves {
                let slot: &mut S = &mut bucket[leaves];
                let left = slot.untagged().with_low(oldest);
                put(slot, carried);
                carried = left;
            }
            let hash = self.hash(carried, at);
            let mut places = self.places(hash);
            if at == places.home + self.reach {
                // As far as it may go: it takes the place of the one here that may go furthest.
                let (further, others) = self.furthest(at);
                if others.home == places.home {
                    return Insertion::NoRoom(hash, carried);
                }
                let slot = &mut self.bucket_mut(at)[further];
                let left = slot.untagged().with_low(slot.tag());
                put(slot, carried);
                (carried, places) = (left, others);
            }
            if at == places.home {
                at = places.other;
                continue;
            }
            self.stamp_passed(at, carried.tag(), now);
            at += 1;
        }
    }

    /// The slot of a full bucket whose home is furthest on, and where it belongs.
    #[cold]
    fn furthest(&self, at: usize) -> (usize, Places) {
        let places = self.bucket(at).iter().map(|slot| self.places(self.hash(*slot, at)));
        places.enumerate().max_by_key(|(_, places)| places.home).expect("a bucket has slots")
    }

    /// Empties the slots that are forgotten, of up to `count` buckets from `from`. Gives the first bucket that was
    /// not visited.
    pub(super) fn tidy(&mut self, from: usize, count: usize, now: Now) -> usize {
        let stop = from.saturating_add(count).min(self.buckets());
        let mut at = from;
        while at < stop {
            let chunk = at >> self.chunk_bits;
            let end = ((chunk + 1) << self.chunk_bits).min(stop);
            if let Some(slots) = &mut self.chunks[chunk] {
                let first = at & ((1 << self.chunk_bits) - 1);
                let visited = &mut slots[first * Self::WIDTH..(first + end - at) * Self::WIDTH];
                visited.chunks_exact_mut(Self::WIDTH).for_each(|bucket| tidy(bucket, now));
            }
            at = end;
        }
        stop
    }

    /// Hands every remembered slot whose home is one of `count` from `from` to `each`, with its hash, and gives back what
    /// memory is not needed for others. Gives the first home that was not visited, or [`buckets`](Layout::buckets).
    pub(super) fn drain(
        &mut self,
        from: usize,
        count: usize,
        now: Now,
        mut each: impl FnMut(u64, S),
    ) -> usize {
        let stop = from.saturating_add(count).min(self.homes);
        let mut at = from;
        while at < stop {
            let chunk = at >> self.chunk_bits;
            let whole = (chunk + 1) << self.chunk_bits;
            self.each_of(at..whole.min(stop), now, &mut each);
            if whole <= stop {
                self.chunks[chunk] = None;
            }
            at = whole;
        }
        if stop == self.homes { self.buckets() } else { stop }
    }

    /// Hands every remembered slot whose home is one of `homes` to `each`, with its hash. The more homes at once, the fewer
    /// buckets for each of them: as many after the last have to be looked at for one as for a hundred.
    fn each_of(&self, homes: Range<usize>, now: Now, each: &mut impl FnMut(u64, S)) {
        let Some(last) = homes.clone().last() else { return };
        for at in homes.start..=last + self.reach {
            let bucket = self.bucket(at);
            for slot in bucket.iter().filter(|slot| now.remembers(slot.tag())) {
                let hash = self.hash(*slot, at);
                if homes.contains(&self.home(hash)) {
                    each(hash, *slot);
                }
            }
            if at >= last + OTHERS && !now.remembers(stamp(lows(bucket))) {
                return;
            }
        }
    }

    /// The hash of a slot that is in the bucket `at`.
    #[inline(always)]
    fn hash(&self, slot: S, at: usize) -> u64 {
        slot.hash((at as u64 + 1).saturating_mul(self.stride))
    }

    /// Puts a slot of another layout into this one, which is enlarged if it has no room.
    pub(super) fn take(&mut self, hash: u64, slot: S, now: Now) {
        let (mut hash, mut slot) = (hash, slot);
        while let Insertion::NoRoom(left, over) =
            self.insert(slot.untagged(), self.places(hash), slot.tag(), now)
        {
            *self = self.enlarged(now);
            (hash, slot) = (left, over);
        }
    }

    /// The same with twice the slots, made at once: for keys that fall so unevenly that those of one home are out of reach.
    fn enlarged(&self, now: Now) -> Self {
        let mut larger = self.resized(self.slots() * 2);
        self.each_of(0..self.homes, now, &mut |hash, slot| larger.take(hash, slot, now));
        larger
    }

    /// Gives all memory back.
    pub(super) fn clear(&mut self) {
        self.chunks.fill_with(|| None);
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        let list = self.chunks.capacity() * size_of::<Option<Piece<S>>>();
        self.chunks.iter().flatten().map(Piece::bytes).sum::<u64>() + list as u64
    }

    /// The slots of a bucket; none where nothing was ever written.
    #[inline(always)]
    fn bucket(&self, at: usize) -> &[S] {
        match self.chunks.get(at >> self.chunk_bits) {
            Some(Some(chunk)) => {
                let first = (at & ((1 << self.chunk_bits) - 1)) * Self::WIDTH;
                &chunk[first..first + Self::WIDTH]
            }
            _ => &[],
        }
    }

    /// The same, allocated if it was not.
    #[inline(always)]
    fn bucket_mut(&mut self, at: usize) -> &mut [S] {
        let (slots, pages) = (Self::WIDTH << self.chunk_bits, self.pages);
        let chunk = self.chunks[at >> self.chunk_bits].get_or_insert_with(|| Piece::on(pages, slots));
        let first = (at & ((1 << self.chunk_bits) - 1)) * Self::WIDTH;
        &mut chunk[first..first + Self::WIDTH]
    }
}

/// The low bits of all slots of a bucket, a byte each.
#[inline(always)]
fn lows<S: Slot>(bucket: &[S]) -> u64 {
    bucket.iter().zip(0..).fold(0, |lows, (slot, at)| lows | u64::from(slot.low()) << (8 * at))
}

/// The first of bytes whose highest bit is marked.
#[inline(always)]
fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// Whether a key, whose low bits are 0, is in one of the slots that are `remembered`.
#[inline(always)]
fn known<S: Slot>(bucket: &[S], key: S, remembered: u64) -> bool {
    position(bucket, key, remembered).is_some()
}

/// The slot, of those that are `remembered`, with a key, whose low bits are 0. Which one it is cannot be foreseen, so there
/// is no branch but for whether there is any.
#[inline(always)]
fn position<S: Slot>(bucket: &[S], key: S, remembered: u64) -> Option<usize> {
    // They differ in nothing but the low bits.
    let same = bucket
        .iter()
        .zip(0..)
        .fold(0, |same, (slot, at)| same | u64::from(slot.word() ^ key.word() < 256) << (8 * at + 7));
    // The low word is the same: hardly ever is the rest not.
    let mut likely = same & remembered;
    while likely != 0 {
        if bucket[first(likely)].untagged() == key {
            return Some(first(likely));
        }
        likely &= likely - 1;
    }
    None
}

/// Writes a key and its tag into a slot, and leaves the slot's part of the stamp.
#[inline(always)]
fn put<S: Slot>(slot: &mut S, content: S) {
    *slot = content.with_low(slot.low() & !TAG_MASK);
}

/// The tag that the first three slots of a bucket spell with two bits each.
#[inline(always)]
fn stamp(lows: u64) -> Tag {
    (lows >> 6 & 0x03 | lows >> 12 & 0x0c | lows >> 18 & 0x30) as Tag
}

fn set_stamp<S: Slot>(bucket: &mut [S], stamp: Tag) {
    for (slot, at) in bucket.iter_mut().take(3).zip(0..) {
        *slot = slot.untagged().with_low(slot.tag() | (stamp >> (2 * at) & 3) << 6);
    }
}

/// Empties slots that are forgotten, and a stamp that is. Nothing is written where there are none.
#[inline(always)]
fn tidy<S: Slot>(bucket: &mut [S], now: Now) {
    let lows = lows(bucket);
    let (remembered, stamp) = (now.remembered(lows), stamp(lows));
    let stamp_is_over = stamp != 0 && !now.remembers(stamp);
    if used(lows) == remembered && !stamp_is_over {
        return;
    }
    let keep = if stamp_is_over { 0 } else { !TAG_MASK };
    for slot in bucket {
        let tag = slot.tag();
        let there = if now.remembers(tag) { slot.untagged().with_low(tag) } else { S::default() };
        *slot = there.with_low(slot.low() & keep);
    }
}
