//! A strategy with fresh state, and the store that it was built with.

use std::time::Duration;

use dedup_strategies::{Forgets, Strategy};

use super::host::{Hosted, Rebuild};
use super::store::{Clock, Store, pace};
use crate::pipeline::Pace;

/// A strategy with fresh state. Dropping it stops its store and removes what it kept.
pub struct Instance {
    /// The strategy; declared before its store, so that it is dropped first.
    pub strategy: Box<dyn Strategy>,
    pub(super) rebuild: Rebuild,
    pub(super) store: Store,
    pub(super) clock: Clock,
}

impl Instance {
    /// The clock that this instance's pipeline has to run on.
    pub fn pace(&self) -> Box<dyn Pace + '_> {
        pace(&self.store, self.clock)
    }

    /// The same, and the strategy with the means to bring faults about at it.
    pub fn pace_and_host(&mut self) -> (Box<dyn Pace + '_>, Hosted<'_>) {
        let hosted = Hosted::new(&mut self.strategy, &mut self.rebuild, self.store.control());
        (pace(&self.store, self.clock), hosted)
    }

    /// How the strategy declares that it forgets.
    pub fn forgets(&self) -> Forgets {
        self.rebuild.forgets()
    }

    /// Round trips to a server since the instance was built, of every strategy that it has had.
    pub fn round_trips(&self) -> Option<u64> {
        self.strategy.round_trips().map(|trips| trips + self.rebuild.round_trips_before())
    }

    /// How often pings have come out that had come out before, since the instance was built.
    pub fn emitted_twice(&self) -> Option<u64> {
        self.strategy.emitted_twice().map(|twice| twice + self.rebuild.emitted_twice_before())
    }

    /// Whether there is a store that is ours to trouble.
    pub fn can_be_troubled(&self) -> bool {
        self.store.is_ours()
    }

    /// How fast the store's clock runs against the pipeline's, as for the record.
    pub fn time_factor(&self) -> f64 {
        self.clock.factor()
    }

    /// Bytes that the store uses in all, where there is one.
    pub fn server_used_bytes(&self) -> Option<u64> {
        self.store.used_bytes().or_else(|| self.strategy.outside_bytes())
    }

    /// The same, once it has fallen no further for a while: a server shrinks its tables by and by, in a cycle that
    /// runs ten times a real second.
    pub fn settled_server_bytes(&self) -> Option<u64> {
        let (mut least, mut unchanged, mut looks) = (self.server_used_bytes()?, 0, 0);
        while unchanged < 4 && looks < 40 {
            std::thread::sleep(Duration::from_millis(100));
            let used = self.server_used_bytes()?;
            unchanged = if used < least { 0 } else { unchanged + 1 };
            least = least.min(used);
            looks += 1;
        }
        Some(least)
    }

    /// Bytes that the programs of a system take, where they are clients of a store that is weighed in their place.
    pub fn programs_bytes(&self) -> Option<u64> {
        self.store.used_bytes().and_then(|_| self.strategy.outside_bytes())
    }

    /// Makes changes of the store's clock exact, which may cost time: where windows are judged.
    pub fn wait_for_clock(&self) {
        self.store.wait_for_clock();
    }

    /// Name and version of the store's server, where there is one.
    pub fn server_version(&self) -> Option<(&'static str, String)> {
        let of_system = || Some((self.rebuild.name(), self.strategy.system_version()?));
        self.store.product().map(|product| (product.name, product.version)).or_else(of_system)
    }
}
