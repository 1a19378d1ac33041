//! A small model of an at-least-once pipeline, in virtual time and on one thread.
//!
//! A source that redelivers what is not acked, workers that judge batches, publish and settle, and a sink that the
//! truth watches. The same seed gives the same decisions in the same order.

mod batch;
mod buffers;
mod digest;
mod pace;
mod schedule;
mod sink;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{
    DeliveryId, Outcome, Ping, PingKey, Settled, Strategy, Timestamp, Unavailable, Verdict, Worker,
};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hdrhistogram::Histogram;

use crate::scenario::PipelineConfig;
use crate::stats::recorder;
use crate::stream::{Event, Id, Source, SourceError};
use crate::truth::{Covered, Truth};
use batch::{Batch, BatchId, Pool};
use buffers::Buffers;
use digest::Digest;
use schedule::{Publish, Redelivery, Schedule};

pub use pace::{Free, Pace, Wall};
pub use sink::Sink;

/// Deliveries of one ping before it is given up. Upstream brokers dead-letter after 5 to 100.
const MAX_ATTEMPTS: u32 = 10;

/// How often, in virtual time, workers are told that time passes; in every pass.
pub const TICK: Duration = Duration::from_secs(1);

/// How long, in real time, a store may fail to answer before the run is given up. In virtual time an outage of any
/// length takes none; a server that is gone for good would keep a run on wall time waiting for its redeliveries.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(5);

/// Events asked of the source at once.
const FILL: usize = 256;

/// A run that did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The strategy broke the contract.
    #[error("{0}")]
    Contract(String),
    /// The strategy stayed unavailable.
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
    /// The stream broke off.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// A pipeline around one strategy.
pub struct Pipeline<'a> {
    config: &'a PipelineConfig,
    pace: Box<dyn Pace + 'a>,
    workers: Vec<Box<dyn Worker>>,
    truth: Truth,
    sink: Option<Box<dyn Sink + 'a>>,
    pool: Pool,
    buffers: Buffers,
    schedule: Schedule,
    held: HashMap<DeliveryId, HeldPing, FixedState>,
    held_ns: Histogram<u64>,
    digest: Digest,
    deliveries: u64,
    next_tick: Timestamp,
    now: Timestamp,
    late_ns: Histogram<u64>,
    unavailable_since: Option<Instant>,
    verdicts: Vec<Verdict>,
    settled: Vec<Settled>,
    released: Vec<Ping>,
}

struct HeldPing {
    event: Event,
    covered: Covered,
}

/// What a pipeline leaves behind.
pub struct Ended {
    /// The score.
    pub truth: Truth,
    /// Time from arrival to release of held pings, in virtual nanoseconds.
    pub held_ns: Histogram<u64>,
    /// Digest of every decision, in order.
    pub digest: String,
    /// By how much pings were judged later than they should have been, in virtual nanoseconds; those in time left out.
    /// Virtual time waits for the strategy, so it is empty but on wall time.
    pub late_ns: Histogram<u64>,
}

impl<'a> Pipeline<'a> {
    /// Opens a worker for each of the configuration's and waits at `start`.
    pub fn new(
        config: &'a PipelineConfig,
        strategy: &dyn Strategy,
        truth: Truth,
        pace: Box<dyn Pace + 'a>,
        start: Timestamp,
    ) -> Result<Self, PipelineError> {
        let workers =
            (0..config.workers.get()).map(|index| strategy.worker(index)).collect::<Result<Vec<_>, _>>()?;
        let mut pool = Pool::default();
        Ok(Pipeline {
            config,
            pace,
            workers,
            truth,
            sink: None,
            buffers: Buffers::new(strategy.routing(), config, &mut pool),
            pool,
            schedule: Schedule::default(),
            held: HashMap::with_hasher(FixedState::with_seed(0)),
            held_ns: recorder(),
            digest: Digest::default(),
            deliveries: 0,
            next_tick: start,
            now: start,
            late_ns: recorder(),
            unavailable_since: None,
            verdicts: Vec::new(),
            settled: Vec::new(),
            released: Vec::new(),
        })
    }

