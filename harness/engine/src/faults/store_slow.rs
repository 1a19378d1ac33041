//! The store takes its time to answer.

use std::time::Duration;

use dedup_stream::faults::Values;

use super::store::AtStore;
use super::{Action, Effects, Fault, FaultError, Target};
use crate::servers::{Observation, StoreFault};

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "store-slow", build };

/// A delay takes virtual time in the pipeline's model. For each second of it, the real store is slowed by a
/// millisecond, so that it is truly the store that is late, and a run of hours still ends within seconds.
const REAL_SHARE: u32 = 1_000;

/// As long as a real delay may be.
const LONGEST_REAL: Duration = Duration::from_micros(500);

fn build(values: &Values) -> Box<dyn Fault> {
    let delay = values.time("delay");
    let real = (delay / REAL_SHARE).clamp(Duration::from_micros(1), LONGEST_REAL);
    Box::new(StoreSlow { delay, at_store: AtStore::new(StoreFault::Slow(real)) })
}

struct StoreSlow {
    delay: Duration,
    at_store: AtStore,
}

impl Fault for StoreSlow {
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        target.slow_store(self.delay);
        self.at_store.begin(target)
    }

    fn end(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        target.slow_store(Duration::ZERO);
        self.at_store.end(target)
    }

    fn observed(&self, effects: Effects) -> Observation {
        self.at_store.observed(effects)
    }
}
