//! RLBSBF of Bera et al.: a bit is reset the likelier, the fuller its filter is.

use super::common::{biased_sampling, decaying};
use crate::contract::{Definition, Needs, Role};
use crate::structures::biased_sampling::Deletion;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "rlbsbf",
    about: "biased-sampling Bloom filter that resets a bit the likelier the fuller it is",
    role: Role::Candidate,
    settings: decaying::SETTINGS,
    needs: Needs::Nothing,
    build: |settings, context| biased_sampling::build(&DEFINITION, Deletion::ByLoad, settings, context),
};
