//! From the verdict to the ack: publishing, telling the strategy, telling the source.

use dedup_strategies::{Outcome, Ping, Settled, Timestamp, Unavailable};

use super::batch::BatchId;
use super::broker::Progress;
use super::schedule::{Publish, Scheduled};
use super::{ACKED, Pipeline, PipelineError};
use crate::faults::CrashPoint;

impl Pipeline<'_> {
    pub(super) fn publish(&mut self, publish: Publish, now: Timestamp) -> Result<(), PipelineError> {
        if self.pool[publish.batch].pings.is_empty() {
            self.pool.give_back(publish.batch);
        } else if self.faults.crashes_at(CrashPoint::BeforePublish) {
            return self.crash_with(publish.worker.index(), publish.batch, Progress::LetThrough, now);
        } else if self.config.publish_latency.is_zero() {
            return self.deliver(publish, now);
        } else {
            self.broker.schedule.publish(now.plus(self.config.publish_latency), publish);
        }
        Ok(())
    }

    /// The end of a publish.
    pub(super) fn deliver(&mut self, publish: Publish, at: Timestamp) -> Result<(), PipelineError> {
        let batch = &self.pool[publish.batch];
        if batch.orphaned.is_some() && batch.publishes_failed > 0 {
            // Its worker died before it could try again.
            self.pool.give_back(publish.batch);
            return Ok(());
        }
        if self.faults.publishes_fail() {
            self.refuse_some(publish, at)?;
        }
        let batch = &self.pool[publish.batch];
        for ((ping, event), covered) in batch.pings.iter().zip(&batch.events).zip(&batch.covered) {
            self.broker.truth.delivered(event, *covered, ping.arrival, at);
            if let Some(sink) = &mut self.sink {
                sink.deliver(event, at);
            }
        }
        if batch.pings.is_empty() {
            self.pool.give_back(publish.batch);
            return Ok(());
        }
        if let Some(died) = batch.orphaned {
            self.expire_all(publish.batch, Progress::Published, died.max(at.minus(self.config.ack_deadline)));
            self.pool.give_back(publish.batch);
            return Ok(());
        }
        if self.config.mark_lag.is_zero() {
            return self.mark(publish, at);
        }
        self.broker.schedule.add(at.plus(self.config.mark_lag), Scheduled::Mark(publish));
        if self.faults.crashes_at(CrashPoint::BeforeAck) {
            self.expire_all(publish.batch, Progress::Published, at);
            return self.crash(publish.worker.index(), at);
        }
        self.ack_all(publish.batch, at);
        Ok(())
    }

    /// Tells the strategy what was delivered; then, where the same worker does all, acks it.
    pub(super) fn mark(&mut self, publish: Publish, at: Timestamp) -> Result<(), PipelineError> {
        let by_another_job = !self.config.mark_lag.is_zero();
        if self.faults.crashes_at(CrashPoint::BeforeSettle) {
            if by_another_job {
                // The second job dies, and what it had read comes again to it.
                self.faults.count_crash(self.pool[publish.batch].pings.len());
                self.broker.schedule.add(at.plus(self.config.ack_deadline), Scheduled::Mark(publish));
                return self.reopen(publish.worker.index());
            }
            return self.crash_with(publish.worker.index(), publish.batch, Progress::Published, at);
        }
        let now = self.reach(at);
        if let Err(unavailable) = self.settle(publish, Outcome::Delivered, now) {
            return self.mark_again(publish, now, unavailable);
        }
        let answered = self.answered(now);
        self.pool[publish.batch]
            .events
            .iter()
            .for_each(|event| self.broker.truth.marked(event, now, answered));
        if !by_another_job {
            if self.faults.crashes_at(CrashPoint::BeforeAck) {
                return self.crash_with(publish.worker.index(), publish.batch, Progress::Published, answered);
            }
            self.ack_all(publish.batch, answered);
        }
        self.pool.give_back(publish.batch);
        Ok(())
    }

    /// Tells the strategy how all pings of a batch ended, if it acts on that.
    pub(super) fn settle(
        &mut self,
        Publish { worker, batch }: Publish,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        let worker = &mut self.workers[worker.index()];
        if !worker.hears_settled() {
            return Ok(());
        }
        let settled = |ping: &Ping| Settled { ping: *ping, outcome };
        self.settled.clear();
        self.settled.extend(self.pool[batch].pings.iter().map(settled));
        worker.settle(&self.settled, self.faults.shown(now))?;
        self.untold_since = None;
        Ok(())
    }

    /// The strategy could not be told: a second job tries again; else the source delivers again what was published.
    pub(super) fn mark_again(
        &mut self,
        publish: Publish,
        now: Timestamp,
        unavailable: Unavailable,
    ) -> Result<(), PipelineError> {
        self.tolerate_untold(publish.worker.index(), unavailable)?;
        if self.config.mark_lag.is_zero() {
            self.expire_all(publish.batch, Progress::Published, now);
            self.pool.give_back(publish.batch);
        } else {
            let batch = &mut self.pool[publish.batch];
            batch.marks_failed += 1;
            let at = now.plus(self.broker.backoff(batch.marks_failed));
            self.broker.schedule.add(at, Scheduled::Mark(publish));
        }
        Ok(())
    }

    pub(super) fn ack_all(&mut self, id: BatchId, now: Timestamp) {
        let batch = &self.pool[id];
        for (ping, event) in batch.pings.iter().zip(&batch.events) {
            let attempt = batch.attempt(ping.delivery);
            if attempt != ACKED {
                self.broker.ack(ping.delivery, event, || attempt, now);
            }
        }
    }
}
