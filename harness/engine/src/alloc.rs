//! Counts the live bytes of a strategy.
//!
//! This is the one file of the harness with `unsafe` code: a global allocator can only be written with it. Every
//! unsafe call passes its arguments on to the system's allocator unchanged, so its contract is our caller's.
//!
//! Counting is off unless [`start_counting`] was called, because shared counters would disturb the time pass. The
//! harness's own threads are not charged but inside [`charged`]; every other thread is the strategy's and is. Freed
//! bytes are credited under the same rule, so memory that the strategy allocates it also has to free.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc;
use std::thread;

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

thread_local! {
    // Const-initialised and without a destructor: reading it never allocates.
    static CHARGED: Cell<bool> = const { Cell::new(true) };
}

/// The system's allocator with a counter in front.
#[derive(Debug)]
pub struct CountingAllocator;

#[cfg(feature = "counting-allocator")]
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Whether this binary counts: not where the `counting-allocator` feature is off.
pub const AVAILABLE: bool = cfg!(feature = "counting-allocator");

/// Counts from now on. The calling thread is the harness's own.
pub fn start_counting() {
    this_thread_is_ours();
    COUNTING.store(true, Ordering::Relaxed);
}

/// Never charges the calling thread.
pub fn this_thread_is_ours() {
    CHARGED.set(false);
}

/// Starts a thread of the harness's own, and comes back once it is never charged: what a thread allocates as it begins
/// would be the strategy's once bytes are counted, or not, as chance has it.
pub fn start_thread(work: impl FnOnce() + Send + 'static) {
    let (began, begins) = mpsc::channel();
    thread::spawn(move || {
        this_thread_is_ours();
        let _ = began.send(());
        work();
    });
    // Only an error, a thread that ended, could come in its place.
    let _ = begins.recv();
}

/// Does `work` on the strategy's account.
pub fn charged<T>(work: impl FnOnce() -> T) -> T {
    let before = CHARGED.replace(true);
    let result = work();
    CHARGED.set(before);
    result
}

/// Bytes allocated on the strategy's account and not yet freed.
pub fn live_bytes() -> u64 {
    LIVE.load(Ordering::Relaxed).max(0) as u64
}

/// The largest value that [`live_bytes`] had.
pub fn peak_bytes() -> u64 {
    PEAK.load(Ordering::Relaxed).max(0) as u64
}

/// Forgets how many there ever were at once but for what there is now.
pub fn forget_peak() {
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
}

fn count(bytes: i64) {
    if COUNTING.load(Ordering::Relaxed) && CHARGED.get() {
        let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if bytes > 0 {
            PEAK.fetch_max(live, Ordering::Relaxed);
        }
    }
}

/// What our callers owe us, and we therefore `System`: sizes above zero, and what is freed or moved was allocated. (A
/// layout is valid by its type.) Not `debug_assert`: an allocator must not unwind, and a message would allocate.
#[inline(always)]
fn debug_check(size: usize, freed: Option<*mut u8>, layout: Layout) {
    let aligned = |ptr: *mut u8| !ptr.is_null() && (ptr as usize).is_multiple_of(layout.align());
    if cfg!(debug_assertions) && (size == 0 || !freed.is_none_or(aligned)) {
        std::process::abort();
    }
}

// SAFETY: each method hands its arguments to `System`, which implements the contract, and returns what that returned.
// Counting touches two atomics and a cell without a destructor: it neither allocates nor panics, at any time of a thread.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        debug_check(layout.size(), None, layout);
        count(layout.size() as i64);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        debug_check(layout.size(), None, layout);
        count(layout.size() as i64);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        debug_check(layout.size(), Some(ptr), layout);
        count(-(layout.size() as i64));
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        debug_check(layout.size().min(new_size), Some(ptr), layout);
        count(new_size as i64 - layout.size() as i64);
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
