//! The process is killed, and started again.

use dedup_stream::faults::Values;

use super::{Action, Change, Effects, Fault, State};
use crate::servers::Observation;

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "restart", build };

fn build(values: &Values) -> Box<dyn Fault> {
    let state = if values.word("state") == "kept" { State::Kept } else { State::Lost };
    Box::new(Restart { state })
}

struct Restart {
    state: State,
}

impl Fault for Restart {
    fn change(&self) -> Option<Change> {
        Some(Change::Restart(self.state))
    }

    fn observed(&self, Effects { fired, pings }: Effects) -> Observation {
        match fired {
            0 => Observation::default(),
            _ => Observation {
                fired,
                what: format!("restarted, {pings} pings came again"),
                ..Observation::default()
            },
        }
    }
}
