//! Faults of what is said between clients and a server, by the proxies between them.

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

    /// Begins one at every proxy before the server.
    pub(super) fn begin(&mut self, fault: &StoreFault, proxies: &[Proxy]) {
        let before = traffic(proxies);
        match *fault {
            StoreFault::Unreachable => {
                self.unreachable = before;
                proxies.iter().for_each(|proxy| proxy.set_unreachable(true));
            }
            StoreFault::Slow(by) => {
                self.slow = before;
                proxies.iter().for_each(|proxy| proxy.set_delay(by));
            }
            StoreFault::ReplyLost(count) => {
                self.replies = before;
                // Of the nodes of a cluster each has its share, at least one, and half of them are asked: which is not known.
                let share = count.div_ceil((proxies.len() as u64 / 2).max(1));
                proxies.iter().for_each(|proxy| proxy.set_swallow(share));
            }
            _ => {}
        }
    }

    /// Ends one.
    pub(super) fn end(fault: &StoreFault, proxies: &[Proxy]) {
        match fault {
            StoreFault::Unreachable => proxies.iter().for_each(|proxy| proxy.set_unreachable(false)),
            StoreFault::Slow(_) => proxies.iter().for_each(|proxy| proxy.set_delay(Duration::ZERO)),
            StoreFault::ReplyLost(_) => proxies.iter().for_each(|proxy| proxy.set_swallow(0)),
            _ => {}
        }
    }

    /// What was seen of one.
    pub(super) fn observed(&self, fault: &StoreFault, proxies: &[Proxy]) -> Observation {
        let now = traffic(proxies);
        match fault {
            StoreFault::Unreachable => now.seen_unreachable(&self.unreachable),
            StoreFault::Slow(by) => now.seen_slow(&self.slow, *by),
            StoreFault::ReplyLost(_) => now.seen_swallowed(&self.replies),
            _ => Observation::default(),
        }
    }
}

fn traffic(proxies: &[Proxy]) -> TrafficCounts {
    let mut all = TrafficCounts::default();
    for proxy in proxies {
        let TrafficCounts { cut, refused, delayed, swallowed } = proxy.traffic();
        all.cut += cut;
        all.refused += refused;
        all.delayed += delayed;
        all.swallowed += swallowed;
    }
    all
}
