//! Pings on their way to a worker, until there are enough of them or the first has waited long enough.

use dedup_strategies::{DeliveryId, Ping, Routing, Timestamp, worker_of};

use crate::scenario::PipelineConfig;
use crate::stream::Event;

/// One buffer a worker.
#[derive(Debug)]
pub(super) struct Buffers {
    routing: Routing,
    batch: usize,
    linger: std::time::Duration,
    buffers: Vec<Buffer>,
    /// Under [`Routing::Any`], the worker that pulls at the moment; the next one does once its batch is taken.
    pulling: usize,
    /// The earliest deadline of all buffers, kept so that it costs nothing to ask.
    next_deadline: Option<Timestamp>,
}

/// The pings of one batch and the truth about them, in the same order.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) pings: Vec<Ping>,
    pub(super) events: Vec<Event>,
    deadline: Option<Timestamp>,
    /// Deliveries that are not their ping's first; rare, so kept apart.
    repeated: Vec<(DeliveryId, u32)>,
}

impl Buffer {
    /// Which attempt at its ping a delivery is, from 1.
    pub(super) fn attempt(&self, delivery: DeliveryId) -> u32 {
        self.repeated.iter().find(|(other, _)| *other == delivery).map_or(1, |(_, attempt)| *attempt)
    }
}

impl Buffers {
    pub(super) fn new(routing: Routing, config: &PipelineConfig) -> Self {
        Buffers {
            routing,
            batch: config.batch.get(),
            linger: config.linger,
            buffers: (0..config.workers.get()).map(|_| Buffer::default()).collect(),
            pulling: 0,
            next_deadline: None,
        }
    }

    /// Adds a ping; the worker whose batch is now full, if one is.
    pub(super) fn push(&mut self, ping: Ping, event: Event, attempt: u32, at: Timestamp) -> Option<usize> {
        let worker = match self.routing {
            Routing::Any => self.pulling,
            Routing::ByKey => worker_of(ping.key, self.buffers.len()),
        };
        let buffer = &mut self.buffers[worker];
        if buffer.pings.is_empty() {
            let deadline = at.plus(self.linger);
            buffer.deadline = Some(deadline);
            self.next_deadline = Some(self.next_deadline.map_or(deadline, |next| next.min(deadline)));
        }
        if attempt > 1 {
            buffer.repeated.push((ping.delivery, attempt));
        }
        buffer.pings.push(ping);
        buffer.events.push(event);
        (buffer.pings.len() >= self.batch).then_some(worker)
    }

    /// When the next buffer has waited long enough.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.next_deadline
    }

    /// A worker whose buffer has waited long enough at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Option<usize> {
        self.buffers.iter().position(|buffer| buffer.deadline.is_some_and(|deadline| deadline <= now))
    }

    /// Takes a worker's batch; [`give_back`](Self::give_back) returns its memory.
    pub(super) fn take(&mut self, worker: usize) -> Buffer {
        let mut buffer = std::mem::take(&mut self.buffers[worker]);
        buffer.deadline = None;
        if self.routing == Routing::Any {
            self.pulling = (worker + 1) % self.buffers.len();
        }
        self.next_deadline = self.buffers.iter().filter_map(|buffer| buffer.deadline).min();
        buffer
    }

    /// Returns the memory of a batch that has been judged.
    pub(super) fn give_back(&mut self, worker: usize, mut buffer: Buffer) {
        if self.buffers[worker].pings.is_empty() {
            buffer.pings.clear();
            buffer.events.clear();
            buffer.repeated.clear();
            self.buffers[worker] = buffer;
        }
    }
}
