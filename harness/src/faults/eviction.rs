//! The store's memory is full, and it evicts.

use super::store::AtStore;
use super::{Fault, Field, Hits, Kind, Lasts, Value, Values, What};
use crate::servers::{EvictionPolicy, StoreFault};

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "eviction",
    about: "the store may use only a share of the memory that it used when it began, and evicts ids to keep to it",
    lasts: Lasts::While,
    hits: Hits::Store,
    fields: &[
        Field { name: "share", about: "the share", what: What::Share, default: Some(Value::Share(0.5)) },
        Field {
            name: "policy",
            about: "what Redis evicts: what was not used for longest, or what would expire soonest",
            what: What::Word(&["allkeys-lru", "volatile-ttl"]),
            default: Some(Value::Word("allkeys-lru")),
        },
    ],
    build,
};

fn build(values: &Values) -> Box<dyn Fault> {
    let policy = match values.word("policy") {
        "volatile-ttl" => EvictionPolicy::VolatileTtl,
        _ => EvictionPolicy::AllKeysLru,
    };
    AtStore::fault(StoreFault::Eviction(values.share("share"), policy))
}
