//! The store's process is killed, and comes back empty.

use super::Action;
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of actions.
pub(super) const ACTION: Action =
    Action { fault: "store-killed", build: |_| AtStore::fault(StoreFault::Killed) };
