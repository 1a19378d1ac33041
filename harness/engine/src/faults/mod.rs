//! What faults do to a pipeline: each action is one file and one line in [`ACTIONS`], and belongs to the specification
//! of the same name in [`dedup_stream::faults::FAULTS`].
//!
//! A scenario places faults in time; the pipeline begins and ends them. A fault acts through the levers of a [`Target`],
//! and says afterwards what was seen of it: one that never happened makes its cell inconclusive.

mod ack_timeout;
mod clock_jump;
mod eviction;
mod primary_failover;
mod publish_fails;
mod reply_lost;
mod restart;
mod store;
mod store_killed;
mod store_slow;
mod store_unreachable;
mod worker_crash;
mod workers;

use std::time::Duration;

use dedup_stream::faults::{Placed, Values};

use crate::servers::{Observation, ServerError, StoreControl};

/// What a kind of fault does.
pub struct Action {
    /// The name of its specification.
    pub fault: &'static str,
    /// Makes one, from fields that were checked against the specification.
    pub build: fn(&Values) -> Box<dyn Fault>,
}

/// Every action, one line each, in the order of the specifications.
pub const ACTIONS: &[Action] = &[
    worker_crash::ACTION,
    ack_timeout::ACTION,
    publish_fails::ACTION,
    restart::ACTION,
    workers::ADDED,
    workers::REMOVED,
    clock_jump::ACTION,
    store_killed::ACTION,
    store_unreachable::ACTION,
    store_slow::ACTION,
    reply_lost::ACTION,
    eviction::ACTION,
    primary_failover::ACTION,
];

/// The fault that was placed, ready to begin.
pub fn build(placed: &Placed) -> Box<dyn Fault> {
    let name = placed.kind.name;
    let found = ACTIONS.iter().find(|action| action.fault == name);
    let action = found.unwrap_or_else(|| panic!("{name} is specified and does nothing: it has no action"));
    (action.build)(&placed.values)
}

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
    let changes = in_order.iter().filter_map(|fault| build(fault).change());
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

    /// This share of publishes fails, on this fault's account, until it calls
    /// [`let_publishes_succeed`](Self::let_publishes_succeed).
    fn fail_publishes(&mut self, share: f64);

    /// No publish fails any more on this fault's account.
    fn let_publishes_succeed(&mut self);

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dedup_stream::faults::{FAULTS, FieldType, Value};

    use super::*;

    #[test]
    fn each_specification_has_an_action_and_each_action_a_specification() {
        let specified: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        let acted: Vec<&str> = ACTIONS.iter().map(|action| action.fault).collect();
        assert_eq!(acted, specified);
        assert_eq!(specified.iter().collect::<BTreeSet<_>>().len(), specified.len(), "{specified:?}");
    }

    #[test]
    fn every_fault_can_be_built_from_whatever_its_specification_allows() {
        for kind in FAULTS {
            let choices = |field: FieldType| match field {
                FieldType::Word(words) => words.iter().map(|word| Value::Word(word)).collect(),
                FieldType::Time => vec![Value::Time(Duration::from_secs(1))],
                FieldType::Count => vec![Value::Count(1)],
                FieldType::Share => vec![Value::Share(0.5)],
            };
            let most = kind.fields.iter().map(|field| choices(field.what).len()).max().unwrap_or(1);
            for choice in 0..most {
                let value = |field: FieldType| {
                    let all = choices(field);
                    all[choice % all.len()]
                };
                let values = kind.fields.iter().map(|field| (field.name, value(field.what))).collect();
                let placed = Placed {
                    kind,
                    at: Duration::ZERO,
                    lasts: Duration::ZERO,
                    values: Values::new(values),
                    pipeline: 0,
                };
                let fault = build(&placed);
                assert_eq!(fault.observed(Effects::default()).fired, 0, "{placed} has not begun");
            }
        }
    }
}
