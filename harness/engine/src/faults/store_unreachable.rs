//! The network between the pipeline and its store is cut.

use super::Action;
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of actions.
pub(super) const ACTION: Action =
    Action { fault: "store-unreachable", build: |_| AtStore::fault(StoreFault::Unreachable) };
