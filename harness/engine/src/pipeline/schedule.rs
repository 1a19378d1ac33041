//! What is on its way: publishes and marks that take their time, pings that will be delivered again, and faults.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use dedup_strategies::{DeliveryId, Timestamp};
use dedup_stream::stream::Event;

use super::WorkerId;
use super::batch::{BatchId, Pool};
use super::leases::{Lease, Leases};

/// Pings of one batch that were let through by `worker`. As small as it is, it is passed on in a register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publish {
    pub(super) worker: WorkerId,
    pub(super) batch: BatchId,
}

/// A ping that was not acked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redelivery {
    pub(super) event: Event,
    pub(super) attempt: u32,
    pub(super) copy: Copy,
}

/// What a redelivery is to the delivery before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    /// The same once more: nothing had been decided.
    Same,
    /// A copy of its own: the one before had been published or dropped.
    Another,
}

/// Something that happens at its time.
#[derive(Debug)]
pub(super) enum Scheduled {
    /// A publish ends.
    Publish(Publish),
    /// A second job marks what it has read back.
    Mark(Publish),
    /// The source delivers a ping again.
    Redelivery(Box<Redelivery>),
    /// The deadline of a delivery passes.
    Deadline(Box<Lease>),
    /// A fault begins.
    Begin(usize),
    /// A fault ends.
    End(usize),
}

/// What happens later.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Publishes take equally long, so they end in the order in which they began. Those that do not are among the rest.
    publishes: VecDeque<(Timestamp, Publish)>,
    rest: BinaryHeap<Reverse<Due>>,
    /// Deadlines that nobody extends.
    pub(super) leases: Leases,
    asked: u64,
    /// The earliest of all, kept so that it costs nothing to ask; the end of time where there is none.
    next_due: Timestamp,
}

/// Ordered by time, then by the order in which it was asked for.
#[derive(Debug)]
struct Due {
    at: Timestamp,
    order: u64,
    what: Scheduled,
}

impl Schedule {
    pub(super) fn new() -> Schedule {
        Schedule {
            publishes: VecDeque::new(),
            rest: BinaryHeap::new(),
            leases: Leases::default(),
            asked: 0,
            next_due: Timestamp::END,
        }
    }

    #[inline]
    pub(super) fn publish(&mut self, at: Timestamp, publish: Publish) {
        if self.publishes.back().is_some_and(|(last, _)| *last > at) {
            return self.add(at, Scheduled::Publish(publish));
        }
        self.publishes.push_back((at, publish));
        self.next_due = self.next_due.min(at);
    }

    pub(super) fn add(&mut self, at: Timestamp, what: Scheduled) {
        self.asked += 1;
        self.rest.push(Reverse(Due { at, order: self.asked, what }));
        self.next_due = self.next_due.min(at);
    }

    /// The source waits for a delivery until its deadline.
    pub(super) fn lease(&mut self, delivery: DeliveryId, lease: Lease) {
        self.leases.insert(delivery, lease);
        self.next_due = self.next_due.min(lease.until);
    }

    /// It waits no longer; false where the deadline has passed, or there was none.
    pub(super) fn end_lease(&mut self, delivery: DeliveryId) -> bool {
        let waited = self.leases.remove(delivery);
        if waited.is_some_and(|lease| lease.until <= self.next_due) {
            self.next_due = self.earliest();
        }
        waited.is_some()
    }

    /// When the next thing happens; the end of time if nothing will.
    #[inline]
    pub(super) fn next_due(&self) -> Timestamp {
        self.next_due
    }

    /// What is due at `now`.
    #[inline]
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Scheduled> {
        if self.next_due > now {
            return None;
        }
        let publish = self.publishes.pop_front_if(|(at, _)| *at <= now);
        let what = match publish {
            Some((_, publish)) => Some(Scheduled::Publish(publish)),
            None => self.take_rest(now),
        };
        self.next_due = self.earliest();
        what
    }

    fn take_rest(&mut self, now: Timestamp) -> Option<Scheduled> {
        let due = self.rest.peek().is_some_and(|Reverse(due)| due.at <= now);
        match due {
            true => self.rest.pop().map(|Reverse(due)| due.what),
            false => self.leases.take_passed(now).map(|lease| Scheduled::Deadline(Box::new(lease))),
        }
    }

    fn earliest(&self) -> Timestamp {
        let publish = self.publishes.front().map_or(Timestamp::END, |(at, _)| *at);
        let rest = self.rest.peek().map_or(Timestamp::END, |Reverse(due)| due.at);
        publish.min(rest).min(self.leases.next())
    }

    /// Leaves the publishes of a worker that died at `now` without anybody who hears of their end; gives their batches.
    pub(super) fn orphan(&self, pool: &mut Pool, worker: WorkerId, now: Timestamp) -> Vec<BatchId> {
        let among_the_rest = self.rest.iter().filter_map(|Reverse(due)| match due.what {
            Scheduled::Publish(publish) => Some(publish),
            _ => None,
        });
        let all = self.publishes.iter().map(|(_, publish)| *publish).chain(among_the_rest);
        let its_own = all.filter(|publish| publish.worker == worker).map(|publish| publish.batch);
        let orphans: Vec<BatchId> = its_own.filter(|batch| pool[*batch].orphaned.is_none()).collect();
        orphans.iter().for_each(|batch| pool[*batch].orphaned = Some(now));
        orphans
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
