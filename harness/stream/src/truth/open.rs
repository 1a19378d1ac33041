//! What is known of a ping that is open: another copy of it may come, or one is not acked.

use dedup_strategies::Timestamp;

use super::states::State;
use crate::load::Slice;

/// An open ping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) latest: Slice,
    pub(super) accepted: Option<Accepted>,
    /// When the strategy was last asked about a copy, whatever it said.
    pub(super) seen: Option<Timestamp>,
    /// When the strategy was last told that a copy was delivered, and had answered.
    pub(super) marked: Option<Marked>,
    /// Copies that arrived and of which the source has heard no end.
    pub(super) unacked: u32,
    /// Copies that were let through and whose worker did not die. Of no interest once one was delivered.
    pub(super) on_their_way: u32,
    pub(super) drops: Drops,
    /// Whether the stream has further copies.
    pub(super) more_to_come: bool,
}

/// A settlement: the store marked the id at some moment between the two times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted {
    /// When the strategy was asked: it cannot have begun to remember before.
    pub(super) at: Timestamp,
    pub(super) event_time: Timestamp,
}

/// Whether a copy was dropped as a duplicate before any was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drops {
    /// None was.
    None,
    /// While another was on its way to the sink: rightly, unless that one dies.
    BesideAnother,
    /// While none was.
    Alone,
}

impl Open {
    /// Of a ping whose first copy has just arrived.
    pub(super) fn first(latest: Slice, more_to_come: bool) -> Open {
        Open {
            latest,
            accepted: None,
            seen: None,
            marked: None,
            unacked: 1,
            on_their_way: 0,
            drops: Drops::None,
            more_to_come,
        }
    }
}

impl Drops {
    /// After one more, in this state of the ping.
    pub(super) fn and(self, state: State) -> Drops {
        match (self, state) {
            (Drops::Alone, _) | (_, State::Unseen | State::Dropped) => Drops::Alone,
            (_, State::Accepted | State::Delivered) => Drops::BesideAnother,
        }
    }
}
