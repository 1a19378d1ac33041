//! What can be done to a store in the middle of a run, by real means: signals, a loopback proxy, its own configuration.

use std::fmt;
use std::time::Duration;

use super::error::ServerError;
use super::proxy::Deeds;

/// Something that happens to a store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StoreFault {
    /// Its process is killed; when the fault ends it starts again at the same address, with nothing in it.
    Killed,
    /// No connection reaches it, and those that exist are cut.
    Unreachable,
    /// Every reply takes this much longer, in real time.
    Slow(Duration),
    /// Commands are applied, and this many writes' replies never arrive: the connection is cut in their place.
    ReplyLost(u64),
    /// It may only use this share (0..1) of the memory that it uses when the fault begins, and evicts to keep to it.
    Eviction(f64, EvictionPolicy),
    /// One primary of a cluster is killed, and a replica takes over.
    PrimaryFailover,
    /// Its clock jumps ahead by this much.
    ClockJump(Duration),
}

/// What Redis evicts where memory is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionPolicy {
    /// `allkeys-lru`: what was not used for longest, about.
    AllKeysLru,
    /// `volatile-ttl`: what would expire soonest, about.
    VolatileTtl,
}

impl EvictionPolicy {
    /// As the server calls it.
    pub fn name(self) -> &'static str {
        match self {
            EvictionPolicy::AllKeysLru => "allkeys-lru",
            EvictionPolicy::VolatileTtl => "volatile-ttl",
        }
    }

    pub(super) fn seen(self, keys: u64) -> Observation {
        Observation { fired: keys, what: format!("{keys} keys were evicted by {}", self.name()) }
    }
}

impl Deeds {
    pub(super) fn seen_unreachable(&self, before: &Deeds) -> Observation {
        let (cut, refused) = (self.cut - before.cut, self.refused - before.refused);
        Observation {
            fired: cut + refused,
            what: format!("{cut} connections were cut and {refused} refused"),
        }
    }

    pub(super) fn seen_slow(&self, before: &Deeds, by: Duration) -> Observation {
        let fired = self.delayed - before.delayed;
        Observation { fired, what: format!("replies were held back {fired} times, for {by:?} each") }
    }

    pub(super) fn seen_swallowed(&self, before: &Deeds) -> Observation {
        let fired = self.swallowed - before.swallowed;
        Observation { fired, what: format!("{fired} replies to writes that were applied were swallowed") }
    }
}

/// What was seen of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// How often it happened: connections cut, replies held back or swallowed, keys evicted. 0: it never did.
    pub fired: u64,
    /// What was seen, as a phrase.
    pub what: String,
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
