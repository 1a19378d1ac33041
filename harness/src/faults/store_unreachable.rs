//! The network between the pipeline and its store is cut.

use super::kind::{Hits, Kind, Lasts};
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "store-unreachable",
    about: "connections to the store are cut, and none can be made, while it lasts; the store goes on",
    lasts: Lasts::While,
    hits: Hits::Store,
    fields: &[],
    build: |_| AtStore::fault(StoreFault::Unreachable),
};
