//! The sink refuses some of what is published.

use dedup_stream::faults::Values;

use super::{Action, Effects, Fault, FaultError, Target};
use crate::servers::Observation;

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "publish-fails", build };

fn build(values: &Values) -> Box<dyn Fault> {
    Box::new(PublishFails { share: values.share("share") })
}

struct PublishFails {
    share: f64,
}

impl Fault for PublishFails {
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        target.fail_publishes(self.share);
        Ok(())
    }

    fn end(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        target.let_publishes_succeed();
        Ok(())
    }

    fn observed(&self, Effects { fired, pings }: Effects) -> Observation {
        Observation {
            fired,
            what: format!("{fired} publishes failed, {pings} pings came again"),
            ..Observation::default()
        }
    }
}
