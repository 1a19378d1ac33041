//! What faults do to the pipeline: workers that die, processes that start again, clocks that jump.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use dedup_strategies::driver::BrokenContract;
use dedup_strategies::{DeliveryId, Ping, Strategy, Timestamp, Unavailable, Verdict, Worker};
use dedup_stream::faults::Placed;
use dedup_stream::scenario::PipelineConfig;
use dedup_stream::stream::Event;
use dedup_stream::truth::Truth;

use super::batch::BatchId;
use super::broker::Left;
use super::schedule::Later;
use super::{ACKED, HeldPing, OUTAGE_PATIENCE, Pace, Pipeline, PipelineError, SourceOfHeld, WorkerId};

use crate::faults::{self, Change, CrashPoint, Effects, Fault, FaultError, State, Target};
use crate::servers::{Observation, StoreControl};

/// Where a pipeline gets its strategy from, and gets it again.
pub trait Host: Send {
    /// The strategy, as it is now.
    fn strategy(&self) -> &dyn Strategy;

    /// Drops the strategy and builds it again, in the directory that it had or in an empty one.
    fn restart(&mut self, state: State) -> Result<(), Unavailable>;

    /// What can be done to its store, where it has one.
    fn store(&mut self) -> Option<&mut dyn StoreControl>;
}

/// What was seen of a fault.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The fault, as placed.
    pub placed: Placed,
    /// What was seen.
    pub seen: Observation,
}

/// The faults of a run, and what those that go on are up to.
pub(super) struct Troubles<'a> {
    host: Option<Box<dyn Host + 'a>>,
    faults: Vec<Underway>,
    /// Crashes to come: the fault on whose account they are, and where.
    crashes: VecDeque<(usize, CrashPoint)>,
    /// The fault that acts.
    acting: usize,
    /// The fault whose crash happens.
    striking: Option<usize>,
    /// Workers whose handle could not be opened.
    down: BTreeSet<usize>,
    /// Faults that go on and have publishes fail, and which share of them.
    failing: Vec<(usize, f64)>,
    /// How long the store takes to answer.
    pub(super) store_delay: Duration,
    /// How far the clock that strategies are shown is ahead.
    ahead: Duration,
    /// Until then, whoever is late is late because of a fault of the store.
    store_delays_until: Timestamp,
}

struct Underway {
    placed: Placed,
    fault: Box<dyn Fault>,
    effects: Effects,
}

