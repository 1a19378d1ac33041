//! What can be done to a store in the middle of a run, by real means: signals, a loopback proxy, its own configuration.

use std::fmt;
use std::time::Duration;

use super::error::ServerError;
use super::proxy::TrafficCounts;
use super::store_fault::{EvictionPolicy, StoreFault};

impl EvictionPolicy {
    pub(super) fn seen(self, keys: u64) -> Observation {
        Observation {
            fired: keys,
            what: format!("{keys} keys were evicted by {}", self.name()),
            ..Observation::default()
        }
    }
}

impl TrafficCounts {
    pub(super) fn seen_unreachable(&self, before: &TrafficCounts) -> Observation {
        let (cut, refused) = (self.cut - before.cut, self.refused - before.refused);
        Observation {
            fired: cut + refused,
            what: format!("{cut} connections were cut and {refused} refused"),
            outage: Some(Outage::AsPlaced),
        }
    }

    pub(super) fn seen_slow(&self, before: &TrafficCounts, by: Duration) -> Observation {
        let fired = self.delayed - before.delayed;
        Observation {
            fired,
            what: format!("replies were held back {fired} times, for {by:?} each"),
            ..Observation::default()
        }
    }

    pub(super) fn seen_swallowed(&self, before: &TrafficCounts) -> Observation {
        let fired = self.swallowed - before.swallowed;
        Observation {
            fired,
            what: format!("{fired} replies to writes that were applied were swallowed"),
            ..Observation::default()
        }
    }
}

/// What was seen of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// How often it happened: connections cut, replies held back or swallowed, keys evicted. 0: it never did.
    pub fired: u64,
    /// What was seen, as a phrase.
    pub what: String,
    /// For how long the store was away, where it was.
    pub outage: Option<Outage>,
}

/// How long a store was away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// As long as the scenario has it, in the stream's own time.
    AsPlaced,
    /// As long as it took to be whole again, in real time: on a clock that is squeezed the stream sees more of it.
    Real(Duration),
}

/// Brings faults about at a store, and watches that they happen. Every wait inside has a bound.
pub trait StoreControl: Send + fmt::Debug {
    /// Begins a fault. Faults of different kinds may overlap.
    fn begin(&mut self, fault: &StoreFault) -> Result<(), ServerError>;

    /// Ends a fault that was begun: the store is whole again, and a clock that had jumped is right. The end of a failover
    /// waits for the promotion, and for the killed node to follow as a replica.
    fn end(&mut self, fault: &StoreFault) -> Result<(), ServerError>;

    /// What was seen of the fault of this kind that was begun last.
    fn observed(&self, fault: &StoreFault) -> Observation;
}
