//! What faults of a store have in common: the store's control brings them about and watches them.

use super::{Fault, Stage, Toll};
use crate::pipeline::PipelineError;
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
    fn begin(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        // Strategies without a store are not run under faults of a store.
        if let Some(store) = stage.store() {
            store.begin(&self.fault)?;
        }
        Ok(())
    }

    fn end(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        if let Some(store) = stage.store() {
            store.end(&self.fault)?;
            self.seen = store.observed(&self.fault);
        }
        Ok(())
    }

    fn observed(&self, _toll: Toll) -> Observation {
        self.seen.clone()
    }
}
