//! BSBF of Bera et al.: for every new id a random bit is reset in each filter.

use super::common::{biased_sampling, decaying};
use crate::contract::{Definition, Needs, Operation, Resets, Role};
use crate::structures::biased_sampling::Deletion;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "bsbf",
    about: "biased-sampling Bloom filter: resets a random bit in each filter for every new id",
    role: Role::Candidate,
    settings: decaying::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |settings, context| {
        let resets: Resets = |k, turns, steps| Deletion::EachFilter.resets(k, turns, steps);
        biased_sampling::forgets(Deletion::EachFilter, resets, settings, context)
    },
    estimate: Some(|settings, context| biased_sampling::estimate(Deletion::EachFilter, settings, context)),
    prospect: Some(|settings, context| {
        decaying::prospect(settings, biased_sampling::estimate(Deletion::EachFilter, settings, context))
    }),
    build: &|settings, context| biased_sampling::build(&DEFINITION, Deletion::EachFilter, settings, context),
};
