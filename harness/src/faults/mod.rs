//! What can go wrong in a pipeline: each kind of fault is one file and one line in [`KINDS`].
//!
//! A scenario places faults in time; the pipeline begins and ends them. A fault acts through the levers of a [`Stage`],
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

use crate::pipeline::PipelineError;
use crate::servers::{Observation, StoreControl};

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
    fn begin(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError>;

    /// It ends. Never called for a fault that is over at once.
    fn end(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        let _ = stage;
        Ok(())
    }

    /// By how many workers it changes their number: strategies are built for the largest that there will be.
    fn workers_added(&self) -> i64 {
        0
    }

    /// What was seen of it. `toll` is what the pipeline counted on its account.
    fn observed(&self, toll: Toll) -> Observation;
}

/// What a fault brought about later than it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// How often it struck.
    pub fired: u64,
    /// Deliveries that come again because of it.
    pub pings: u64,
}

/// What a fault can do to a pipeline and to what stands beside it.
pub trait Stage {
    /// The next worker that comes to `point` with pings in hand dies there, on this fault's account.
    fn crash_next(&mut self, point: CrashPoint);

    /// No ack arrives until [`hear_acks`](Self::hear_acks) was called as often.
    fn lose_acks(&mut self);

    /// Acks arrive again.
    fn hear_acks(&mut self);

    /// Acks lost so far, whichever fault lost them.
    fn acks_lost(&self) -> u64;

    /// The process is killed and starts again, with or without what it kept in its directory. Gives the deliveries
    /// that come again because of it.
    fn restart(&mut self, state: State) -> Result<u64, PipelineError>;

    /// More workers take part; gives by how many.
    fn add_workers(&mut self, count: u64) -> Result<u64, PipelineError>;

    /// Fewer workers take part, one at the least; gives by how many.
    fn remove_workers(&mut self, count: u64) -> Result<u64, PipelineError>;

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
