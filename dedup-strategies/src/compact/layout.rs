//! An array of slots in the order of their hashes, in chunks, with gaps.

use super::slot::{Slot, Tag, TagSet};
use crate::hardware::{CACHE_LINE, Pages, Table, prefetch};

/// The fewest places of a layout. With fewer, the slots that a search meets could come from more than a 128th of the
/// table, which is how far apart the order of two slots can be told (see [`Slot`]).
const FEWEST_PLACES: usize = 1 << 15;

/// Chunks that a layout is made of: what is added to memory while one layout takes the place of another is one chunk
/// in each, so many are better; and each should be large enough for huge pages, so few are.
const CHUNKS: usize = 64;

/// The largest chunk, in slots.
const LARGEST_CHUNK: usize = 1 << 22;

/// Slots after the last place, for what is pushed beyond it. If they do not do, one more chunk is added.
const MARGIN: usize = 256;

/// A hash table with linear probing whose slots are in the order of their hashes.
///
/// A slot belongs at its *place*, its hash in proportion to the number of places, and stands there or a little to the
/// right: no slot between the two is empty, and no slot has a smaller hash than the one before it. So a search ends at
/// the first larger hash, whether the key is there or not, and slots of forgotten keys do it no harm.
///
/// The array is cut into chunks, which are allocated when they are first written to and can be given back one by one.
#[derive(Debug)]
pub(super) struct Layout<S> {
    chunks: Vec<Option<Table<S>>>,
    chunk_bits: u32,
    places: usize,
    /// Hashes that belong to one place.
    stride: u64,
    /// What chunks are asked for.
    pages: Pages,
}

/// Where a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The key is in this slot, remembered or not.
    Here(usize, Tag),
    /// It is not there, and this is the slot from which others would have to move to the right to make room for it.
    Nowhere(usize),
}

impl<S: Slot> Layout<S> {
    /// An empty layout of at least `places`; nothing is allocated yet.
    pub(super) fn new(places: usize, pages: Pages) -> Self {
        let wanted = places.max(FEWEST_PLACES) + MARGIN;
        let chunk = (wanted / CHUNKS).next_power_of_two().min(LARGEST_CHUNK);
        let chunks = wanted.div_ceil(chunk);
        let places = chunks * chunk - MARGIN;
        Layout {
            chunks: (0..chunks).map(|_| None).collect(),
            chunk_bits: chunk.ilog2(),
            places,
            stride: u64::MAX / places as u64,
            pages,
        }
    }

    /// An empty layout of other size on the same pages.
    pub(super) fn resized(&self, places: usize) -> Self {
        Layout::new(places, self.pages)
    }

    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// One past the last slot.
    pub(super) fn end(&self) -> usize {
        self.chunks.len() << self.chunk_bits
    }

