//! A worker dies with a batch in hand.

use dedup_stream::faults::Values;

use super::{Action, CrashPoint, Effects, Fault, FaultError, Target};
use crate::servers::Observation;

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "worker-crash", build };

fn build(values: &Values) -> Box<dyn Fault> {
    let point = match values.word("point") {
        "before-judge" => CrashPoint::BeforeJudge,
        "before-publish" => CrashPoint::BeforePublish,
        "before-settle" => CrashPoint::BeforeSettle,
        _ => CrashPoint::BeforeAck,
    };
    Box::new(WorkerCrash { point, count: values.count("count") })
}

struct WorkerCrash {
    point: CrashPoint,
    count: u64,
}

impl Fault for WorkerCrash {
    fn begin(&mut self, target: &mut dyn Target) -> Result<(), FaultError> {
        (0..self.count).for_each(|_| target.crash_next(self.point));
        Ok(())
    }

    fn observed(&self, effects: Effects) -> Observation {
        let what =
            format!("{} of {} workers died, {} pings came again", effects.fired, self.count, effects.pings);
        Observation { fired: effects.fired, what, ..Observation::default() }
    }
}
