//! The store's memory is full, and it evicts.

use dedup_stream::faults::Values;

use super::store::AtStore;
use super::{Action, Fault};
use crate::servers::{EvictionPolicy, StoreFault};

/// The line in the list of actions.
pub(super) const ACTION: Action = Action { fault: "eviction", build };

fn build(values: &Values) -> Box<dyn Fault> {
    let policy = match values.word("policy") {
        "volatile-ttl" => EvictionPolicy::VolatileTtl,
        _ => EvictionPolicy::AllKeysLru,
    };
    AtStore::fault(StoreFault::Eviction(values.share("share"), policy))
}
