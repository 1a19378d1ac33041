//! What can go wrong in a pipeline: each kind of fault is one file and one line in [`KINDS`].
//!
//! A scenario places faults in time; the pipeline begins and ends them. A fault acts through the levers of a [`Target`],
//! and says afterwards what was seen of it: one that never happened makes its cell inconclusive.

mod kind;
mod placed;

mod ack_timeout;
mod clock_jump;
mod eviction;
mod primary_failover;
mod reply_lost;
mod restart;
mod store;
mod store_killed;
mod store_slow;
mod store_unreachable;
mod worker_crash;
mod workers;

use std::time::Duration;

use crate::servers::{Observation, ServerError, StoreControl};

pub use kind::{Field, Hits, Kind, Lasts, Value, Values, What};
pub use placed::Placed;

/// Every kind, one line each, in the order in which they are listed.
pub const KINDS: &[Kind] = &[
    worker_crash::KIND,
    ack_timeout::KIND,
    restart::KIND,
    workers::ADDED,
    workers::REMOVED,
    clock_jump::KIND,
    store_killed::KIND,
    store_unreachable::KIND,
    store_slow::KIND,
    reply_lost::KIND,
    eviction::KIND,
    primary_failover::KIND,
];

/// One fault at work.
pub trait Fault: Send {
    /// It begins.
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        let _ = target;
        Ok(())
    }

    /// It ends. Never called for a fault that is over at once.
    fn end(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        let _ = target;
        Ok(())
    }

    /// What the pipeline is to do once it has begun. A fault that needs its pipeline to change only says so: it could
    /// not act from within.
    fn change(&self) -> Option<Change> {
        None
    }

    /// What was seen of it. `effects` is what the pipeline counted on its account.
    fn observed(&self, effects: Effects) -> Observation;
}

/// A fault could not be brought about.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// The store's control failed.
    #[error(transparent)]
    Store(#[from] ServerError),
}

/// What a pipeline does because of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The process is killed and starts again, with or without what it kept in its directory.
    Restart(State),
    /// So many more workers take part.
    AddWorkers(u64),
    /// So many fewer workers take part; one at the least stays.
    RemoveWorkers(u64),
}

impl Change {
    /// The number of workers after it, where there were `workers` before.
    pub fn workers_after(self, workers: usize) -> usize {
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        match self {
            Change::Restart(_) => workers,
            Change::AddWorkers(more) => workers.saturating_add(count(more)),
            Change::RemoveWorkers(fewer) => workers.saturating_sub(count(fewer)).max(1),
        }
    }
}

/// The number of workers at its largest, where it begins at `workers` and `faults` happen: strategies are built for it.
pub fn most_workers(faults: &[Placed], workers: usize) -> usize {
    let mut in_order: Vec<&Placed> = faults.iter().collect();
    in_order.sort_by_key(|fault| fault.at);
    let changes = in_order.iter().filter_map(|fault| fault.build().change());
    let after = |now: &mut usize, change: Change| {
        *now = change.workers_after(*now);
        Some(*now)
    };
    changes.scan(workers, after).fold(workers, usize::max)
}

/// What a pipeline counted on a fault's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// How often it struck: workers that died, came or left, processes that started again.
    pub fired: u64,
    /// Deliveries that come again because of it.
    pub pings: u64,
}

/// What a fault can do to a pipeline and to what stands beside it.
pub trait Target {
    /// The next worker that comes to `point` with pings in hand dies there, on this fault's account.
    fn crash_next(&mut self, point: CrashPoint);

    /// No ack arrives until [`hear_acks`](Self::hear_acks) was called as often.
    fn lose_acks(&mut self);

    /// Acks arrive again.
    fn hear_acks(&mut self);

    /// Acks lost so far, whichever fault lost them.
    fn acks_lost(&self) -> u64;

    /// The clock that an embedded strategy is shown jumps ahead.
    fn jump_clock(&mut self, by: Duration);

    /// The store takes this long to answer, in virtual time.
    fn slow_store(&mut self, delay: Duration);

    /// What can be done to the strategy's store; none where it has none.
    fn store(&mut self) -> Option<&mut dyn StoreControl>;
}

/// Where a worker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// With a batch in hand of which the strategy does not know yet.
    BeforeJudge,
    /// Between the verdicts and the publish.
    BeforePublish,
    /// Between the publish and the settlement.
    BeforeSettle,
    /// Between the settlement and the ack.
    BeforeAck,
}

/// What a restart leaves of a strategy's own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its directory, as it was.
    Kept,
    /// Nothing.
    Lost,
}
