//! The pipeline is scaled up or down: keys change places, and the state of the workers does not move with them.

use super::{Fault, Field, Hits, Kind, Lasts, Stage, Toll, Value, Values, What};
use crate::pipeline::PipelineError;
use crate::servers::Observation;

/// The line in the list of faults.
pub(super) const ADDED: Kind = Kind {
    name: "workers-added",
    about: "more workers take part; by key, pings change places, and the state of the workers does not move",
    lasts: Lasts::Moment,
    hits: Hits::Pipeline,
    fields: COUNT,
    build: |values| Box::new(Workers { way: Way::Added, count: values.count("count"), changed: 0 }),
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

fn removed(values: &Values) -> Box<dyn Fault> {
    Box::new(Workers { way: Way::Removed, count: values.count("count"), changed: 0 })
}

#[derive(Clone, Copy)]
enum Way {
    Added,
    Removed,
}

struct Workers {
    way: Way,
    count: u64,
    changed: u64,
}

impl Fault for Workers {
    fn begin(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        self.changed = match self.way {
            Way::Added => stage.add_workers(self.count)?,
            Way::Removed => stage.remove_workers(self.count)?,
        };
        Ok(())
    }

    fn workers_added(&self) -> i64 {
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        match self.way {
            Way::Added => count,
            Way::Removed => -count,
        }
    }

    fn observed(&self, _toll: Toll) -> Observation {
        let way = match self.way {
            Way::Added => "came",
            Way::Removed => "left",
        };
        Observation { fired: self.changed, what: format!("{} workers {way}", self.changed) }
    }
}
