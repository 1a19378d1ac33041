//! What is on its way: publishes that take their time, and pings that will be delivered again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use dedup_strategies::{PingKey, Timestamp};

use super::batch::BatchId;
use crate::stream::Event;

/// Pings of one batch that were let through by `worker`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publish {
    pub(super) worker: usize,
    pub(super) batch: BatchId,
}

/// A ping that was not acked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redelivery {
    pub(super) key: PingKey,
    pub(super) event: Event,
    pub(super) attempt: u32,
}

/// What happens later.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Every publish takes equally long, so they end in the order in which they began.
    publishes: VecDeque<(Timestamp, Publish)>,
    redeliveries: BinaryHeap<Reverse<Due>>,
    asked: u64,
}

/// Ordered by time, then by the order in which it was asked for.
#[derive(Debug)]
struct Due {
    at: Timestamp,
    order: u64,
    redelivery: Redelivery,
}

impl Schedule {
    pub(super) fn publish(&mut self, at: Timestamp, publish: Publish) {
        self.publishes.push_back((at, publish));
    }

    pub(super) fn redeliver(&mut self, at: Timestamp, redelivery: Redelivery) {
        self.asked += 1;
        self.redeliveries.push(Reverse(Due { at, order: self.asked, redelivery }));
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let publish = self.publishes.front().map(|(at, _)| *at);
        let redelivery = self.redeliveries.peek().map(|Reverse(due)| due.at);
        match (publish, redelivery) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    pub(super) fn publish_due(&mut self, now: Timestamp) -> Option<Publish> {
        self.publishes.pop_front_if(|(at, _)| *at <= now).map(|(_, publish)| publish)
    }

    pub(super) fn redelivery_due(&mut self, now: Timestamp) -> Option<Redelivery> {
        let due = self.redeliveries.peek().is_some_and(|Reverse(due)| due.at <= now);
        due.then(|| self.redeliveries.pop().map(|Reverse(due)| due.redelivery)).flatten()
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}
