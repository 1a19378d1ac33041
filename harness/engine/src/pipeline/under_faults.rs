//! A pipeline under faults: when they begin and end, and what they may do to it.

use std::time::Duration;

use dedup_strategies::Timestamp;
use dedup_stream::faults::Placed;
use dedup_stream::scenario::PipelineConfig;
use dedup_stream::truth::Truth;

use super::active_faults::ActiveFault;
use super::crash::Down;
use super::host::Host;
use super::schedule::Scheduled;
use super::{Pace, Pipeline, PipelineError};
use crate::faults::{self, Change, CrashPoint, Effects, Fault, FaultError, State, Target};
use crate::servers::{Observation, StoreControl};

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
        pipeline.faults.host = Some(host);
        // A worker that dies is missed when it is told that time passes.
        pipeline.next_tick = start;
        for (index, placed) in placed_faults.iter().enumerate() {
            let at = start.plus(placed.at);
            pipeline.broker.schedule.add(at, Scheduled::Begin(index));
            if !placed.lasts.is_zero() {
                pipeline.broker.schedule.add(at.plus(placed.lasts), Scheduled::End(index));
            }
            let active = ActiveFault {
                placed: placed.clone(),
                fault: faults::build(placed),
                effects: Effects::default(),
            };
            pipeline.faults.all.push(active);
        }
        Ok(pipeline)
    }

    pub(super) fn begin_fault(&mut self, index: usize, at: Timestamp) -> Result<(), PipelineError> {
        let placed = &self.faults.all[index].placed;
        if placed.hits_store() {
            let until = at.plus(placed.lasts).plus(placed.lasts);
            self.faults.store_delays_until = self.faults.store_delays_until.max(until);
        }
        let troubles_store = placed.troubles_store();
        if !placed.lasts.is_zero() {
            self.broker.faults_lasting += 1;
        }
        if troubles_store {
            self.faults.store_fault_begins(self.workers.len());
        }
        self.act_on_fault(index, at, |fault, target| fault.begin(target))?;
        match self.faults.all[index].fault.change() {
            Some(Change::Restart(state)) => self.restart(state),
            Some(change) => self.change_workers(change),
            None => Ok(()),
        }
    }

    pub(super) fn end_fault(&mut self, index: usize, at: Timestamp) -> Result<(), PipelineError> {
        self.broker.faults_lasting -= 1;
        if self.faults.all[index].placed.troubles_store() {
            self.faults.store_fault_ends();
        }
        // Patience begins anew with a store that is whole.
        (self.unavailable_since, self.untold_since) = (None, None);
        self.act_on_fault(index, at, |fault, target| fault.end(target))
    }

    fn act_on_fault(
        &mut self,
        index: usize,
        at: Timestamp,
        act: impl FnOnce(&mut dyn Fault, &mut dyn Target) -> Result<(), FaultError>,
    ) -> Result<(), PipelineError> {
        self.now = self.reach(at);
        self.faults.acting = index;
        // A fault and the pipeline that it works on cannot be borrowed at once.
        let mut fault = std::mem::replace(&mut self.faults.all[index].fault, Box::new(Absent));
        let done = act(fault.as_mut(), self);
        self.faults.all[index].fault = fault;
        Ok(done?)
    }

    /// The process is killed and starts again, on the account of the fault that acts.
    fn restart(&mut self, state: State) -> Result<(), PipelineError> {
        let acting = self.faults.acting;
        self.faults.all[acting].effects.fired += 1;
        self.faults.crashing = Some(acting);
        for worker in 0..self.workers.len() {
            self.workers[worker] = Down::because("its process is gone");
            self.lose_memory(worker, self.now);
        }
        self.faults.crashing = None;
        if let Some(host) = &mut self.faults.host {
            host.restart(state)?;
        }
        (0..self.workers.len()).try_for_each(|worker| self.reopen(worker))
    }

    fn change_workers(&mut self, change: Change) -> Result<(), PipelineError> {
        let before = self.buffers.workers();
        let after = change.workers_after(before);
        self.faults.all[self.faults.acting].effects.fired += before.abs_diff(after) as u64;
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
            self.workers.push(Down::because("its worker is not there yet"));
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
        self.faults.failing.push((self.faults.acting, share));
    }

    fn let_publishes_succeed(&mut self) {
        let acting = self.faults.acting;
        self.faults.failing.retain(|(fault, _)| *fault != acting);
    }

    fn crash_next(&mut self, point: CrashPoint) {
        self.faults.crashes.push_back((self.faults.acting, point));
    }

    fn lose_acks(&mut self) {
        self.broker.losing_acks += 1;
    }

    fn hear_acks(&mut self) {
        self.broker.losing_acks -= 1;
    }

    fn acks_lost(&self) -> u64 {
        self.broker.acks_lost
    }

    fn jump_clock(&mut self, by: Duration) {
        self.faults.ahead += by;
    }

    fn slow_store(&mut self, delay: Duration) {
        self.faults.store_delay = delay;
    }

    fn store(&mut self) -> Option<&mut dyn StoreControl> {
        self.faults.host.as_mut().and_then(|host| host.store())
    }
}

/// Stands in a fault's place while it acts.
struct Absent;

impl Fault for Absent {
    fn observed(&self, _effects: Effects) -> Observation {
        Observation::default()
    }
}