    /// Gives everything that is published to `sink` as well.
    pub fn with_sink(mut self, sink: Box<dyn Sink + 'a>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Takes up to `limit` events from `source` through the pipeline; false once the source has ended. Call
    /// [`finish`](Self::finish) after the last.
    pub fn run(&mut self, source: &mut dyn Source, limit: u64) -> Result<bool, PipelineError> {
        let mut events = Vec::with_capacity(FILL);
        let mut left = limit;
        while left > 0 {
            events.clear();
            source.fill(FILL.min(usize::try_from(left).unwrap_or(FILL)), &mut events)?;
            if events.is_empty() {
                return Ok(false);
            }
            left -= events.len() as u64;
            for event in &events {
                self.receive(event)?;
            }
        }
        Ok(true)
    }

    /// Digest of every decision so far.
    pub fn digest(&mut self) -> String {
        self.digest.hex()
    }

    /// The score so far.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Lets time pass until nothing is on its way any more, ends the input, and hands out the score.
    pub fn finish(mut self) -> Result<Ended, PipelineError> {
        while let Some(due) = self.next_due() {
            self.pass_until(due)?;
        }
        self.advance_all(Timestamp::END)?;
        while let Some(due) = self.next_due() {
            self.pass_until(due)?;
        }
        if !self.held.is_empty() {
            let kept = self.held.len();
            return Err(PipelineError::Contract(format!(
                "{kept} held pings were not released at the end of the input"
            )));
        }
        Ok(Ended {
            truth: self.truth,
            held_ns: self.held_ns,
            digest: self.digest.hex(),
            late_ns: self.late_ns,
        })
    }

    fn receive(&mut self, event: &Event) -> Result<(), PipelineError> {
        if self.next_tick <= event.at || self.next_due().is_some_and(|due| due <= event.at) {
            self.pass_until(event.at)?;
        }
        self.truth.arrived(event);
        match event.id {
            Id::Key(key) => self.buffer(key, event, event.at, 1),
            Id::Missing => {
                self.truth.passed_unjudged(event);
                if let Some(sink) = &mut self.sink {
                    sink.deliver(event, event.at);
                }
                Ok(())
            }
            Id::Invalid(_) => {
                self.truth.errored(event);
                Ok(())
            }
        }
    }

    fn buffer(
        &mut self,
        key: PingKey,
        event: &Event,
        at: Timestamp,
        attempt: u32,
    ) -> Result<(), PipelineError> {
        let delivery = DeliveryId(self.deliveries);
        self.deliveries += 1;
        let ping = Ping { key, event_time: event.event_time, arrival: at, delivery };
        match self.buffers.push(&mut self.pool, ping, event, attempt) {
            Some(full) => self.judge(full, at),
            None => Ok(()),
        }
    }

    /// When the next thing happens that no event brings about; ticks only matter while there are events.
    fn next_due(&self) -> Option<Timestamp> {
        match (self.buffers.next_deadline(), self.schedule.next_due()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn pass_until(&mut self, at: Timestamp) -> Result<(), PipelineError> {
        while let Some(due) = self.next_due().filter(|due| *due <= at) {
            if let Some(worker) = self.buffers.due(due) {
                self.judge(worker, due)?;
            } else if let Some(publish) = self.schedule.publish_due(due) {
                self.deliver(publish, due)?;
            } else if let Some(Redelivery { key, event, attempt }) = self.schedule.redelivery_due(due) {
                self.buffer(key, &event, due, attempt)?;
            }
        }
        if self.next_tick <= at {
            self.advance_all(at)?;
            self.next_tick = at.plus(TICK);
        }
        Ok(())
    }

    fn judge(&mut self, worker: usize, at: Timestamp) -> Result<(), PipelineError> {
        let now = self.pace.reach(at).max(self.now);
        self.now = now;
        let batch = self.buffers.take(&mut self.pool, worker);
        if now > at {
            let late = saturating_nanos(now.since(at));
            let pings = self.pool[batch].pings.len() as u64;
            self.late_ns.record_n(late, pings).expect("the histogram grows as far as 64 bits");
        }
        self.verdicts.clear();
        match self.workers[worker].judge(&self.pool[batch].pings, now, &mut self.verdicts) {
            Ok(()) => {
                self.unavailable_since = None;
                self.act(batch, now)?;
                self.publish(Publish { worker, batch }, now)
            }
            Err(unavailable) => self.redeliver_all(batch, now, unavailable),
        }
    }

    /// Does with each ping what its verdict asks for, and leaves those in the batch that are to be published.
    fn act(&mut self, id: BatchId, now: Timestamp) -> Result<(), PipelineError> {
        let batch = &mut self.pool[id];
        if self.verdicts.len() != batch.pings.len() {
            let (got, asked) = (self.verdicts.len(), batch.pings.len());
            return Err(PipelineError::Contract(format!("gave {got} verdicts for {asked} pings")));
        }
        let answered = self.pace.since(now);
        self.digest.verdicts(&self.verdicts);
        let mut kept = 0;
        for (index, verdict) in self.verdicts.iter().enumerate() {
            let event = &batch.events[index];
            let covered = self.truth.judged(event, *verdict, now, answered);
            batch.covered.push(covered);
            match verdict {
                Verdict::New => {
                    batch.shift(index, kept);
                    kept += 1;
                }
                Verdict::Held => {
                    let held = HeldPing { event: *event, covered };
                    self.held.insert(batch.pings[index].delivery, held);
                }
                Verdict::InFlight => {
                    redeliver(&mut self.schedule, &mut self.truth, self.config, batch, index, now);
                }
                Verdict::Duplicate | Verdict::Late => {}
            }
        }
        batch.keep_first(kept);
        Ok(())
    }

    fn publish(&mut self, publish: Publish, now: Timestamp) -> Result<(), PipelineError> {
        if self.pool[publish.batch].pings.is_empty() {
            self.pool.give_back(publish.batch);
        } else if self.config.publish_latency.is_zero() {
            return self.deliver(publish, now);
        } else {
            self.schedule.publish(now.plus(self.config.publish_latency), publish);
        }
        Ok(())
    }

    fn deliver(&mut self, publish: Publish, at: Timestamp) -> Result<(), PipelineError> {
        let batch = &self.pool[publish.batch];
        self.settled.clear();
        for ((ping, event), covered) in batch.pings.iter().zip(&batch.events).zip(&batch.covered) {
            self.truth.delivered(event, *covered, at);
            if let Some(sink) = &mut self.sink {
                sink.deliver(event, at);
            }
            self.settled.push(Settled { ping: *ping, outcome: Outcome::Delivered });
        }
        let now = self.pace.reach(at).max(self.now);
        self.workers[publish.worker].settle(&self.settled, now)?;
        let answered = self.pace.since(now);
        for event in &batch.events {
            self.truth.marked(event, now, answered);
        }
        self.pool.give_back(publish.batch);
        Ok(())
    }

    fn redeliver_all(
        &mut self,
        id: BatchId,
        now: Timestamp,
        unavailable: Unavailable,
    ) -> Result<(), PipelineError> {
        if self.unavailable_since.get_or_insert_with(Instant::now).elapsed() >= OUTAGE_PATIENCE {
            return Err(unavailable.into());
        }
        let batch = &self.pool[id];
        if batch.pings.iter().any(|ping| batch.attempt(ping.delivery) >= MAX_ATTEMPTS) {
            return Err(unavailable.into());
        }
        for index in 0..batch.pings.len() {
            redeliver(&mut self.schedule, &mut self.truth, self.config, batch, index, now);
        }
        self.pool.give_back(id);
        Ok(())
    }

    fn advance_all(&mut self, at: Timestamp) -> Result<(), PipelineError> {
        let now = match at {
            Timestamp::END => at,
            at => self.pace.reach(at).max(self.now),
        };
        for worker in 0..self.workers.len() {
            self.released.clear();
            self.workers[worker].advance(now, &mut self.released)?;
            if !self.released.is_empty() {
                self.release(worker, now)?;
            }
        }
        Ok(())
    }

    fn release(&mut self, worker: usize, now: Timestamp) -> Result<(), PipelineError> {
        // The end of the input is no point in time: what is released then is released at the last one.
        let now = if now == Timestamp::END { self.now } else { now };
        let id = self.pool.lend();
        let batch = &mut self.pool[id];
        for ping in &self.released {
            let Some(held) = self.held.remove(&ping.delivery) else {
                let delivery = ping.delivery.0;
                return Err(PipelineError::Contract(format!(
                    "released delivery {delivery}, which it did not hold"
                )));
            };
            self.digest.released(ping.delivery);
            let waited = saturating_nanos(now.since(held.event.at));
            self.held_ns.record(waited.max(1)).expect("the histogram grows as far as 64 bits");
            batch.push(*ping, &held.event, 1);
            batch.covered.push(held.covered);
        }
        self.publish(Publish { worker, batch: id }, now)
    }
}

/// Has the source deliver a ping of `batch` again, unless it has done so too often.
fn redeliver(
    schedule: &mut Schedule,
    truth: &mut Truth,
    config: &PipelineConfig,
    batch: &Batch,
    index: usize,
    now: Timestamp,
) {
    let (ping, event) = (&batch.pings[index], batch.events[index]);
    let attempt = batch.attempt(ping.delivery);
    if attempt >= MAX_ATTEMPTS {
        truth.stalled(&event);
        return;
    }
    let again = Redelivery { key: ping.key, event, attempt: attempt + 1 };
    schedule.redeliver(now.plus(config.redelivery_delay), again);
}
