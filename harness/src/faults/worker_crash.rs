//! A worker dies with a batch in hand.

use super::{CrashPoint, Effects, Fault, FaultError, Field, Hits, Kind, Lasts, Target, Value, Values, What};
use crate::servers::Observation;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "worker-crash",
    about: "the next worker that comes to the point with pings in hand dies there, and another takes its place",
    lasts: Lasts::Moment,
    hits: Hits::Pipeline,
    fields: &[
        Field { name: "point", about: "where it dies", what: What::Word(POINTS), default: None },
        Field {
            name: "count",
            about: "how many workers die there, one after the other",
            what: What::Count,
            default: Some(Value::Count(1)),
        },
    ],
    build,
};

const POINTS: &[&str] = &["before-judge", "before-publish", "before-settle", "before-ack"];

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
        Observation { fired: effects.fired, what }
    }
}
