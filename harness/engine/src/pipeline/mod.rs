//! A small model of an at-least-once pipeline, in virtual time and on one thread.
//!
//! A source that redelivers what is not acked, workers that judge batches, publish and settle, and a sink that the
//! truth watches. The same seed gives the same decisions in the same order. What faults do to it stands in `under_faults`,
//! and costs a run without faults one comparison a batch.

mod active_faults;
mod alone;
#[cfg(test)]
mod alone_tests;
mod batch;
mod broker;
mod buffers;
mod chance;
mod crash;
mod delivery;
mod digest;
mod failed_publish;
#[cfg(test)]
mod fault_tests;
mod handle;
mod held;
mod host;
mod judging;
mod leases;
mod pace;
mod schedule;
mod sink;
#[cfg(test)]
mod tests;
mod under_faults;

use std::time::{Duration, Instant};

use dedup_strategies::driver::BrokenContract;
use dedup_strategies::{
    DeliveryId, HeldPings, Ping, PingKey, Settled, Strategy, Timestamp, Unavailable, Verdict,
};
use dedup_stream::scenario::PipelineConfig;
use dedup_stream::stream::{Event, Id, Source, SourceError};
use dedup_stream::truth::Truth;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hdrhistogram::Histogram;

use crate::faults::FaultError;
use crate::stats::recorder;
use active_faults::ActiveFaults;
use alone::Alone;
use batch::Pool;
use broker::Broker;
use buffers::Buffers;
use digest::Digest;
use handle::Handle;
use held::HeldPing;
use schedule::{Copy, Redelivery, Scheduled};

pub use active_faults::ObservedFault;
pub(crate) use chance::any_worker;
pub use host::Host;
use pace::Clock;
pub use pace::{Free, Pace, Wall};
pub use sink::Sink;

/// How often, in virtual time, workers are told that time passes; in every pass.
pub const TICK: Duration = Duration::from_secs(1);

/// How long, in real time, a store may fail to answer before the run is given up. In virtual time an outage of any
/// length takes none; a server that is gone for good would keep a run on wall time waiting for its redeliveries.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(5);

/// In the place of an attempt: the source has nothing more to hear of this ping.
const ACKED: u32 = 0;

/// Events asked of the source at once.
const FILL: usize = 128;

/// A run that did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The strategy broke the contract.
    #[error(transparent)]
    Contract(#[from] BrokenContract),
    /// The strategy stayed unavailable.
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
    /// The stream broke off.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A fault could not be brought about.
    #[error(transparent)]
    Fault(#[from] FaultError),
}

/// A pipeline around one strategy.
pub struct Pipeline<'a> {
    config: &'a PipelineConfig,
    clock: Clock<'a>,
    /// How pings are taken through that are alone, where they can be.
    alone: Option<Alone>,
    workers: Vec<Handle>,
    held_pings: HeldPings,
    broker: Broker,
    faults: ActiveFaults<'a>,
    sink: Option<Box<dyn Sink + 'a>>,
    pool: Pool,
    buffers: Buffers,
    held: HashMap<DeliveryId, HeldPing, FixedState>,
    held_ns: Histogram<u64>,
    waited_ns: Histogram<u64>,
    digest: Digest,
    deliveries: u64,
    /// The end of time where nobody acts on it that time passes.
    next_tick: Timestamp,
    now: Timestamp,
    late_ns: Histogram<u64>,
    unavailable_since: Option<Instant>,
    /// Since when nobody could be told how pings ended, however well they judge.
    untold_since: Option<Instant>,
    /// Why the last batch could not be judged, if it could not.
    could_not_judge: Option<Unavailable>,
    alive: fn(),
    verdicts: Vec<Verdict>,
    settled: Vec<Settled>,
    released: Vec<Ping>,
}

/// Which worker. Four bytes of the eight that a publish takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WorkerId(u32);