impl<'a> Troubles<'a> {
    pub(super) fn none() -> Self {
        Troubles {
            host: None,
            faults: Vec::new(),
            crashes: VecDeque::new(),
            acting: 0,
            striking: None,
            down: BTreeSet::new(),
            failing: Vec::new(),
            store_delay: Duration::ZERO,
            ahead: Duration::ZERO,
            store_delays_until: Timestamp::ZERO,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether a worker that has come to `point` dies there.
    #[inline]
    pub(super) fn strikes(&mut self, point: CrashPoint) -> bool {
        !self.crashes.is_empty() && self.strikes_now(point)
    }

    #[cold]
    fn strikes_now(&mut self, point: CrashPoint) -> bool {
        let Some(next) = self.crashes.iter().position(|(_, other)| *other == point) else { return false };
        let (fault, _) = self.crashes.remove(next).expect("it was found there");
        self.faults[fault].effects.fired += 1;
        self.striking = Some(fault);
        true
    }

    /// Whether some publishes fail.
    #[inline]
    pub(super) fn publishes_fail(&self) -> bool {
        !self.failing.is_empty()
    }

    /// The fault on whose account the publish of a delivery fails, if it does. Drawn from the delivery's id, which is
    /// another one each time that a ping comes.
    pub(super) fn publish_fails(&mut self, delivery: DeliveryId) -> Option<usize> {
        let failing = |(fault, share): &(usize, f64)| drawn(delivery, *fault) < *share;
        let fault = self.failing.iter().find(|one| failing(one))?.0;
        self.faults[fault].effects.fired += 1;
        Some(fault)
    }

    /// One more delivery comes again on a fault's account.
    pub(super) fn comes_again(&mut self, fault: usize) {
        self.faults[fault].effects.pings += 1;
    }

    pub(super) fn call_off_crashes(&mut self) {
        self.crashes.clear();
    }

    /// The crash that strikes has this many deliveries on its account, and is over.
    pub(super) fn strike_counts(&mut self, pings: usize) {
        if let Some(fault) = self.striking.take() {
            self.faults[fault].effects.pings += pings as u64;
        }
    }

    /// Whether what was due `at` a time may be late without the server being too slow for the pace: while a fault of the
    /// store lasts, and as long again, for what has waited meanwhile.
    pub(super) fn excuse(&self, at: Timestamp) -> bool {
        at < self.store_delays_until
    }

    /// The time that strategies are shown.
    #[inline]
    pub(super) fn shown(&self, now: Timestamp) -> Timestamp {
        now.plus(self.ahead)
    }

    pub(super) fn happened(&self) -> Vec<Happened> {
        let happened = |underway: &Underway| Happened {
            placed: underway.placed.clone(),
            seen: underway.fault.observed(underway.effects),
        };
        self.faults.iter().map(happened).collect()
    }
}

impl<'a> Pipeline<'a> {
    /// A pipeline in which `placed_faults` happen, counted from `start`, around the host's strategy. The truth has to be one
    /// that scores faults ([`Truth::under_faults`]).
    pub fn with_faults(
        config: &'a PipelineConfig,
        placed_faults: &[Placed],
        host: Box<dyn Host + 'a>,
        truth: Truth,
        pace: Box<dyn Pace + 'a>,
        start: Timestamp,
    ) -> Result<Self, PipelineError> {
        let mut pipeline = Pipeline::new(config, host.strategy(), truth, pace, start)?;
        pipeline.troubles.host = Some(host);
        for (index, placed) in placed_faults.iter().enumerate() {
            let at = start.plus(placed.at);
            pipeline.broker.schedule.add(at, Later::Begin(index));
            if !placed.lasts.is_zero() {
                pipeline.broker.schedule.add(at.plus(placed.lasts), Later::End(index));
            }
            let underway = Underway {
                placed: placed.clone(),
                fault: faults::build(placed),
                effects: Effects::default(),
            };
            pipeline.troubles.faults.push(underway);
        }
        Ok(pipeline)
    }

    pub(super) fn begin_fault(&mut self, index: usize, at: Timestamp) -> Result<(), PipelineError> {
        let placed = &self.troubles.faults[index].placed;
        if placed.hits_store() {
            let until = at.plus(placed.lasts).plus(placed.lasts);
            self.troubles.store_delays_until = self.troubles.store_delays_until.max(until);
        }
        if !placed.lasts.is_zero() {
            self.broker.going_on += 1;
        }
        self.act_on_fault(index, at, |fault, target| fault.begin(target))?;
        match self.troubles.faults[index].fault.change() {
            Some(Change::Restart(state)) => self.restart(state),
            Some(change) => self.change_workers(change),
            None => Ok(()),
        }
    }

    pub(super) fn end_fault(&mut self, index: usize, at: Timestamp) -> Result<(), PipelineError> {
        self.broker.going_on -= 1;
        // Patience begins anew with a store that is whole.
        self.unavailable_since = None;
        self.act_on_fault(index, at, |fault, target| fault.end(target))
    }

    fn act_on_fault(
        &mut self,
        index: usize,
        at: Timestamp,
        act: impl FnOnce(&mut dyn Fault, &mut dyn Target) -> Result<(), FaultError>,
    ) -> Result<(), PipelineError> {
        self.now = self.reach(at);
        self.troubles.acting = index;
        // A fault and the pipeline that it works on cannot be borrowed at once.
        let mut fault = std::mem::replace(&mut self.troubles.faults[index].fault, Box::new(Absent));
        let done = act(fault.as_mut(), self);
        self.troubles.faults[index].fault = fault;
        Ok(done?)
    }

    /// A worker dies with a batch in hand.
    pub(super) fn crash_with(
        &mut self,
        worker: usize,
        batch: BatchId,
        left: Left,
        now: Timestamp,
    ) -> Result<(), PipelineError> {
        self.expire_all(batch, left, now);
        self.pool.give_back(batch);
        self.crash(worker, now)
    }

    /// A worker dies, and its handle with it; another takes its place.
    pub(super) fn crash(&mut self, worker: usize, now: Timestamp) -> Result<(), PipelineError> {
        self.lose_hold(worker, now);
        self.reopen(worker)?;
        self.troubles.striking = None;
        Ok(())
    }

    /// Whatever a worker has in its memory, beside the batch in hand, comes again.
    fn lose_hold(&mut self, worker: usize, now: Timestamp) {
        for batch in self.broker.schedule.orphan(&mut self.pool, WorkerId::new(worker), now) {
            // What waits to be published once more is gone with its worker; the rest is on the wire.
            let on_the_wire = self.pool[batch].publishes_failed == 0;
            let source = if on_the_wire { SourceOfHeld::GaveUp } else { SourceOfHeld::Acked };
            self.return_acked(batch, source);
        }
        if self.buffers.has_pings(worker) {
            let batch = self.buffers.take(&mut self.pool, worker);
            self.expire_all(batch, Left::Unjudged, now);
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
                self.expire(&event, attempt, now);
            }
        }
    }

    /// The source hears nothing more of a batch that had come as far as `left` says.
    pub(super) fn expire_all(&mut self, id: BatchId, left: Left, since: Timestamp) {
        // Those of a worker that is dead went back when it died.
        if self.pool[id].orphaned.is_none() {
            let published = left == Left::Published;
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
            match left {
                Left::Unjudged => self.expire(&event, attempt, since),
                Left::LetThrough => {
                    self.broker.truth.died(&event);
                    self.expire(&event, attempt, since);
                }
                Left::Published => {
                    self.count_effect();
                    self.broker.expire_decided(&event, attempt, since);
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

    fn expire(&mut self, event: &Event, attempt: u32, since: Timestamp) {
        self.count_effect();
        self.broker.expire(event, attempt, since);
    }

    /// One more delivery comes again on the account of the fault that strikes.
    fn count_effect(&mut self) {
        if let Some(fault) = self.troubles.striking {
            self.troubles.faults[fault].effects.pings += 1;
        }
    }

    /// Drops a worker's handle and opens it anew.
    pub(super) fn reopen(&mut self, worker: usize) -> Result<(), PipelineError> {
        self.workers[worker] = Box::new(Down(Unavailable("its worker is gone".into())));
        let Some(host) = &self.troubles.host else { return Ok(()) };
        match host.strategy().worker(worker) {
            Ok(handle) => {
                self.workers[worker] = handle;
                self.troubles.down.remove(&worker);
            }
            // Whoever asks it for something is told, and it is tried again then.
            Err(unavailable) => {
                self.workers[worker] = Box::new(Down(unavailable));
                self.troubles.down.insert(worker);
            }
        }
        Ok(())
    }

    /// Whether to go on with a strategy that is unavailable: not where that has lasted too long, unless a fault is
    /// the reason.
    pub(super) fn endure(&mut self, worker: usize, unavailable: Unavailable) -> Result<(), PipelineError> {
        let since = *self.unavailable_since.get_or_insert_with(Instant::now);
        if self.broker.going_on == 0 && since.elapsed() >= OUTAGE_PATIENCE {
            return Err(unavailable.into());
        }
        if self.troubles.down.contains(&worker) {
            self.reopen(worker)?;
        }
        Ok(())
    }

    /// What is held at the end was not released, although the input has ended.
    pub(super) fn forget_held(&mut self) -> Result<(), PipelineError> {
        let mut kept = 0;
        for held in self.held.values() {
            match held.source {
                SourceOfHeld::GaveUp => self.broker.truth.died(&held.event),
                SourceOfHeld::Acked if !self.troubles.is_none() => {
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

    /// The process is killed and starts again, on the account of the fault that acts.
    fn restart(&mut self, state: State) -> Result<(), PipelineError> {
        let acting = self.troubles.acting;
        self.troubles.faults[acting].effects.fired += 1;
        self.troubles.striking = Some(acting);
        for worker in 0..self.workers.len() {
            self.workers[worker] = Box::new(Down(Unavailable("its process is gone".into())));
            self.lose_hold(worker, self.now);
        }
        self.troubles.striking = None;
        if let Some(host) = &mut self.troubles.host {
            host.restart(state)?;
        }
        (0..self.workers.len()).try_for_each(|worker| self.reopen(worker))
    }

    fn change_workers(&mut self, change: Change) -> Result<(), PipelineError> {
        let before = self.buffers.workers();
        let after = change.workers_after(before);
        self.troubles.faults[self.troubles.acting].effects.fired += before.abs_diff(after) as u64;
        self.set_workers(after)
    }

    fn set_workers(&mut self, workers: usize) -> Result<(), PipelineError> {
        let before = self.buffers.workers();
        let mut waiting = Vec::new();
        for worker in 0..before {
            if self.buffers.has_pings(worker) {
                waiting.push(self.buffers.take(&mut self.pool, worker));
            }
        }
        for index in self.workers.len()..workers {
            self.workers.push(Box::new(Down(Unavailable("its worker is not there yet".into()))));
            self.reopen(index)?;
        }
        self.buffers.set_workers(&mut self.pool, workers);
        // What was pulled and not judged goes to whoever is its worker now.
        for id in waiting {
            let batch = std::mem::take(&mut self.pool[id]);
            for (ping, event) in batch.pings.iter().zip(&batch.events) {
                let full = self.buffers.push(&mut self.pool, *ping, event, batch.attempt(ping.delivery));
                if let Some(full) = full {
                    self.judge(full, self.now)?;
                }
            }
            self.pool.give_back(id);
        }
        Ok(())
    }
}

impl Target for Pipeline<'_> {
    fn fail_publishes(&mut self, share: f64) {
        self.troubles.failing.push((self.troubles.acting, share));
    }

    fn let_publishes_succeed(&mut self) {
        let acting = self.troubles.acting;
        self.troubles.failing.retain(|(fault, _)| *fault != acting);
    }

    fn crash_next(&mut self, point: CrashPoint) {
        self.troubles.crashes.push_back((self.troubles.acting, point));
    }

    fn lose_acks(&mut self) {
        self.broker.deaf += 1;
    }

    fn hear_acks(&mut self) {
        self.broker.deaf -= 1;
    }

    fn acks_lost(&self) -> u64 {
        self.broker.acks_lost
    }

    fn jump_clock(&mut self, by: Duration) {
        self.troubles.ahead += by;
    }

    fn slow_store(&mut self, delay: Duration) {
        self.troubles.store_delay = delay;
    }

    fn store(&mut self) -> Option<&mut dyn StoreControl> {
        self.troubles.host.as_mut().and_then(|host| host.store())
    }
}

/// A number in 0..1 for a delivery and a fault, from the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
fn drawn(delivery: DeliveryId, fault: usize) -> f64 {
    let z = delivery.0.wrapping_add((fault as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Stands where a worker's handle is to be opened.
struct Down(Unavailable);

impl Worker for Down {
    fn judge(&mut self, _: &[Ping], _: Timestamp, _: &mut Vec<Verdict>) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }

    fn settle(&mut self, _: &[dedup_strategies::Settled], _: Timestamp) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }

    fn advance(&mut self, _: Timestamp, _: &mut Vec<Ping>) -> Result<(), Unavailable> {
        Err(self.0.clone())
    }
}

/// Stands in a fault's place while it acts.
struct Absent;

impl Fault for Absent {
    fn observed(&self, _effects: Effects) -> Observation {
        Observation::default()
    }
}
