//! Pings on their way to a worker, until there are enough of them or the first has waited long enough.

use std::time::Duration;

use dedup_strategies::{Ping, Routing, Timestamp, worker_of};
use dedup_stream::scenario::{PipelineConfig, Routed};
use dedup_stream::stream::Event;

use super::batch::{BatchId, Pool};
use super::chance::any_worker;

/// A buffer a worker.
#[derive(Debug)]
pub(super) struct Buffers {
    goes: Goes,
    full: usize,
    linger: Duration,
    buffers: Vec<Buffer>,
    /// How many of them take part.
    workers: usize,
    /// Where workers pull in turn, the one that pulls at the moment; the next one does once its batch is taken.
    pulling: usize,
    /// The earliest deadline of all buffers, kept so that it costs nothing to ask; the end of time where there is none.
    next_deadline: Timestamp,
}

/// Which worker a ping goes to.
#[derive(Clone, Copy, Debug)]
enum Goes {
    /// Whole batches to one after the other.
    InTurn,
    /// To the one that its key names.
    ByKey,
    /// To any, each ping by itself.
    ByChance,
}

#[derive(Debug)]
struct Buffer {
    batch: BatchId,
    /// The end of time while nothing stands in it.
    deadline: Timestamp,
}

impl Buffers {
    pub(super) fn new(routing: Routing, config: &PipelineConfig, pool: &mut Pool) -> Self {
        let workers = config.workers.get();
        Buffers {
            goes: match (config.routed, routing) {
                (Routed::Random, _) => Goes::ByChance,
                (Routed::ByKey, Routing::Any) => Goes::InTurn,
                (Routed::ByKey, Routing::ByKey) => Goes::ByKey,
            },
            full: config.batch.get(),
            linger: config.linger,
            buffers: (0..workers).map(|_| Buffer { batch: pool.lend(), deadline: Timestamp::END }).collect(),
            workers,
            pulling: 0,
            next_deadline: Timestamp::END,
        }
    }

    #[inline(always)]
    fn whose(&self, ping: &Ping) -> usize {
        match self.goes {
            Goes::InTurn => self.pulling,
            Goes::ByKey => worker_of(ping.key, self.workers),
            Goes::ByChance => any_worker(ping.key, ping.delivery, self.workers),
        }
    }

    /// The worker that judges a ping that need not stand in a buffer. None may stand in any.
    #[inline]
    pub(super) fn pass_by(&mut self, ping: &Ping) -> usize {
        let worker = self.whose(ping);
        self.pass_on(worker);
        worker
    }

    /// Where workers pull in turn, the next one does.
    #[inline]
    fn pass_on(&mut self, worker: usize) {
        if let Goes::InTurn = self.goes {
            self.pulling = if worker + 1 >= self.workers { 0 } else { worker + 1 };
        }
    }

    /// Adds a ping; the worker whose batch is now full, if one is.
    #[inline(always)]
    pub(super) fn push(&mut self, pool: &mut Pool, ping: Ping, event: &Event, attempt: u32) -> Option<usize> {
        let worker = self.whose(&ping);
        let Buffer { batch, deadline } = &mut self.buffers[worker];
        if *deadline == Timestamp::END {
            *deadline = ping.arrival.plus(self.linger);
            self.next_deadline = self.next_deadline.min(*deadline);
        }
        let batch = &mut pool[*batch];
        batch.push(ping, event, attempt);
        (batch.pings.len() >= self.full).then_some(worker)
    }

    /// When the next buffer has waited long enough; the end of time if nothing stands in any.
    #[inline]
    pub(super) fn next_deadline(&self) -> Timestamp {
        self.next_deadline
    }

    /// A worker whose buffer has waited long enough at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Option<usize> {
        if self.next_deadline > now {
            return None;
        }
        match self.goes {
            Goes::InTurn => Some(self.pulling),
            Goes::ByKey | Goes::ByChance => self.buffers.iter().position(|buffer| buffer.deadline <= now),
        }
    }

    /// How many workers take part.
    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// Has this many workers take part. What stands in buffers is to be taken before.
    pub(super) fn set_workers(&mut self, pool: &mut Pool, workers: usize) {
        while self.buffers.len() < workers {
            self.buffers.push(Buffer { batch: pool.lend(), deadline: Timestamp::END });
        }
        self.workers = workers;
        self.pulling = if self.pulling < workers { self.pulling } else { 0 };
    }

    /// Whether anything stands in a worker's buffer.
    pub(super) fn has_pings(&self, worker: usize) -> bool {
        self.buffers[worker].deadline < Timestamp::END
    }

    /// Takes a worker's batch and leaves an empty one in its place.
    pub(super) fn take(&mut self, pool: &mut Pool, worker: usize) -> BatchId {
        let buffer = &mut self.buffers[worker];
        buffer.deadline = Timestamp::END;
        let batch = std::mem::replace(&mut buffer.batch, pool.lend());
        self.pass_on(worker);
        match self.goes {
            // Only the worker that pulls has anything in its buffer.
            Goes::InTurn => self.next_deadline = Timestamp::END,
            Goes::ByKey | Goes::ByChance => {
                let deadlines = self.buffers.iter().map(|buffer| buffer.deadline);
                self.next_deadline = deadlines.min().unwrap_or(Timestamp::END);
            }
        }
        batch
    }
}
