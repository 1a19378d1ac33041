//! moka's cache as it comes: its default policy refuses new keys once it is full of more popular ones.

use moka::policy::EvictionPolicy;

use crate::contract::definition::{Definition, Needs, Role};
use crate::strategies::lru;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "lru-tinylfu",
    about: "moka with its default TinyLFU policy, which refuses new ids when full: how not to do it",
    role: Role::NegativeControl,
    settings: lru::SETTINGS,
    needs: Needs::Nothing,
    build: |settings, context| lru::build(settings, context, EvictionPolicy::tiny_lfu()),
};
