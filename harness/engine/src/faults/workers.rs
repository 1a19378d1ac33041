//! The pipeline is scaled up or down: keys change places, and the state of the workers does not move with them.

use dedup_stream::faults::Values;

use super::{Action, Change, Effects, Fault};
use crate::servers::Observation;

/// The line in the list of actions.
pub(super) const ADDED: Action = Action { fault: "workers-added", build: added };

/// The line in the list of actions.
pub(super) const REMOVED: Action = Action { fault: "workers-removed", build: removed };

fn added(values: &Values) -> Box<dyn Fault> {
    Box::new(Workers { change: Change::AddWorkers(values.count("count")), way: "came" })
}

fn removed(values: &Values) -> Box<dyn Fault> {
    Box::new(Workers { change: Change::RemoveWorkers(values.count("count")), way: "left" })
}

struct Workers {
    change: Change,
    /// What workers did, in words.
    way: &'static str,
}

impl Fault for Workers {
    fn change(&self) -> Option<Change> {
        Some(self.change)
    }

    fn observed(&self, Effects { fired, .. }: Effects) -> Observation {
        Observation { fired, what: format!("{fired} workers {}", self.way), ..Observation::default() }
    }
}
