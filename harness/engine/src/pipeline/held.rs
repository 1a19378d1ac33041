//! Pings that a strategy keeps, and what the source believes of them.

use dedup_strategies::Timestamp;
use dedup_strategies::driver::BrokenContract;
use dedup_strategies::time::saturating_nanos;
use dedup_stream::stream::Event;
use dedup_stream::truth::Covered;

use super::broker::{SourceOfHeld, decided};
use super::schedule::Publish;
use super::{ACKED, Pipeline, PipelineError, WorkerId};

/// A ping that its strategy keeps.
pub(super) struct HeldPing {
    pub(super) event: Event,
    pub(super) covered: Covered,
    pub(super) attempt: u32,
    pub(super) worker: usize,
    pub(super) source: SourceOfHeld,
}

impl Pipeline<'_> {
    /// Publishes what a worker has released.
    pub(super) fn release(&mut self, worker: usize, now: Timestamp) -> Result<(), PipelineError> {
        // The end of the input is no point in time: what is released then is released at the last one.
        let now = if now == Timestamp::END { self.now } else { now };
        let id = self.pool.lend();
        let batch = &mut self.pool[id];
        for ping in &self.released {
            let Some(held) = self.held.remove(&ping.delivery) else {
                return Err(BrokenContract::NotHeld(ping.delivery).into());
            };
            self.digest.released(ping.delivery);
            let waited = saturating_nanos(now.since(held.event.at));
            self.held_ns.record(waited.max(1)).expect("the histogram grows as far as 64 bits");
            let (event, attempt) = match held.source {
                SourceOfHeld::Waits => (held.event, held.attempt),
                SourceOfHeld::Acked => (held.event, ACKED),
                SourceOfHeld::GaveUp => (decided(&held.event), ACKED),
            };
            if held.source == SourceOfHeld::GaveUp {
                self.broker.truth.copy_born(&event, now);
            }
            batch.push(*ping, &event, attempt);
            batch.covered.push(held.covered);
        }
        self.publish(Publish { worker: WorkerId::new(worker), batch: id }, now)
    }

    /// What is held at the end was not released, although the input has ended.
    pub(super) fn forget_held(&mut self) -> Result<(), PipelineError> {
        let mut kept = 0;
        for held in self.held.values() {
            match held.source {
                SourceOfHeld::GaveUp => self.broker.truth.died(&held.event),
                SourceOfHeld::Acked if !self.faults.is_none() => {
                    self.broker.truth.forgotten(&held.event, self.now);
                }
                SourceOfHeld::Waits | SourceOfHeld::Acked => kept += 1,
            }
        }
        if kept > 0 {
            return Err(BrokenContract::NotReleased(kept).into());
        }
        Ok(())
    }
}
