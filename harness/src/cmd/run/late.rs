//! Causes that bring most of their copies after the end of the stream: nobody would see it in the figures.

use dedup_stream::workload::Workload;

use crate::print::note;
use crate::units::short;

/// Says which causes of a scenario bring less than half of what they ask for, because the stream ends before.
pub(super) fn tell(workload: &Workload) {
    let Workload::Scenario(scenario) = workload else { return };
    for (cause, share) in scenario.mostly_too_late() {
        note(&format!(
            "{}: {} % of the copies of {cause} come before the stream ends; the others would come later",
            scenario.name,
            short(share * 100.0),
        ));
    }
}
