//! A batch and its worker: what the verdicts ask for.

use dedup_strategies::driver::BrokenContract;
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{HeldPings, Timestamp, Unavailable, Verdict};

use dedup_stream::stream::CauseId;

use super::batch::BatchId;
use super::broker::{MAX_ATTEMPTS, Progress, SourceOfHeld};
use super::held::HeldPing;
use super::schedule::Publish;
use super::{Pipeline, PipelineError, WorkerId};
use crate::faults::CrashPoint;

impl Pipeline<'_> {
    /// Has a worker judge what stands in its buffer.
    // Once a batch: within what takes in a ping, it would cost every ping room on the stack.
    #[inline(never)]
    pub(super) fn judge(&mut self, worker: usize, at: Timestamp) -> Result<(), PipelineError> {
        let now = self.reach(at);
        self.now = now;
        let batch = self.buffers.take(&mut self.pool, worker);
        if now > at && !self.faults.excuses_lateness(at) {
            let late = saturating_nanos(now.since(at));
            let pings = self.pool[batch].pings.len() as u64;
            self.late_ns.record_n(late, pings).expect("the histogram grows as far as 64 bits");
        }
        if self.faults.crashes_at(CrashPoint::BeforeJudge) {
            return self.crash_with(worker, batch, Progress::Unjudged, now);
        }
        self.verdicts.clear();
        let shown = self.faults.shown(now);
        let judged = self.workers[worker].judge(&self.pool[batch].pings, shown, &mut self.verdicts);
        self.judged(judged, worker, batch, now)
    }

    /// Goes on with a batch that a worker was asked about at `now`.
    pub(super) fn judged(
        &mut self,
        judged: Result<(), Unavailable>,
        worker: usize,
        batch: BatchId,
        now: Timestamp,
    ) -> Result<(), PipelineError> {
        match judged {
            Ok(()) => {
                match self.verdicts.contains(&Verdict::Unjudged) {
                    true => self.excuse_unjudged(worker, batch)?,
                    false => self.answered_all(worker),
                }
                self.act(worker, batch, now)?;
                let publish = Publish { worker: WorkerId::new(worker), batch };
                self.publish(publish, now.plus(self.faults.store_delay))
            }
            Err(unavailable) => self.refuse(worker, batch, now, unavailable),
        }
    }

    fn answered_all(&mut self, worker: usize) {
        self.unavailable_since = None;
        self.could_not_judge = None;
        self.faults.is_whole(worker);
    }

    /// Does with each ping what its verdict asks for, and leaves those in the batch that are to be published.
    pub(super) fn act(&mut self, worker: usize, id: BatchId, now: Timestamp) -> Result<(), PipelineError> {
        let answered = self.answered(now);
        let batch = &self.pool[id];
        if self.verdicts.len() != batch.pings.len() {
            let (got, asked) = (self.verdicts.len(), batch.pings.len());
            return Err(BrokenContract::Verdicts { got, asked }.into());
        }
        self.digest.verdicts(&self.verdicts);
        if batch.has_repeated() {
            self.note_waits(id, now);
        }
        let batch = &mut self.pool[id];
        let mut kept = 0;
        for (index, verdict) in self.verdicts.iter().enumerate() {
            let event = &batch.events[index];
            let delivery = batch.pings[index].delivery;
            let covered = self.broker.truth.judged(event, *verdict, now, answered);
            batch.covered.push(covered);
            match verdict {
                Verdict::New => {
                    batch.shift(index, kept);
                    kept += 1;
                }
                Verdict::Held => {
                    let attempt = batch.attempt(delivery);
                    let source = match self.held_pings {
                        HeldPings::Volatile => SourceOfHeld::Waits,
                        HeldPings::Durable => self.broker.ack_held(delivery, event, attempt, now),
                    };
                    self.held.insert(delivery, HeldPing { event: *event, covered, attempt, worker, source });
                }
                Verdict::InFlight | Verdict::Unjudged => {
                    self.broker.nack(delivery, event, batch.attempt(delivery), now)
                }
                Verdict::Duplicate | Verdict::Late => {
                    self.broker.ack(delivery, event, || batch.attempt(delivery), now);
                }
            }
        }
        batch.keep_first(kept);
        Ok(())
    }

    /// Pings that are decided now, and were not when they came before, have waited until now.
    #[cold]
    fn note_waits(&mut self, id: BatchId, now: Timestamp) {
        let batch = &self.pool[id];
        for ((ping, event), verdict) in batch.pings.iter().zip(&batch.events).zip(&self.verdicts) {
            let undecided = batch.attempt(ping.delivery) > 1 && event.origin.cause != CauseId::REDELIVERY;
            if undecided && !verdict.comes_again() {
                let waited = saturating_nanos(now.since(event.at));
                self.waited_ns.record(waited.max(1)).expect("the histogram grows as far as 64 bits");
            }
        }
    }

    /// The strategy could not judge a batch: the source delivers it again.
    pub(super) fn refuse(
        &mut self,
        worker: usize,
        id: BatchId,
        now: Timestamp,
        unavailable: Unavailable,
    ) -> Result<(), PipelineError> {
        let batch = &self.pool[id];
        let last = batch.pings.iter().map(|ping| batch.attempt(ping.delivery)).max();
        self.could_not_judge = Some(unavailable.clone());
        self.excuse(worker, last.unwrap_or(0), unavailable)?;
        let batch = &self.pool[id];
        for (ping, event) in batch.pings.iter().zip(&batch.events) {
            self.broker.nack(ping.delivery, event, batch.attempt(ping.delivery), now);
        }
        self.pool.give_back(id);
        Ok(())
    }

    /// The strategy could not judge some pings of a batch. The source delivers these again; what was decided about the
    /// others stands.
    #[cold]
    fn excuse_unjudged(&mut self, worker: usize, id: BatchId) -> Result<(), PipelineError> {
        let batch = &self.pool[id];
        let judged = batch.pings.iter().zip(&self.verdicts);
        let unjudged = judged.filter(|(_, verdict)| **verdict == Verdict::Unjudged);
        let last = unjudged.map(|(ping, _)| batch.attempt(ping.delivery)).max();
        let why = self.workers[worker].unjudged();
        self.excuse(worker, last.unwrap_or(0), why)
    }

    /// Whether to go on with a strategy that could not judge pings, of which one has come for the `last` time: not if it
    /// would have to be given up, unless faults are the reason.
    fn excuse(&mut self, worker: usize, last: u32, unavailable: Unavailable) -> Result<(), PipelineError> {
        if self.faults.is_none() && last >= MAX_ATTEMPTS {
            return Err(unavailable.into());
        }
        self.tolerate(worker, unavailable)
    }
}
