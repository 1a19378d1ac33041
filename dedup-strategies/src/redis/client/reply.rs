//! What comes back for a command, and how many round trips that took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::redis::{ServerErrorKind, Value};

use super::link::Link;
use crate::contract::Unavailable;

/// Why there is no answer to a command.
#[derive(Clone, Debug)]
pub(in crate::redis) enum Failure {
    /// The server is away, or somebody else's place is being looked for. It may have carried it out all the same.
    Unanswered(String),
    /// The server said no. It will say so again until somebody does something about it.
    Refused(String),
}

/// What came back for one command.
pub(in crate::redis) type Reply = Result<Value, Failure>;

impl From<Failure> for Unavailable {
    fn from(failure: Failure) -> Unavailable {
        match failure {
            Failure::Unanswered(what) | Failure::Refused(what) => Unavailable(what),
        }
    }
}

impl From<Unavailable> for Failure {
    fn from(Unavailable(what): Unavailable) -> Failure {
        Failure::Unanswered(what)
    }
}

/// A refusal is no answer.
pub(in crate::redis) fn reply(link: &Link, value: Value) -> Reply {
    let Value::ServerError(error) = value else { return Ok(value) };
    let said = link.refusal(&error).0;
    // A cluster that finds its feet again: the next try may go elsewhere.
    Err(match error.kind() {
        Some(
            ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown,
        ) => Failure::Unanswered(said),
        _ => Failure::Refused(said),
    })
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
