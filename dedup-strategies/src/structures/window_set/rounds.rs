//! The cursor that goes around a table: it empties slots whose time is over, and moves slots to another layout.

use super::ages::SLICES;
use super::layout::Layout;
use super::slot::Tag;
use super::{Slot, WindowSet};
use crate::contract::Timestamp;

/// Slices in which the cursor goes once around the table. Every slot is then visited before the 63 tags begin anew: 32
/// slices after its key came it is still remembered, and a round and a move later that is over.
const SLICES_A_ROUND: usize = 20;

/// The same while slots move to another layout: a move may begin in the middle of a round.
const SLICES_A_MOVE: usize = 8;

/// Buckets visited for each new key while slots move.
const HASTE: usize = 2;

impl<S: Slot> WindowSet<S> {
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
        self.latest = now;
        self.visit(self.due().saturating_sub(self.visited));
    }

    /// Buckets to visit up to the part of the slice that has passed.
    fn due(&self) -> usize {
        self.ages.part(self.latest, self.quota())
    }

    /// Buckets to visit in a slice.
    fn quota(&self) -> usize {
        let slices = if self.next.is_some() { SLICES_A_MOVE } else { SLICES_A_ROUND };
        self.layout.buckets() / slices + 1
    }

    fn begin(&mut self, slice: u64) {
        self.ages.begin(slice);
        self.visited = 0;
        if self.ages.live() == 0 {
            self.forget_all();
        }
    }

    /// Goes on with the round by `count` slots.
    pub(super) fn visit(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let (ages, before) = (&self.ages, self.cursor);
        self.cursor = match &mut self.next {
            None if !ages.has_forgotten() => before.saturating_add(count).min(self.layout.buckets()),
            None => self.layout.tidy(before, count, ages.now()),
            Some(next) => {
                self.layout.drain(before, count, ages.now(), |hash, slot| next.take(hash, slot, ages.now()))
            }
        };
        self.visited += self.cursor - before;
        if self.cursor >= self.layout.buckets() {
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
                if live < self.layout.slots() / 3 && smaller.slots() < self.layout.slots() {
                    self.move_to(smaller);
                }
            }
            None => {}
        }
    }

    /// Counts keys that were inserted, and sees to it that there are slots enough.
    #[inline(always)]
    pub(super) fn count(&mut self, tag: Tag, new: usize) {
        self.ages.add(tag, new);
        if self.next.is_some() {
            self.visit(new * HASTE);
        } else if self.ages.live() * 100 > self.layout.slots() as u64 * self.room.too_full() {
            self.move_to(self.layout.resized(self.room.slots_for(self.ages.live())));
        }
    }

    /// From here on at the pace of a move: what that would have come to in the part of the slice that has passed is not made up
    /// for, which would be a pause that grows with the table.
    fn move_to(&mut self, layout: Layout<S>) {
        self.next = Some(layout);
        self.cursor = 0;
        self.visited = self.due();
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
