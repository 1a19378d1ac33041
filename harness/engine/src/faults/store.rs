//! What faults of a store have in common: the store's control brings them about and watches them.

use super::{Effects, Fault, FaultError, Target};
use crate::servers::{Observation, StoreFault};

/// A fault that happens at the store alone.
pub(super) struct AtStore {
    fault: StoreFault,
    seen: Observation,
}

impl AtStore {
    pub(super) fn new(fault: StoreFault) -> AtStore {
        AtStore { fault, seen: Observation::default() }
    }

    pub(super) fn fault(fault: StoreFault) -> Box<dyn Fault> {
        Box::new(AtStore::new(fault))
    }
}

impl Fault for AtStore {
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        // Strategies without a store are not run under faults of a store.
        if let Some(store) = target.store() {
            store.begin(&self.fault)?;
        }
        Ok(())
    }

    fn end(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        if let Some(store) = target.store() {
            store.end(&self.fault)?;
            self.seen = store.observed(&self.fault);
        }
        Ok(())
    }

    fn observed(&self, _effects: Effects) -> Observation {
        self.seen.clone()
    }
}
