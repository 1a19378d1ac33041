//! A ping that nothing else is on its way beside: from the source to the ack in one go.
//!
//! ```text
//!   arrives ---- linger ----> judged ---- publish latency ----> delivered, settled, acked      the next one arrives
//!      |                         |                                        |                             |
//!   ---+-------------------------+----------------------------------------+-----------------------------+--> time
//! ```
//!
//! Where the next event comes no sooner than the last of these, what happens is known when the ping arrives: no buffer
//! has to keep it and no schedule has to be asked. At few pings a second that is nearly every ping, and buffers and
//! schedule were most of what it cost. Only the simplest way is gone here. Whatever turns out otherwise (faults, deadlines that pass, a
//! verdict other than yes or no, a store that does not answer) goes on from there as the ping of a batch of one. The
//! strategy is asked the same at the same times, and truth and digest hear the same in the same order: a test says so.

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Outcome, Ping, PingKey, Settled, Timestamp, Unavailable, Verdict};
use dedup_stream::scenario::{Deadlines, PipelineConfig};
use dedup_stream::stream::Event;

use super::schedule::Publish;
use super::{Pipeline, PipelineError, WorkerId};

/// How long a ping takes that is alone. In nanoseconds: a [`Duration`](std::time::Duration) has to be made one first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone {
    judged_after_ns: u64,
    done_after_ns: u64,
}

impl Alone {
    /// None where what becomes of a ping is not known when it arrives.
    pub(super) fn new(config: &PipelineConfig, clock_is_free: bool) -> Option<Alone> {
        if !clock_is_free || config.deadlines == Deadlines::Fixed || !config.mark_lag.is_zero() {
            return None;
        }
        let waits_for_others = config.batch.get() > 1;
        let judged_after_ns = if waits_for_others { saturating_nanos(config.linger) } else { 0 };
        let done_after_ns = judged_after_ns.saturating_add(saturating_nanos(config.publish_latency));
        Some(Alone { judged_after_ns, done_after_ns })
    }

    #[inline]
    fn judged(self, arrival: Timestamp) -> Timestamp {
        Timestamp::from_nanos(arrival.as_nanos().saturating_add(self.judged_after_ns))
    }

    /// When nothing more is to be done about a ping of which this is the arrival.
    #[inline]
    fn done(self, arrival: Timestamp) -> Timestamp {
        Timestamp::from_nanos(arrival.as_nanos().saturating_add(self.done_after_ns))
    }
}

impl Pipeline<'_> {
    /// How the ping of `event` is taken through alone, if it can be: where nothing is on its way now, and nothing will
    /// come before it is done with, not before `next`.
    #[inline]
    pub(super) fn is_alone(&self, event: &Event, next: Timestamp) -> Option<Alone> {
        let alone = self.alone?;
        (self.next_due() == Timestamp::END && alone.done(event.at) <= next && self.faults.is_none())
            .then_some(alone)
    }

    /// Takes a ping through that is alone.
    #[inline]
    pub(super) fn take_alone(
        &mut self,
        alone: Alone,
        key: PingKey,
        event: &Event,
    ) -> Result<(), PipelineError> {
        let ping =
            Ping { key, event_time: event.event_time, arrival: event.at, delivery: self.next_delivery() };
        let worker = self.buffers.pass_by(&ping);
        let now = alone.judged(event.at);
        (self.alive)();
        self.now = now;
        self.verdicts.clear();
        let judged = self.workers[worker].judge(std::slice::from_ref(&ping), now, &mut self.verdicts);
        let (Ok(()), [verdict @ (Verdict::New | Verdict::Duplicate | Verdict::Late)]) =
            (&judged, &self.verdicts[..])
        else {
            let batch = self.pool.lend();
            self.pool[batch].push(ping, event, 1);
            return self.judged(judged, worker, batch, now);
        };
        self.unavailable_since = None;
        let verdict = *verdict;
        self.digest.verdict(verdict);
        if verdict == Verdict::New {
            return self.publish_alone(&ping, event, worker, now, alone.done(event.at));
        }
        self.broker.truth.judged(event, verdict, now, now);
        self.broker.truth.acked(event);
        Ok(())
    }

    #[inline]
    fn publish_alone(
        &mut self,
        ping: &Ping,
        event: &Event,
        worker: usize,
        now: Timestamp,
        done: Timestamp,
    ) -> Result<(), PipelineError> {
        if let Some(sink) = &mut self.sink {
            sink.deliver(event, done);
        }
        if self.workers[worker].hears_settled() {
            let settled = Settled { ping: *ping, outcome: Outcome::Delivered };
            if let Err(unavailable) = self.workers[worker].settle(&[settled], done) {
                return self.cannot_mark_alone(ping, event, worker, now, done, unavailable);
            }
            self.untold_since = None;
        }
        self.broker.truth.passed(event, now, done);
        Ok(())
    }

    /// It was published, and its strategy could not be told.
    #[cold]
    fn cannot_mark_alone(
        &mut self,
        ping: &Ping,
        event: &Event,
        worker: usize,
        now: Timestamp,
        done: Timestamp,
        unavailable: Unavailable,
    ) -> Result<(), PipelineError> {
        let covered = self.broker.truth.judged(event, Verdict::New, now, now);
        self.broker.truth.delivered(event, covered, event.at, done);
        let batch = self.pool.lend();
        self.pool[batch].push(*ping, event, 1);
        self.pool[batch].covered.push(covered);
        self.mark_again(Publish { worker: WorkerId::new(worker), batch }, done, unavailable)
    }
}
