//! Publishes that the sink refuses: the strategy is told, and the pings come again.

use dedup_strategies::{Outcome, Timestamp};

use super::broker::MAX_ATTEMPTS;
use super::schedule::{Publish, Scheduled};
use super::{ACKED, Pipeline, PipelineError};

impl Pipeline<'_> {
    /// Takes out of a batch that has been on its way whatever the sink refuses. What is on the wire for a worker that
    /// died arrives: nobody would hear of its failure.
    pub(super) fn refuse_some(&mut self, publish: Publish, at: Timestamp) -> Result<(), PipelineError> {
        if self.pool[publish.batch].orphaned.is_some() {
            return Ok(());
        }
        let (refused, again) = (self.pool.lend(), self.pool.lend());
        let mut kept = 0;
        for index in 0..self.pool[publish.batch].pings.len() {
            let batch = &mut self.pool[publish.batch];
            let (ping, event, covered) = (batch.pings[index], batch.events[index], batch.covered[index]);
            let Some(fault) = self.faults.fails_to_publish(ping.delivery) else {
                batch.shift(index, kept);
                kept += 1;
                continue;
            };
            let attempt = batch.attempt(ping.delivery);
            // The source has nothing more to hear of one that it acked: then it is the worker that tries again.
            let to = if attempt == ACKED { again } else { refused };
            self.pool[to].push(ping, &event, attempt);
            self.pool[to].covered.push(covered);
            if attempt < MAX_ATTEMPTS {
                self.faults.comes_again(fault);
            }
        }
        self.pool[publish.batch].keep_first(kept);
        let now = self.reach(at);
        self.pool[again].publishes_failed = self.pool[publish.batch].publishes_failed + 1;
        self.publish_again(Publish { batch: again, ..publish }, now);
        self.settle_refused(Publish { batch: refused, ..publish }, now)
    }

    /// Tells the strategy, then the source. A strategy that cannot be told has to do without.
    fn settle_refused(&mut self, publish: Publish, now: Timestamp) -> Result<(), PipelineError> {
        let refused = publish.batch;
        if !self.pool[refused].pings.is_empty()
            && let Err(unavailable) = self.settle(publish, Outcome::Failed, now)
        {
            self.tolerate_untold(publish.worker.index(), unavailable)?;
        }
        let batch = &self.pool[refused];
        for (ping, event) in batch.pings.iter().zip(&batch.events) {
            self.broker.truth.died(event);
            self.broker.nack(ping.delivery, event, batch.attempt(ping.delivery), now);
        }
        self.pool.give_back(refused);
        Ok(())
    }

    fn publish_again(&mut self, publish: Publish, now: Timestamp) {
        let batch = &self.pool[publish.batch];
        if batch.pings.is_empty() {
            self.pool.give_back(publish.batch);
        } else {
            let at = now.plus(self.broker.backoff(batch.publishes_failed));
            self.broker.schedule.add(at, Scheduled::Publish(publish));
        }
    }
}
