//! Beam's `Deduplicate` transform: a flag and a timer for each key, set by the first copy and cleared by the timer.

use super::common::keyed_catalogue::{self, Keyed};
use super::pubsubio::COMMIT_EVERY;
use crate::contract::{BuildError, Context, Definition, Needs, Role, Settings, Strategy};
use crate::structures::id_catalogue::{Cadence, Hit, Manner, Negative, WINDOW};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "beam-deduplicate",
    about: "model of Beam's Deduplicate transform: 10 min from the first copy, in processing time",
    role: Role::Candidate,
    settings: &[WINDOW],
    needs: Needs::Nothing,
    operation: keyed_catalogue::OPERATION,
    forgets: |_, _| keyed_catalogue::FORGETS,
    estimate: None,
    prospect: Some(|settings, context| keyed_catalogue::prospect(manner(settings), context)),
    build: &build,
};

fn manner(settings: &Settings) -> Manner {
    Manner {
        window: settings.time("window"),
        hit: Hit::Leaves,
        negative_cache: Negative::None,
        cadence: Cadence::Commits(COMMIT_EVERY),
    }
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    Keyed::build(DEFINITION.name, manner(settings), context)
}
