//! A clock jumps ahead, as after a long pause of a virtual machine or a correction by hand.

use std::time::Duration;

use dedup_stream::faults::Values;

use super::{Action, Effects, Fault, FaultError, Target};
use crate::servers::{Observation, StoreFault};

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "clock-jump", build };

fn build(values: &Values) -> Box<dyn Fault> {
    Box::new(ClockJump { by: values.time("by"), seen: Observation::default() })
}

struct ClockJump {
    by: Duration,
    seen: Observation,
}

impl Fault for ClockJump {
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        let jump = StoreFault::ClockJump(self.by);
        self.seen = match target.store() {
            Some(store) => {
                store.begin(&jump)?;
                store.observed(&jump)
            }
            None => {
                target.jump_clock(self.by);
                let what = format!("its clock jumped by {}", humantime::format_duration(self.by));
                Observation { fired: 1, what, ..Observation::default() }
            }
        };
        Ok(())
    }

    fn observed(&self, _effects: Effects) -> Observation {
        self.seen.clone()
    }
}
