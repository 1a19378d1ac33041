//! The talk's table: deduplication built into PubsubIO against ids in an external Redis.

use super::{Heading, part_of};
use crate::report::model::Part;
use crate::report::panel::Panel;

const HEADING: Heading = Heading {
    id: "talk",
    title: "PubsubIO against Redis",
    about: "Robustness, performance and operations side by side. The rows named pubsubio are models of what Beam and \
            Dataflow do, not Google's service.",
    absent: "These records do not hold both a model of PubsubIO and a Redis strategy on one stream.",
};

pub(super) fn part(panels: &[Panel<'_>]) -> Part {
    part_of(HEADING, panels, |_| None)
}
