//! Ack deadlines that nobody extends: which deliveries the source waits for, and until when.
//!
//! Empty where workers extend their deadlines, as by default.

use std::collections::BTreeMap;

use dedup_strategies::{DeliveryId, Timestamp};
use dedup_stream::stream::Event;

use super::schedule::Copy;

/// A delivery that the source waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) event: Event,
    pub(super) attempt: u32,
    pub(super) until: Timestamp,
    pub(super) whereabouts: Whereabouts,
}

/// Where a delivery is that the source waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// A worker has it, and may yet publish or drop it: what comes again is a copy beside it.
    InHand,
    /// Its worker died or its ack was lost: what comes again is this to it.
    Gone(Copy),
}

/// The deliveries that the source waits for. All have the same deadline, so their order is that of their deadlines.
#[derive(Debug, Default)]
pub(super) struct Leases(BTreeMap<DeliveryId, Lease>);

impl Leases {
    pub(super) fn insert(&mut self, delivery: DeliveryId, lease: Lease) {
        self.0.insert(delivery, lease);
    }

    /// The source waits no longer; none where it did not.
    pub(super) fn remove(&mut self, delivery: DeliveryId) -> Option<Lease> {
        self.0.remove(&delivery)
    }

    /// Notes that a delivery will not be heard of again; false where its deadline has passed.
    pub(super) fn is_gone(&mut self, delivery: DeliveryId, copy: Copy) -> bool {
        let lease = self.0.get_mut(&delivery);
        lease.map(|lease| lease.whereabouts = Whereabouts::Gone(copy)).is_some()
    }

    /// When the next deadline passes; the end of time where there is none.
    pub(super) fn next(&self) -> Timestamp {
        self.0.first_key_value().map_or(Timestamp::END, |(_, lease)| lease.until)
    }

    /// A delivery whose deadline has passed at `now`. An ack at the deadline itself is in time: it is taken up first.
    pub(super) fn take_passed(&mut self, now: Timestamp) -> Option<Lease> {
        (self.next() <= now).then(|| self.0.pop_first().map(|(_, lease)| lease)).flatten()
    }
}