    /// Where a slot with this hash belongs.
    #[inline(always)]
    pub(super) fn place(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.places as u128) >> 64) as usize
    }

    /// Fetches the cache lines in which a search that begins at `at` will most likely end.
    #[inline(always)]
    pub(super) fn prefetch(&self, at: usize) {
        let slots = self.tail(at);
        if let Some(first) = slots.first() {
            prefetch(first);
        }
        if let Some(next) = slots.get(CACHE_LINE / size_of::<S>()) {
            prefetch(next);
        }
    }

    /// Looks for `key`, whose tag is 0, from its place on.
    #[inline]
    pub(super) fn find(&self, key: S, place: usize) -> Found {
        let mut at = place;
        loop {
            let slots = self.tail(at);
            for (offset, slot) in slots.iter().enumerate() {
                let tag = slot.tag();
                if tag == 0 {
                    return Found::Nowhere(at + offset);
                }
                match slot.order(key) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => return Found::Here(at + offset, tag),
                    std::cmp::Ordering::Greater => return Found::Nowhere(at + offset),
                }
            }
            if slots.is_empty() {
                return Found::Nowhere(at);
            }
            at += slots.len();
        }
    }

    /// Puts `slot` at `at`, and what was there one to the right, and so on up to a slot whose tag is in `free`, which
    /// is written over. Gives that slot's tag.
    #[inline]
    pub(super) fn insert(&mut self, at: usize, slot: S, free: TagSet) -> Tag {
        let (mut at, mut carried) = (at, slot);
        loop {
            let slots = self.tail_mut(at);
            for place in slots.iter_mut() {
                let pushed = std::mem::replace(place, carried);
                if free.contains(pushed.tag()) {
                    return pushed.tag();
                }
                carried = pushed;
            }
            at += slots.len();
        }
    }

    /// Writes a slot that is in use.
    pub(super) fn set(&mut self, at: usize, slot: S) {
        self.tail_mut(at)[0] = slot;
    }

    /// Visits `count` slots from `from`, and a few more: gives up those whose tag is in `dead`, and moves what follows
    /// them back to where it belongs, as far as that is free. Gives the first slot that was not visited.
    pub(super) fn tidy(
        &mut self,
        from: usize,
        count: usize,
        dead: TagSet,
        mut gave_up: impl FnMut(Tag),
    ) -> usize {
        let stop = from.saturating_add(count).min(self.end());
        let mut at = from;
        while at < stop {
            at = self.next_dead(at, stop, dead);
            if at < stop {
                at = self.close_gap(at, dead, &mut gave_up);
            }
        }
        at
    }

    /// The first slot from `at` whose tag is in `dead`, or `stop`.
    fn next_dead(&self, at: usize, stop: usize, dead: TagSet) -> usize {
        let mut at = at;
        while at < stop {
            let chunk_end = ((at >> self.chunk_bits) + 1) << self.chunk_bits;
            let mut slots = self.tail(at).iter().take(stop - at);
            if let Some(offset) = slots.position(|slot| dead.contains(slot.tag())) {
                return at + offset;
            }
            at = chunk_end;
        }
        stop
    }

    /// Gives up the dead slot at `at` and goes on to the right until no slot could move to the left any more.
    fn close_gap(&mut self, at: usize, dead: TagSet, gave_up: &mut impl FnMut(Tag)) -> usize {
        let (mut read, mut write) = (at, at);
        loop {
            // All but a few gaps close within their chunk, where no slot has to be looked up through the list of chunks.
            if read >> self.chunk_bits == write >> self.chunk_bits {
                (read, write) = self.close_in_chunk(read, write, dead, gave_up);
            } else {
                (read, write) = self.close_one(read, write, dead, gave_up);
            }
            if write == read {
                return read;
            }
        }
    }

    /// Goes on from `read`, with the slots from `write` to it empty, to the end of the chunk or of the gap. Gives both
    /// anew: they are the same when the gap is closed.
    fn close_in_chunk(
        &mut self,
        read: usize,
        write: usize,
        dead: TagSet,
        gave_up: &mut impl FnMut(Tag),
    ) -> (usize, usize) {
        let size = 1usize << self.chunk_bits;
        let start = read & !(size - 1);
        let (places, stride) = (self.places, self.stride);
        let slots = self.tail_mut(start);
        let (mut read, mut write) = (read - start, write - start);
        while read < size {
            let slot = slots[read];
            let tag = slot.tag();
            if tag == 0 {
                return (start + read, start + read);
            }
            slots[read] = S::default();
            if dead.contains(tag) {
                gave_up(tag);
            } else {
                let near = (start + read).min(places - 1) as u64 * stride;
                let place = ((u128::from(slot.hash(near)) * places as u128) >> 64) as usize;
                write = write.max(place.saturating_sub(start));
                slots[write] = slot;
                write += 1;
            }
            read += 1;
            if write == read {
                break;
            }
        }
        (start + read, start + write)
    }

    /// The same for one slot, where the gap began in the chunk before.
    fn close_one(
        &mut self,
        read: usize,
        write: usize,
        dead: TagSet,
        gave_up: &mut impl FnMut(Tag),
    ) -> (usize, usize) {
        let slot = self.get(read);
        let tag = slot.tag();
        if tag == 0 {
            return (read, read);
        }
        self.set(read, S::default());
        if dead.contains(tag) {
            gave_up(tag);
            return (read + 1, write);
        }
        let target = self.place(slot.hash(self.hash_near(read))).max(write);
        self.set(target, slot);
        (read + 1, target + 1)
    }

    /// Takes out all slots from `from` on, `count` of them and then up to the next empty one, and hands each that is
    /// in use to `each`, with its hash. Gives the first slot that was not taken: whatever belongs before it is out.
    pub(super) fn drain(&mut self, from: usize, count: usize, mut each: impl FnMut(u64, S)) -> usize {
        let enough = from.saturating_add(count);
        let mut at = from;
        while at < self.end() {
            let chunk = at >> self.chunk_bits;
            let chunk_end = (chunk + 1) << self.chunk_bits;
            let mut near = self.hash_near(at);
            let mut stopped = None;
            for (slot, at) in self.tail(at).iter().zip(at..) {
                if slot.tag() != 0 {
                    each(slot.hash(near), *slot);
                } else if at >= enough {
                    stopped = Some(at + 1);
                    break;
                }
                near = near.saturating_add(self.stride);
            }
            at = stopped.unwrap_or(chunk_end);
            if at == chunk_end {
                self.chunks[chunk] = None;
            }
            if stopped.is_some() || (at >= enough && self.tail(at).is_empty()) {
                break;
            }
        }
        at
    }

    /// Gives all memory back.
    pub(super) fn clear(&mut self) {
        self.chunks.fill_with(|| None);
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        let list = self.chunks.capacity() * size_of::<Option<Table<S>>>();
        self.chunks.iter().flatten().map(Table::bytes).sum::<u64>() + list as u64
    }

    /// A hash that belongs to the place `at`, or to the last one.
    fn hash_near(&self, at: usize) -> u64 {
        at.min(self.places - 1) as u64 * self.stride
    }

    fn get(&self, at: usize) -> S {
        self.tail(at).first().copied().unwrap_or_default()
    }

    /// The slots from `at` to the end of its chunk; none where nothing was ever written.
    #[inline(always)]
    fn tail(&self, at: usize) -> &[S] {
        match self.chunks.get(at >> self.chunk_bits) {
            Some(Some(chunk)) => &chunk[at & ((1 << self.chunk_bits) - 1)..],
            _ => &[],
        }
    }

    /// The same, allocated if it was not.
    #[inline(always)]
    fn tail_mut(&mut self, at: usize) -> &mut [S] {
        let (chunk, size, pages) = (at >> self.chunk_bits, 1 << self.chunk_bits, self.pages);
        if chunk >= self.chunks.len() {
            self.chunks.resize_with(chunk + 1, || None);
        }
        &mut self.chunks[chunk].get_or_insert_with(|| Table::on(pages, size))[at & (size - 1)..]
    }
}
