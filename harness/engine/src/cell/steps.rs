//! Signs of life: that the thread which does a cell's work goes on, told to the parent by another thread.
//!
//! A step is anything that the work is done with: a batch, a delivery, a point of virtual time. The work only counts it, which
//! costs next to nothing even where every ping is a batch of its own. How many pings there are in how much time says nothing
//! of whether a strategy hangs; a clock does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::alloc;

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Steps made so far. A process is one cell, and one thread does its work.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Bits of the share of the work that is done.
static SHARE: AtomicU64 = AtomicU64::new(0);

/// A step was made.
pub(super) fn made() {
    // Two plain accesses: one that is atomic as a whole would cost a batch of one ping as much as judging it.
    MADE.store(MADE.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// A step was made, and this share of the work is done.
pub(super) fn done(share: f64) {
    SHARE.store(share.to_bits(), Ordering::Relaxed);
    made();
}

/// Calls `report` with the share that is done, now and then, from a thread of its own, as long as steps are made.
pub(super) fn report(report: impl Fn(f64) + Send + 'static) {
    alloc::start_thread(move || {
        let mut reported = MADE.load(Ordering::Relaxed);
        loop {
            thread::sleep(REPORT_EVERY);
            let made = MADE.load(Ordering::Relaxed);
            if made != reported {
                reported = made;
                report(f64::from_bits(SHARE.load(Ordering::Relaxed)));
            }
        }
    });
}
