//! Which unique pings a cause touches: found by skipping, without a draw a ping.

use super::random::{Generator, failures};
use crate::scenario::Pick;

/// Picks first arrivals by their index, within a stretch of time.
#[derive(Debug)]
pub(super) struct Picker {
    /// The index of the next picked first arrival; `u64::MAX` where there is none for now.
    next: u64,
    /// When the stretch begins, or, once it has begun, ends; `u64::MAX` where it does not. Nanoseconds since the epoch.
    wake_at: u64,
    closes_at: u64,
    pick: Pick,
    /// First arrivals that a share never picks: those at the start.
    spared: u64,
    picked: u64,
    generator: Generator,
}

impl Picker {
    /// Picks in the stretch `between` (nanoseconds since the epoch), or everywhere.
    pub(super) fn new(pick: Pick, between: Option<(u64, u64)>, generator: Generator) -> Self {
        let (wake_at, closes_at) = between.unwrap_or((0, u64::MAX));
        Picker { next: u64::MAX, wake_at, closes_at, pick, spared: 0, picked: 0, generator }
    }

    /// Picks by a share from this first arrival on.
    pub(super) fn sparing(self, spared: u64) -> Self {
        Picker { spared, ..self }
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn wake_at(&self) -> u64 {
        self.wake_at
    }

    /// Opens or closes: the first arrival with this index comes at `now`, not before `wake_at`.
    pub(super) fn wake(&mut self, index: u64, now: u64) {
        if now >= self.closes_at {
            (self.next, self.wake_at) = (u64::MAX, u64::MAX);
        } else {
            self.wake_at = self.closes_at;
            self.find(index);
        }
    }

    /// Takes the arrival `index` if it is the picked one, and finds the next.
    pub(super) fn take(&mut self, index: u64) -> bool {
        if index != self.next {
            return false;
        }
        self.picked += 1;
        self.find(index + 1);
        true
    }

    fn find(&mut self, from: u64) {
        self.next = match self.pick {
            Pick::Share(share) => from.max(self.spared).saturating_add(failures(&mut self.generator, share)),
            Pick::First(ids) if self.picked < ids => from,
            Pick::First(_) => u64::MAX,
        };
    }
}
