//! Workers that die or cannot be had, and what comes again because of it.

use std::time::Instant;

use dedup_strategies::{DeliveryId, Ping, Settled, Timestamp, Unavailable, Verdict, Worker};
use dedup_stream::stream::Event;

use super::active_faults::Again;
use super::batch::BatchId;
use super::broker::{Progress, SourceOfHeld};
use super::handle::Handle;
use super::held::HeldPing;
use super::{ACKED, OUTAGE_PATIENCE, Pipeline, PipelineError, WorkerId};

impl Pipeline<'_> {
    /// A worker dies with a batch in hand.
    pub(super) fn crash_with(
        &mut self,
        worker: usize,
        batch: BatchId,
        progress: Progress,
        now: Timestamp,
    ) -> Result<(), PipelineError> {
        self.expire_all(batch, progress, now);
        self.pool.give_back(batch);
        self.crash(worker, now)
    }

    /// A worker dies, and its handle with it; another takes its place.
    pub(super) fn crash(&mut self, worker: usize, now: Timestamp) -> Result<(), PipelineError> {
        self.lose_memory(worker, now);
        self.reopen(worker)?;
        self.faults.crashing = None;
        Ok(())
    }

    /// Whatever a worker has in its memory, beside the batch in hand, comes again.
    pub(super) fn lose_memory(&mut self, worker: usize, now: Timestamp) {
        for batch in self.broker.schedule.orphan(&mut self.pool, WorkerId::new(worker), now) {
            // What waits to be published once more is gone with its worker; the rest is on the wire.
            let on_the_wire = self.pool[batch].publishes_failed == 0;
            let source = if on_the_wire { SourceOfHeld::GaveUp } else { SourceOfHeld::Acked };
            self.return_acked(batch, source);
        }
        if self.buffers.has_pings(worker) {
            let batch = self.buffers.take(&mut self.pool, worker);
            self.expire_all(batch, Progress::Unjudged, now);
            self.pool.give_back(batch);
        }
        let lost = |held: &HeldPing| held.worker == worker && held.source == SourceOfHeld::Waits;
        let mut deliveries: Vec<_> =
            self.held.iter().filter(|(_, held)| lost(held)).map(|(delivery, _)| *delivery).collect();
        deliveries.sort_unstable();
        for delivery in deliveries {
            if let Some(held) = self.held.get_mut(&delivery) {
                held.source = SourceOfHeld::GaveUp;
                let (event, attempt) = (held.event, held.attempt);
                self.expire(delivery, &event, attempt, now);
            }
        }
    }

    /// The source hears nothing more of a batch that had come as far as `progress` says.
    pub(super) fn expire_all(&mut self, id: BatchId, progress: Progress, since: Timestamp) {
        // Those of a worker that is dead went back when it died.
        if self.pool[id].orphaned.is_none() {
            let published = progress == Progress::Published;
            let source = if published { SourceOfHeld::GaveUp } else { SourceOfHeld::Acked };
            self.return_acked(id, source);
        }
        for index in 0..self.pool[id].pings.len() {
            let batch = &self.pool[id];
            let (event, delivery) = (batch.events[index], batch.pings[index].delivery);
            let attempt = batch.attempt(delivery);
            if attempt == ACKED {
                continue;
            }
            match progress {
                Progress::Unjudged => self.expire(delivery, &event, attempt, since),
                Progress::LetThrough => {
                    self.broker.truth.died(&event);
                    self.expire(delivery, &event, attempt, since);
                }
                Progress::Published => {
                    self.count_effect();
                    self.broker.expire_decided(delivery, &event, attempt, since);
                }
            }
        }
    }

    /// The pings of a batch that the source has acked: nobody has them but a strategy that may release them once more.
    fn return_acked(&mut self, id: BatchId, source: SourceOfHeld) {
        let batch = &self.pool[id];
        for ((ping, event), covered) in batch.pings.iter().zip(&batch.events).zip(&batch.covered) {
            if batch.attempt(ping.delivery) == ACKED {
                let (event, covered) = (*event, *covered);
                let held = HeldPing { event, covered, attempt: ACKED, worker: usize::MAX, source };
                self.held.insert(ping.delivery, held);
            }
        }
    }

    fn expire(&mut self, delivery: DeliveryId, event: &Event, attempt: u32, since: Timestamp) {
        self.count_effect();
        self.broker.expire(delivery, event, attempt, since);
    }

    /// One more delivery comes again on the account of the fault that crashes_at.
    fn count_effect(&mut self) {
        if let Some(fault) = self.faults.crashing {
            self.faults.all[fault].effects.pings += 1;
        }
    }

    /// Drops a worker's handle and opens it anew.
    pub(super) fn reopen(&mut self, worker: usize) -> Result<(), PipelineError> {
        self.workers[worker] = Down::because("its worker is gone");
        let Some(host) = &self.faults.host else { return Ok(()) };
        match host.strategy().worker(worker) {
            Ok(handle) => {
                self.workers[worker] = handle.into();
                self.faults.down.remove(&worker);
            }
            // Whoever asks it for something is told, and it is tried again then.
            Err(unavailable) => {
                self.workers[worker] = Down(unavailable).handle();
                self.faults.down.entry(worker).or_insert(Again::WhenAsked);
            }
        }
        Ok(())
    }

    /// Whether to go on with a strategy that is unavailable: not where that has lasted too long, unless a fault is
    /// the reason. Who was lost because of one is replaced, as by whoever watches over workers.
    pub(super) fn tolerate(&mut self, worker: usize, unavailable: Unavailable) -> Result<(), PipelineError> {
        self.see_that_nothing_was_refused()?;
        let since = *self.unavailable_since.get_or_insert_with(Instant::now);
        if self.broker.faults_lasting == 0 && since.elapsed() >= OUTAGE_PATIENCE {
            return Err(unavailable.into());
        }
        let is_lost = self.workers[worker].lost().is_some();
        if is_lost || self.faults.may_be_back(worker) {
            self.reopen(worker)?;
        }
        if is_lost {
            self.faults.replaced(worker);
        }
        Ok(())
    }

    /// The same where it could not be told how pings ended. What it judged and published comes again and again then, with an
    /// answer each time, and would do so for ever.
    pub(super) fn tolerate_untold(
        &mut self,
        worker: usize,
        unavailable: Unavailable,
    ) -> Result<(), PipelineError> {
        let since = *self.untold_since.get_or_insert_with(Instant::now);
        if self.broker.faults_lasting == 0 && since.elapsed() >= OUTAGE_PATIENCE {
            return Err(unavailable.into());
        }
        self.tolerate(worker, unavailable)
    }

    /// A store that says no will say no until somebody does something about it: there is nothing to wait for, and what
    /// an indulgent strategy makes of it is no figure of its own. Under faults it is what is looked at. Who is lost though
    /// nothing was done to its store has no figures under faults either.
    pub(super) fn see_that_nothing_was_refused(&self) -> Result<(), PipelineError> {
        let mut workers = self.workers.iter().enumerate();
        let what = workers.find_map(|(index, worker)| match self.faults.is_none() {
            true => worker.refused().or(worker.lost()),
            false => worker.lost().filter(|_| !self.faults.has_troubled(index)),
        });
        what.map_or(Ok(()), |what| Err(Unavailable(what.to_string()).into()))
    }

    /// Whether who cannot be told that it is this time has no figures. Under faults one may miss that time passes for a while,
    /// but not to the end of the input, unless it was its store that was away.
    pub(super) fn has_to_hear_of(&self, at: Timestamp) -> bool {
        self.faults.is_none() || (at == Timestamp::END && !self.faults.trouble_store())
    }

    /// A strategy that judged nothing any more until the end has no figures either, unless it was its store that was away.
    pub(super) fn see_that_it_judged_to_the_end(&mut self) -> Result<(), PipelineError> {
        match self.could_not_judge.take() {
            Some(why) if !self.faults.trouble_store() => Err(why.into()),
            _ => Ok(()),
        }
    }
}

/// Stands where a worker's handle is to be opened.
pub(super) struct Down(Unavailable);

impl Down {
    pub(super) fn because(why: &str) -> Handle {
        Down(Unavailable(why.to_string())).handle()
    }

    fn handle(self) -> Handle {
        Handle::from(Box::new(self) as Box<dyn Worker>)
    }
}

impl Worker for Down {
    fn judge(&mut self, _: &[Ping], _: Timestamp, _: &mut Vec<Verdict>) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }

    fn settle(&mut self, _: &[Settled], _: Timestamp) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }

    fn advance(&mut self, _: Timestamp, _: &mut Vec<Ping>) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }
}
