//! A primary of the store's cluster dies, and a replica takes over.

use super::Action;
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of actions.
pub(super) const ACTION: Action =
    Action { fault: "primary-failover", build: |_| AtStore::fault(StoreFault::PrimaryFailover) };
