//! The last `capacity` ids in moka's concurrent cache, evicted in the order of their last access.

use moka::policy::EvictionPolicy;

use super::common::{capacity_and_window, moka_cache};
use crate::contract::{Definition, Forgets, Needs, Operation, Role};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "lru",
    about: "moka's concurrent cache with its LRU policy",
    role: Role::Candidate,
    settings: capacity_and_window::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::LeastRecentlySeen,
    estimate: Some(moka_cache::estimate),
    prospect: Some(moka_cache::prospect),
    build: &|settings, context| moka_cache::build(settings, context, EvictionPolicy::lru()),
};
