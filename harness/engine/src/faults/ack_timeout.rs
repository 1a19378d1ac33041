//! Acks that do not reach the source.

use super::{Action, Effects, Fault, FaultError, Target};
use crate::servers::Observation;

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "ack-timeout", build: |_| Box::<AckTimeout>::default() };

#[derive(Default)]
struct AckTimeout {
    lost_before: u64,
    lost: u64,
}

impl Fault for AckTimeout {
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        self.lost_before = target.acks_lost();
        target.lose_acks();
        Ok(())
    }

    fn end(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        target.hear_acks();
        self.lost = target.acks_lost() - self.lost_before;
        Ok(())
    }

    fn observed(&self, _effects: Effects) -> Observation {
        Observation {
            fired: self.lost,
            what: format!("{} acks did not arrive", self.lost),
            ..Observation::default()
        }
    }
}
