//! What a table that is larger than the caches asks of the machine: cache lines fetched ahead of their use, and pages
//! large enough that their addresses are at hand.
//!
//! This is the one file of the crate with `unsafe` in it. A prefetch is an instruction without a safe name, and so
//! is the system call that asks for huge pages; code for wider vectors may only be called where they exist. None of them
//! changes a result: nothing outside this file can tell whether they were heeded but by the clock.
//!
//! What huge pages bring depends on the machine, so there is a measurement of it:
//! `cargo run --release -p dedup-benches --example huge_pages` probes the same table with and without, in turns.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Bytes that the memory system moves at once, on every machine that this is likely to run on. (Apple's are 128.)
pub const CACHE_LINE: usize = 64;

/// Tables smaller than this stay on ordinary pages: an address of theirs is seldom far from one just used.
/// Half a huge page is large enough: neighbours of which each asked for them are one stretch to the system.
const LEAST_HUGE_BYTES: usize = 1 << 20;

/// Bytes of a huge page on the machines that this knows of.
pub const HUGE_PAGE: usize = 2 << 20;

/// Asks for the cache line of `value` to be read in, without waiting for it.
///
/// A hint: it has no effect on what the program computes, and none at all on machines for which nothing is known here.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    let address = std::ptr::from_ref(value).cast::<i8>();
    // SAFETY: a prefetch does not access memory in the sense of the language; it cannot fault, whatever the address.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_prefetch(address, std::arch::x86_64::_MM_HINT_T0);
    }
    // SAFETY: as above. The intrinsic for this instruction is not stable yet.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

/// Does `work` with the widest vectors that the machine is known to have.
///
/// The crate is compiled for the oldest machine of its kind, on which a shift of eight lanes by eight different counts is
/// eight shifts. What is inlined into `work` is compiled a second time for processors with AVX2, and that code is run where
/// there is one. So mark all of it `#[inline(always)]`, the closure that is given here as well: what is called from there is
/// compiled once, for the oldest machine. The result is the same.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
        fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
        {
            // SAFETY: the processor was just asked, and has these features.
            return unsafe { with_avx2(work) };
        }
    }
    work()
}

/// Which pages a table asks the system for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pages {
    /// Huge ones (2 MiB on x86-64) where the system has them and the table is large; the default.
    ///
    /// A random probe of a large table misses not only the caches but also the processor's list of page addresses,
    /// and a lookup of that address is up to four dependent reads before the one that was wanted. With pages 512
    /// times as large, the list reaches 512 times as far.
    #[default]
    Huge,
    /// Ordinary ones, even where the system would give huge ones unasked. For measurements.
    Ordinary,
}

/// A fixed number of values, zero at first, that begins on a cache line.
///
/// The allocator's zeroed memory comes from the system, which provides a page when it is first written to: a large
/// table costs nothing until it is used. It is an ordinary allocation, so that whoever counts those counts this.
#[derive(Debug)]
pub struct Table<T> {
    storage: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Table<T> {
    /// A table of `len` zeros (to be exact: of `T::default()`) on huge pages, if it is large enough to gain by them.
    pub fn new(len: usize) -> Self {
        Table::on(Pages::default(), len)
    }

    /// The same on pages of a kind.
    pub fn on(pages: Pages, len: usize) -> Self {
        // Up to one line less one value is skipped in order to begin on a line.
        let slack = (CACHE_LINE / size_of::<T>().max(1)).saturating_sub(1);
        // For a number that is zero this asks the allocator for memory that is zero already and writes nothing. (Of a struct
        // it cannot know that, and a page stays what it was when it was first written to.)
        let storage = vec![T::default(); len + slack];
        let start = storage.as_ptr().align_offset(CACHE_LINE).min(slack);
        let mut table = Table { storage, start, len };
        let values: &mut [T] = &mut table;
        advise(values.as_mut_ptr().cast(), size_of_val(values), pages);
        table
    }

    /// Bytes that were allocated for it.
    pub fn bytes(&self) -> u64 {
        (self.storage.capacity() * size_of::<T>()) as u64
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Table<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.start..self.start + self.len]
    }
}

/// A piece of a large table: zeros on pages of its own.
///
/// As one of many pieces, a [`Table`] would be on huge pages only in part: the system provides a huge page where all of it
/// belongs to the program already, and a piece that begins anywhere shares its outermost ones with what is allocated
/// later, or never. So a piece of whole huge pages begins on one. Its zeros are written at once.
///
/// What holds from its making to its end, on which every `unsafe` below stands, and which each of them asserts in debug:
/// - `first` was allocated with `layout`, whose size is `len` values of `T` and not zero, and is aligned for `T`;
/// - all `len` values are written, before anybody can reach them;
/// - `T` is `Copy`, so that giving the memory back drops nothing;
/// - nobody else has `first`: it is neither copied nor given away, and references to it borrow the piece.
#[derive(Debug)]
pub struct Piece<T> {
    first: NonNull<T>,
    len: usize,
    layout: Layout,
}

// SAFETY: a piece owns its values as a vector does, and hands out references by the same rules.
unsafe impl<T: Send> Send for Piece<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Piece<T> {}

