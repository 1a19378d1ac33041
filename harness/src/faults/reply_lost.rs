//! A command is applied and its reply is lost: whoever sent it cannot know.

use super::store::AtStore;
use super::{Field, Hits, Kind, Lasts, Value, What};
use crate::servers::StoreFault;

/// The line in the list of faults.
pub(super) const KIND: Kind = Kind {
    name: "reply-lost",
    about: "writes are applied, and the connection breaks before their replies arrive",
    lasts: Lasts::While,
    hits: Hits::Store,
    fields: &[Field {
        name: "count",
        about: "how many replies are lost, at most, while it lasts",
        what: What::Count,
        default: Some(Value::Count(1)),
    }],
    build: |values| AtStore::fault(StoreFault::ReplyLost(values.count("count"))),
};
