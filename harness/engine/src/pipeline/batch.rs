//! Batches of pings, and the pool that they come from.

use std::ops::{Index, IndexMut};

use dedup_strategies::{DeliveryId, Ping, Timestamp};
use dedup_stream::stream::Event;
use dedup_stream::truth::Covered;

/// Pings that are judged together, and the truth about each, in the same order. The same lists carry them on to the
/// publish, so that a ping is copied once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) pings: Vec<Ping>,
    pub(super) events: Vec<Event>,
    /// Whether the promise covers each; filled once they are judged.
    pub(super) covered: Vec<Covered>,
    /// Deliveries that are not their ping's first; rare, so kept apart.
    repeated: Vec<(DeliveryId, u32)>,
    /// When the worker died that waits for their publish: what is on the wire arrives, but nobody hears of it.
    pub(super) orphaned: Option<Timestamp>,
    /// How often it was tried in vain to publish them, where only their worker has them.
    pub(super) publishes_failed: u32,
    /// How often it was tried in vain to mark them.
    pub(super) marks_failed: u32,
}

impl Batch {
    /// Adds a ping that comes for the `attempt`th time, from 1.
    #[inline(always)]
    pub(super) fn push(&mut self, ping: Ping, event: &Event, attempt: u32) {
        if attempt != 1 {
            self.repeated.push((ping.delivery, attempt));
        }
        self.pings.push(ping);
        self.events.push(*event);
    }

    /// Which attempt at its ping a delivery is, from 1.
    #[inline]
    pub(super) fn attempt(&self, delivery: DeliveryId) -> u32 {
        self.repeated.iter().find(|(other, _)| *other == delivery).map_or(1, |(_, attempt)| *attempt)
    }

    /// Whether any delivery is not its ping's first.
    pub(super) fn has_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }

    /// Moves the ping at `from` to `to`, over what was there.
    #[inline]
    pub(super) fn shift(&mut self, from: usize, to: usize) {
        if from != to {
            self.pings[to] = self.pings[from];
            self.events[to] = self.events[from];
            self.covered[to] = self.covered[from];
        }
    }

    /// Drops all but the first `count` pings.
    pub(super) fn keep_first(&mut self, count: usize) {
        self.pings.truncate(count);
        self.events.truncate(count);
        self.covered.truncate(count);
    }
}

/// Names a batch of a [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchId(u32);

/// Keeps the memory of batches that have ended. Batches are passed on by id: moving them about is what a pipeline of
/// batches of one ping would spend its time on.
#[derive(Debug, Default)]
pub(super) struct Pool {
    batches: Vec<Batch>,
    free: Vec<BatchId>,
}

impl Pool {
    /// An empty batch.
    pub(super) fn lend(&mut self) -> BatchId {
        self.free.pop().unwrap_or_else(|| {
            self.batches.push(Batch::default());
            BatchId(self.batches.len() as u32 - 1)
        })
    }

    /// Takes back a batch with whatever it holds.
    pub(super) fn give_back(&mut self, id: BatchId) {
        let batch = &mut self[id];
        batch.keep_first(0);
        batch.repeated.clear();
        (batch.orphaned, batch.publishes_failed, batch.marks_failed) = (None, 0, 0);
        self.free.push(id);
    }
}

impl Index<BatchId> for Pool {
    type Output = Batch;

    fn index(&self, id: BatchId) -> &Batch {
        &self.batches[id.0 as usize]
    }
}

impl IndexMut<BatchId> for Pool {
    fn index_mut(&mut self, id: BatchId) -> &mut Batch {
        &mut self.batches[id.0 as usize]
    }
}
