//! A primary of the store's cluster dies, and a replica takes over.

use super::kind::{Hits, Kind, Lasts};
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "primary-failover",
    about: "one primary of the store's cluster is killed, and its replica takes over with what had reached it",
    lasts: Lasts::While,
    hits: Hits::Store,
    fields: &[],
    build: |_| AtStore::fault(StoreFault::PrimaryFailover),
};
