//! What can happen to a store.

use std::time::Duration;

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
}
