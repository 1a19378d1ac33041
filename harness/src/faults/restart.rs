//! The process is killed, and started again.

use super::{Change, Effects, Fault, Field, Hits, Kind, Lasts, State, Values, What};
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
            _ => Observation { fired, what: format!("restarted, {pings} pings came again") },
        }
    }
}
