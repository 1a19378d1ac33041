//! moka's cache as it comes: its default policy refuses new keys once it is full of more popular ones.

use moka::policy::EvictionPolicy;

use super::common::{capacity_and_window, moka_cache};
use crate::contract::{Definition, Forgets, Needs, Operation, Role};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "lru-tinylfu",
    about: "moka with its default TinyLFU policy, which refuses new ids when full: how not to do it",
    role: Role::NegativeControl,
    settings: capacity_and_window::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::Unknown,
    estimate: Some(moka_cache::estimate),
    prospect: Some(moka_cache::prospect),
    build: &|settings, context| moka_cache::build(settings, context, EvictionPolicy::tiny_lfu()),
};
