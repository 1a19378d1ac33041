//! Copies that are still to come.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::event::Id;

/// What all copies of one ping have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// Whether its pings come out: they are of the share that the stream is for.
    pub(super) is_own: bool,
    pub(super) unique: u64,
    pub(super) first_at: u64,
    pub(super) event_time: u64,
    pub(super) id: Id,
}

/// A cause's copies of one ping, of which the next is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    /// Which family.
    pub(super) family: u32,
    /// Index of the cause among the scenario's.
    pub(super) cause: u8,
    /// Whether its copies are duplicates, so that the family is not done before they have come.
    pub(super) true_copies: bool,
    /// Copies that came before the one that is due.
    pub(super) step: u32,
    /// Copies to come, the one that is due among them.
    pub(super) left: u32,
    /// Where lags are counted from the first copy: the share of lags that are longer than the due copy's.
    pub(super) tail: f64,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: u64,
    /// Breaks ties, so that equal times come in the order in which they became known.
    order: u64,
    series: Series,
}

#[derive(Debug)]
struct Member {
    family: Family,
    /// Series that refer to it.
    series: u32,
    /// Those of them whose copies are duplicates.
    true_series: u32,
}

/// A copy that has come.
pub(super) struct Arrived {
    pub(super) series: Series,
    pub(super) family: Family,
}

/// One entry for each series, however long it is, and one for each ping that has any.
#[derive(Debug, Default)]
pub(super) struct Pending {
    due: BinaryHeap<Reverse<Due>>,
    members: Vec<Member>,
    free: Vec<u32>,
    order: u64,
}

impl Pending {
    /// When the next copy is due; `u64::MAX` if none is.
    #[inline]
    pub(super) fn next_at(&self) -> u64 {
        self.due.peek().map_or(u64::MAX, |due| due.0.at)
    }

    /// Adds a ping that will be repeated; [`add`](Self::add) at least one series to it at once.
    pub(super) fn adopt(&mut self, family: Family) -> u32 {
        let member = Member { family, series: 0, true_series: 0 };
        match self.free.pop() {
            Some(slot) => {
                self.members[slot as usize] = member;
                slot
            }
            None => {
                self.members.push(member);
                u32::try_from(self.members.len() - 1)
                    .expect("a scenario has far fewer pings pending than 2^32")
            }
        }
    }

    /// Adds a series whose first copy is due at `at`.
    pub(super) fn add(&mut self, at: u64, series: Series) {
        let member = &mut self.members[series.family as usize];
        member.series += 1;
        member.true_series += u32::from(series.true_copies);
        self.due.push(Reverse(Due { at, order: self.order, series }));
        self.order += 1;
    }

    /// Whether another true copy of this family is known to come.
    pub(super) fn has_true_copies(&self, slot: u32) -> bool {
        self.members[slot as usize].true_series > 0
    }

    /// Takes the copy that is due; `following` says when the next of its series is, and makes the series ready for it.
    /// The flag says whether another true copy of the same ping is known to come.
    pub(super) fn take(
        &mut self,
        following: impl FnOnce(&mut Series, &Family) -> Option<u64>,
    ) -> Option<(Arrived, bool)> {
        let mut top = self.due.peek_mut()?;
        let series = top.0.series;
        let member = &mut self.members[series.family as usize];
        let family = member.family;
        match following(&mut top.0.series, &family) {
            Some(at) => {
                top.0.at = at;
                top.0.order = self.order;
                self.order += 1;
            }
            None => {
                PeekMut::pop(top);
                member.series -= 1;
                member.true_series -= u32::from(series.true_copies);
                if member.series == 0 {
                    self.free.push(series.family);
                }
            }
        }
        Some((Arrived { series, family }, member.true_series > 0))
    }

    /// Pings that wait to be repeated.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.members.len() - self.free.len()
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}
