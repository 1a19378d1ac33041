//! The process is killed, and started again.

use super::{Fault, Field, Hits, Kind, Lasts, Stage, State, Toll, Values, What};
use crate::pipeline::PipelineError;
use crate::servers::Observation;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "restart",
    about: "the process with all its workers is killed and starts again at once; a store beside it goes on",
    lasts: Lasts::Moment,
    hits: Hits::Pipeline,
    fields: &[Field {
        name: "state",
        about: "whether the strategy finds its own directory as it was, or an empty one",
        what: What::Word(&["kept", "lost"]),
        default: None,
    }],
    build,
};

fn build(values: &Values) -> Box<dyn Fault> {
    let state = if values.word("state") == "kept" { State::Kept } else { State::Lost };
    Box::new(Restart { state, came_again: None })
}

struct Restart {
    state: State,
    came_again: Option<u64>,
}

impl Fault for Restart {
    fn begin(&mut self, stage: &mut dyn Stage) -> Result<(), PipelineError> {
        self.came_again = Some(stage.restart(self.state)?);
        Ok(())
    }

    fn observed(&self, _toll: Toll) -> Observation {
        match self.came_again {
            Some(pings) => Observation { fired: 1, what: format!("restarted, {pings} pings came again") },
            None => Observation::default(),
        }
    }
}
