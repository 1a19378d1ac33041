//! The pipeline is scaled up or down: keys change places, and the state of the workers does not move with them.

use super::{Change, Effects, Fault, Field, Hits, Kind, Lasts, Value, Values, What};
use crate::servers::Observation;

/// The line in the list of faults.
pub(super) const ADDED: Kind = Kind {
    name: "workers-added",
    about: "more workers take part; by key, pings change places, and the state of the workers does not move",
    lasts: Lasts::Moment,
    hits: Hits::Pipeline,
    fields: COUNT,
    build: added,
};

/// The line in the list of faults.
pub(super) const REMOVED: Kind = Kind {
    name: "workers-removed",
    about: "workers end what they have judged and take part no more; by key, pings change places as well",
    lasts: Lasts::Moment,
    hits: Hits::Pipeline,
    fields: COUNT,
    build: removed,
};

const COUNT: &[Field] = &[Field {
    name: "count",
    about: "how many; one worker at least stays",
    what: What::Count,
    default: Some(Value::Count(1)),
}];

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
        Observation { fired, what: format!("{fired} workers {}", self.way) }
    }
}
