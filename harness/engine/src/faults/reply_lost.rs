//! A command is applied and its reply is lost: whoever sent it cannot know.

use super::Action;
use super::store::AtStore;
use crate::servers::StoreFault;

/// The line in the list of actions.
pub(super) const ACTION: Action = Action {
    fault: "reply-lost",
    build: |values| AtStore::fault(StoreFault::ReplyLost(values.count("count"))),
};