impl WorkerId {
    fn new(index: usize) -> Self {
        WorkerId(u32::try_from(index).expect("each worker has a handle in memory, so there are not as many"))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a pipeline leaves behind.
pub struct Ended {
    /// The score.
    pub truth: Truth,
    /// Time from arrival to release of held pings, in virtual nanoseconds.
    pub held_ns: Histogram<u64>,
    /// Time from arrival to decision of pings that came again before they were decided, in virtual nanoseconds.
    pub waited_ns: Histogram<u64>,
    /// Digest of every decision, in order.
    pub digest: String,
    /// By how much pings were judged later than they should have been, in virtual nanoseconds; those in time left out,
    /// and those whom a fault of the store kept waiting. Virtual time waits for the strategy, so it is empty but on wall
    /// time.
    pub late_ns: Histogram<u64>,
    /// What was seen of each fault, in the order of the scenario.
    pub faults: Vec<ObservedFault>,
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
        let opened = (0..config.workers.get()).map(|index| strategy.worker(index).map(Handle::from));
        let workers = opened.collect::<Result<Vec<_>, _>>()?;
        let hears_time = workers.iter().any(Handle::hears_time);
        let clock = Clock::new(pace);
        let mut pool = Pool::default();
        Ok(Pipeline {
            config,
            alone: Alone::new(config, clock.is_free()),
            clock,
            workers,
            held_pings: strategy.held_pings(),
            broker: Broker::new(config, truth),
            faults: ActiveFaults::none(),
            sink: None,
            buffers: Buffers::new(strategy.routing(), config, &mut pool),
            pool,
            held: HashMap::with_hasher(FixedState::with_seed(0)),
            held_ns: recorder(),
            waited_ns: recorder(),
            digest: Digest::default(),
            deliveries: 0,
            next_tick: if hears_time { start } else { Timestamp::END },
            now: start,
            late_ns: recorder(),
            unavailable_since: None,
            untold_since: None,
            could_not_judge: None,
            alive: || {},
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

    /// Calls `alive` whenever something is done with: a batch, a delivery, or a tick.
    pub fn with_sign_of_life(mut self, alive: fn()) -> Self {
        self.alive = alive;
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
            for (index, event) in events.iter().enumerate() {
                let next = events.get(index + 1).map_or(Timestamp::ZERO, |next| next.at);
                self.receive(event, next)?;
            }
            self.see_that_nothing_was_refused()?;
        }
        Ok(true)
    }

    /// Digest of every decision so far.
    pub fn digest(&mut self) -> String {
        self.digest.hex()
    }

    /// The score so far.
    pub fn truth(&self) -> &Truth {
        &self.broker.truth
    }

    /// Lets time pass until nothing is on its way any more, ends the input, and hands out the score.
    pub fn finish(mut self) -> Result<Ended, PipelineError> {
        loop {
            while self.next_due() < Timestamp::END {
                self.pass_until(self.next_due())?;
            }
            // Nobody dies any more once the input has ended: what is held is let go for good.
            self.faults.cancel_crashes();
            self.advance_all(Timestamp::END)?;
            // What is released may bring about that something comes again.
            if self.next_due() == Timestamp::END {
                break;
            }
        }
        self.forget_held()?;
        self.see_that_nothing_was_refused()?;
        self.see_that_it_judged_to_the_end()?;
        Ok(Ended {
            truth: self.broker.truth,
            held_ns: self.held_ns,
            waited_ns: self.waited_ns,
            digest: self.digest.hex(),
            late_ns: self.late_ns,
            faults: self.faults.observed(),
        })
    }

    /// Takes in an event that the one at `next` follows; zero where that is not known yet.
    fn receive(&mut self, event: &Event, next: Timestamp) -> Result<(), PipelineError> {
        if self.next_due().min(self.next_tick) <= event.at {
            self.pass_until(event.at)?;
        }
        self.broker.truth.arrived(event);
        match (event.id, self.is_alone(event, next)) {
            (Id::Key(key), Some(alone)) => self.take_alone(alone, key, event),
            _ => self.take_in(event, event.at, 1),
        }
    }

    /// A delivery by the source, the `attempt`th of its arrival.
    #[inline]
    fn take_in(&mut self, event: &Event, at: Timestamp, attempt: u32) -> Result<(), PipelineError> {
        match event.id {
            Id::Key(key) => return self.buffer(key, event, at, attempt),
            Id::Missing => {
                self.broker.truth.passed_unjudged(event, at);
                if let Some(sink) = &mut self.sink {
                    sink.deliver(event, at);
                }
            }
            Id::Invalid(_) => self.broker.truth.errored(),
        }
        self.broker.ack_at_once(event, attempt, at);
        Ok(())
    }

    #[inline]
    fn buffer(
        &mut self,
        key: PingKey,
        event: &Event,
        at: Timestamp,
        attempt: u32,
    ) -> Result<(), PipelineError> {
        let delivery = self.next_delivery();
        self.broker.delivers(delivery, event, attempt, at);
        let ping = Ping { key, event_time: event.event_time, arrival: at, delivery };
        match self.buffers.push(&mut self.pool, ping, event, attempt) {
            Some(full) => self.judge(full, at),
            None => Ok(()),
        }
    }

    fn next_delivery(&mut self) -> DeliveryId {
        self.deliveries += 1;
        DeliveryId(self.deliveries - 1)
    }

    /// When the next thing happens that no event brings about; the end of time if nothing will. Ticks only matter while
    /// there are events.
    #[inline]
    fn next_due(&self) -> Timestamp {
        self.broker.schedule.next_due().min(self.buffers.next_deadline())
    }

    fn pass_until(&mut self, at: Timestamp) -> Result<(), PipelineError> {
        loop {
            let due = self.next_due();
            if due > at || due == Timestamp::END {
                break;
            }
            if let Some(worker) = self.buffers.due(due) {
                self.judge(worker, due)?;
            } else if let Some(what) = self.broker.schedule.take(due) {
                self.happens(what, due)?;
            }
        }
        if self.next_tick <= at {
            self.advance_all(at)?;
            self.next_tick = at.plus(TICK);
        }
        Ok(())
    }

    fn happens(&mut self, what: Scheduled, at: Timestamp) -> Result<(), PipelineError> {
        match what {
            Scheduled::Publish(publish) => self.deliver(publish, at),
            Scheduled::Mark(publish) => self.mark(publish, at),
            Scheduled::Redelivery(redelivery) => self.deliver_again(*redelivery, at),
            Scheduled::Deadline(lease) => {
                let again = self.broker.deadline_passes(*lease);
                self.deliver_again(again, at)
            }
            Scheduled::Begin(fault) => self.begin_fault(fault, at),
            Scheduled::End(fault) => self.end_fault(fault, at),
        }
    }

    fn deliver_again(
        &mut self,
        Redelivery { event, attempt, copy }: Redelivery,
        at: Timestamp,
    ) -> Result<(), PipelineError> {
        self.broker.truth.redelivered(&event, at);
        if copy == Copy::Another {
            self.broker.truth.copy_born(&event, at);
        }
        self.take_in(&event, at, attempt)
    }

    /// The time that it is once `at` was reached.
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        (self.alive)();
        self.clock.reach(at).max(self.now)
    }

    /// When a strategy that was asked at `now` has answered.
    fn answered(&self, now: Timestamp) -> Timestamp {
        self.clock.since(now).plus(self.faults.store_delay)
    }

    fn advance_all(&mut self, at: Timestamp) -> Result<(), PipelineError> {
        let now = match at {
            Timestamp::END => at,
            at => self.reach(at),
        };
        for worker in 0..self.workers.len() {
            self.released.clear();
            if let Err(unavailable) = self.workers[worker].advance(self.faults.shown(now), &mut self.released)
            {
                if self.has_to_hear_of(at) {
                    return Err(unavailable.into());
                }
                self.tolerate(worker, unavailable)?;
            }
            if !self.released.is_empty() {
                self.release(worker, now)?;
            }
        }
        Ok(())
    }
}