impl<T: Copy + Default> Piece<T> {
    /// `len` values of `T::default()`, of which there is at least one, on pages of a kind.
    pub fn on(pages: Pages, len: usize) -> Self {
        let layout = Layout::array::<T>(len).and_then(|layout| match layout.size() % HUGE_PAGE {
            0 => layout.align_to(HUGE_PAGE),
            _ => layout.align_to(CACHE_LINE),
        });
        let layout = layout.expect("a piece is smaller than the address space");
        assert!(layout.size() > 0, "a piece of nothing");
        // SAFETY: the size is not zero, as was just asserted.
        let Some(first) = NonNull::new(unsafe { alloc(layout) }.cast::<T>()) else {
            handle_alloc_error(layout)
        };
        // Before it is first written to: that is when the pages are chosen.
        advise(first.as_ptr().cast(), layout.size(), pages);
        let piece = Piece { first, len, layout };
        piece.debug_assert_whole();
        // SAFETY: there is room for `len` values, each of them aligned, and nobody else knows of it.
        (0..len).for_each(|at| unsafe { first.add(at).write(T::default()) });
        piece
    }

    /// Bytes that were allocated for it.
    pub fn bytes(&self) -> u64 {
        self.layout.size() as u64
    }
}

impl<T> Piece<T> {
    /// What can be asked of the numbers: the length is that of the memory, and the memory is aligned.
    #[inline(always)]
    fn debug_assert_whole(&self) {
        debug_assert_eq!(self.len.checked_mul(size_of::<T>()), Some(self.layout.size()));
        debug_assert!(self.layout.size() > 0 && self.layout.align() >= align_of::<T>());
        debug_assert!((self.first.as_ptr() as usize).is_multiple_of(self.layout.align()));
    }
}

impl<T> Drop for Piece<T> {
    fn drop(&mut self) {
        self.debug_assert_whole();
        debug_assert!(!std::mem::needs_drop::<T>());
        // SAFETY: it was allocated with this layout, and nothing borrows from it any more. Its values are `Copy`.
        unsafe { dealloc(self.first.as_ptr().cast(), self.layout) }
    }
}

impl<T> Deref for Piece<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.debug_assert_whole();
        // SAFETY: all `len` values were written when it was made.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for Piece<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        self.debug_assert_whole();
        // SAFETY: as above, and the borrow of the piece is the only one.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr(), self.len) }
    }
}

/// Tells the system which pages to use for `bytes` bytes from `first` on, which are allocated. A refusal is no error: the
/// memory works on any pages.
#[cfg(target_os = "linux")]
fn advise(first: *mut u8, bytes: usize, pages: Pages) {
    use rustix::mm::{Advice, madvise};

    if bytes < LEAST_HUGE_BYTES {
        return;
    }
    let advice = match pages {
        Pages::Huge => Advice::LinuxHugepage,
        Pages::Ordinary => Advice::LinuxNoHugepage,
    };
    // The call takes whole pages: all that hold any of these bytes. Were the first and the last left out, tables that lie
    // side by side would be kept apart, and huge pages that begin in one and end in the next would be impossible.
    let page = rustix::param::page_size();
    let before = first as usize % page;
    let whole = (before + bytes).next_multiple_of(page);
    debug_assert!(page.is_power_of_two() && before <= first as usize);
    debug_assert!(
        (first as usize).checked_add(bytes).is_some(),
        "what is allocated ends within the address space"
    );
    // SAFETY: each of these pages holds some of these bytes, so it is mapped, and this advice changes no content, neither
    // theirs nor that of whatever shares the outermost two.
    let _ = unsafe { madvise(first.wrapping_sub(before).cast(), whole, advice) };
}

/// Elsewhere the system decides.
#[cfg(not(target_os = "linux"))]
fn advise(_first: *mut u8, _bytes: usize, _pages: Pages) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_zero_begins_on_a_line_and_has_the_length_asked_for() {
        for len in [0, 1, 7, 1000, LEAST_HUGE_BYTES / 4 + 3] {
            for pages in [Pages::Huge, Pages::Ordinary] {
                let table = Table::<u32>::on(pages, len);
                assert_eq!(table.len(), len);
                assert_eq!(table.as_ptr() as usize % CACHE_LINE, 0, "{len} words");
                assert!(table.iter().all(|word| *word == 0));
                assert!(table.bytes() < (len * 4 + CACHE_LINE) as u64 + 1);
            }
        }
        assert_eq!(Table::<u128>::new(5).as_ptr() as usize % CACHE_LINE, 0);
    }

    #[test]
    fn what_is_written_is_read_and_prefetching_changes_nothing() {
        let mut table = Table::<u64>::new(LEAST_HUGE_BYTES / 4);
        for (at, word) in table.iter_mut().enumerate() {
            *word = at as u64;
        }
        table.iter().step_by(8).for_each(prefetch);
        assert!(table.iter().enumerate().all(|(at, word)| *word == at as u64));
    }

    #[test]
    fn a_piece_is_zero_and_begins_on_a_huge_page_if_it_is_made_of_them() {
        for (bytes, aligned_to) in [(64, CACHE_LINE), (3 << 19, CACHE_LINE), (2 * HUGE_PAGE, HUGE_PAGE)] {
            for pages in [Pages::Huge, Pages::Ordinary] {
                let mut piece = Piece::<u128>::on(pages, bytes / 16);
                assert_eq!((piece.len(), piece.bytes()), (bytes / 16, bytes as u64));
                assert_eq!(piece.as_ptr() as usize % aligned_to, 0);
                assert!(piece.iter().all(|value| *value == 0));
                piece.fill(7);
            }
        }
    }

    #[test]
    fn advice_for_the_middle_of_an_allocation_keeps_to_it() {
        // Begins and ends inside a page, and is larger than what is left alone.
        let mut bytes = vec![7u8; LEAST_HUGE_BYTES + 20_000];
        let end = bytes.len() - 1234;
        let middle = &mut bytes[4321..end];
        advise(middle.as_mut_ptr(), middle.len(), Pages::Huge);
        assert!(bytes.iter().all(|byte| *byte == 7));
    }
}
