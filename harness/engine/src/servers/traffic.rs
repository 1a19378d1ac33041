//! Faults of what is said between clients and a server, by the proxy between them.

use std::time::Duration;

use super::control::Observation;
use super::proxy::{Proxy, TrafficCounts};
use super::store_fault::StoreFault;

/// What had happened to the traffic when each kind of fault began.
#[derive(Debug, Default)]
pub(super) struct TrafficFaults {
    unreachable: TrafficCounts,
    slow: TrafficCounts,
    replies: TrafficCounts,
}

impl TrafficFaults {
    /// Whether the fault is one of the traffic.
    pub(super) fn is_one(fault: &StoreFault) -> bool {
        matches!(fault, StoreFault::Unreachable | StoreFault::Slow(_) | StoreFault::ReplyLost(_))
    }

    /// Begins one.
    pub(super) fn begin(&mut self, fault: &StoreFault, proxy: &Proxy) {
        let before = proxy.traffic();
        match *fault {
            StoreFault::Unreachable => {
                self.unreachable = before;
                proxy.set_unreachable(true);
            }
            StoreFault::Slow(by) => {
                self.slow = before;
                proxy.set_delay(by);
            }
            StoreFault::ReplyLost(count) => {
                self.replies = before;
                proxy.set_swallow(count);
            }
            _ => {}
        }
    }

    /// Ends one.
    pub(super) fn end(fault: &StoreFault, proxy: &Proxy) {
        match fault {
            StoreFault::Unreachable => proxy.set_unreachable(false),
            StoreFault::Slow(_) => proxy.set_delay(Duration::ZERO),
            StoreFault::ReplyLost(_) => proxy.set_swallow(0),
            _ => {}
        }
    }

    /// What was seen of one.
    pub(super) fn observed(&self, fault: &StoreFault, now: &TrafficCounts) -> Observation {
        match fault {
            StoreFault::Unreachable => now.seen_unreachable(&self.unreachable),
            StoreFault::Slow(by) => now.seen_slow(&self.slow, *by),
            StoreFault::ReplyLost(_) => now.seen_swallowed(&self.replies),
            _ => Observation::default(),
        }
    }
}
