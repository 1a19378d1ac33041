//! RLBSBF of Bera et al.: a bit is reset the likelier, the fuller its filter is.

use super::common::{biased_sampling, decaying};
use crate::contract::{Definition, Needs, Operation, Resets, Role};
use crate::structures::biased_sampling::Deletion;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "rlbsbf",
    about: "biased-sampling Bloom filter that resets a bit the likelier the fuller it is",
    role: Role::Candidate,
    settings: decaying::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |settings, context| {
        let resets: Resets = |k, turns, steps| Deletion::ByLoad.resets(k, turns, steps);
        biased_sampling::forgets(Deletion::ByLoad, resets, settings, context)
    },
    estimate: Some(|settings, context| biased_sampling::estimate(Deletion::ByLoad, settings, context)),
    prospect: Some(|settings, context| {
        decaying::prospect(settings, biased_sampling::estimate(Deletion::ByLoad, settings, context))
    }),
    build: &|settings, context| biased_sampling::build(&DEFINITION, Deletion::ByLoad, settings, context),
};
