//! The store's process is killed, and comes back empty.

use super::kind::{Hits, Kind, Lasts};
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "store-killed",
    about: "the store's process is killed (SIGKILL) and gone while it lasts; when it is back, it is empty",
    lasts: Lasts::While,
    hits: Hits::Store,
    fields: &[],
    build: |_| AtStore::fault(StoreFault::Killed),
};
