//! Acks that do not reach the source.

use super::{Fault, Hits, Kind, Lasts, Stage, Toll};
use crate::pipeline::PipelineError;
use crate::servers::Observation;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "ack-timeout",
    about: "no ack arrives while it lasts: everything that was done comes again after the ack deadline",
    lasts: Lasts::While,
    hits: Hits::Pipeline,
    fields: &[],
    build: |_| Box::<AckTimeout>::default(),
};

#[derive(Default)]
struct AckTimeout {
    lost_before: u64,
    lost: u64,
}

impl Fault for AckTimeout {
    fn begin(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        self.lost_before = stage.acks_lost();
        stage.lose_acks();
        Ok(())
    }

    fn end(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        stage.hear_acks();
        self.lost = stage.acks_lost() - self.lost_before;
        Ok(())
    }

    fn observed(&self, _toll: Toll) -> Observation {
        Observation { fired: self.lost, what: format!("{} acks did not arrive", self.lost) }
    }
}
