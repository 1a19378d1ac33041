//! Signs of life: that the thread which does a cell's work goes on, told to the parent by another thread.
//!
//! A step is anything that the work is done with: a batch, a delivery, a point of virtual time. The work only counts it, which
//! costs next to nothing even where every ping is a batch of its own. How many pings there are in how much time says nothing
//! of whether a strategy hangs; a clock does.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::alloc;

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Steps made so far, by the threads that do the work of a cell, which is what a process is: each counts on its own, or they
/// would wait for each other.
static MADE: [Made; 64] = [const { Made(AtomicU64::new(0)) }; 64];

/// A count on a line of the cache that holds nothing else.
#[repr(align(128))]
struct Made(AtomicU64);

/// Threads so far.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which count is this thread's, from 1; 0 before its first step.
    static MINE: Cell<usize> = const { Cell::new(0) };
}

/// Bits of the share of the work that is done.
static SHARE: AtomicU64 = AtomicU64::new(0);

/// A step was made.
pub(super) fn made() {
    let mine = match MINE.get() {
        0 => begin(),
        mine => mine,
    };
    // Two plain accesses: one that is atomic as a whole would cost a batch of one ping as much as judging it.
    let made = &MADE[mine % MADE.len()].0;
    made.store(made.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

#[cold]
fn begin() -> usize {
    let mine = 1 + THREADS.fetch_add(1, Ordering::Relaxed);
    MINE.set(mine);
    mine
}

fn all_made() -> u64 {
    MADE.iter().fold(0, |sum, made| sum.wrapping_add(made.0.load(Ordering::Relaxed)))
}

/// A step was made, and this share of the work is done.
pub(super) fn done(share: f64) {
    SHARE.store(share.to_bits(), Ordering::Relaxed);
    made();
}

/// Calls `report` with the share that is done, now and then, from a thread of its own, as long as steps are made.
pub(super) fn report(report: impl Fn(f64) + Send + 'static) {
    alloc::start_thread(move || {
        let mut reported = all_made();
        loop {
            thread::sleep(REPORT_EVERY);
            let made = all_made();
            if made != reported {
                reported = made;
                report(f64::from_bits(SHARE.load(Ordering::Relaxed)));
            }
        }
    });
}
