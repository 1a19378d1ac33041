//! What comes back for a command, and how many round trips that took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::redis::Value;

use super::link::Link;

/// Why there is no answer to a command. The server may have carried it out all the same.
#[derive(Clone, Debug)]
pub(in crate::redis) struct Failure(pub(in crate::redis) String);

/// What came back for one command.
pub(in crate::redis) type Reply = Result<Value, Failure>;

/// A refusal is no answer.
pub(in crate::redis) fn reply(link: &Link, value: Value) -> Reply {
    match value {
        Value::ServerError(error) => Err(Failure(link.complaint(error).0)),
        value => Ok(value),
    }
}

/// Counts round trips of all workers of a strategy.
#[derive(Clone, Debug, Default)]
pub(in crate::redis) struct Trips(Arc<AtomicU64>);

impl Trips {
    pub(in crate::redis) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::redis) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
