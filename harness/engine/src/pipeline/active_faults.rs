//! The faults of a run, what those that have begun are up to, and what was counted on their account.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use dedup_strategies::{DeliveryId, Timestamp};
use dedup_stream::faults::Placed;

use super::chance::drawn;
use super::host::Host;
use crate::faults::{CrashPoint, Effects, Fault};
use crate::servers::Observation;

/// What was seen of a fault.
#[derive(Clone, Debug)]
pub struct ObservedFault {
    /// The fault, as placed.
    pub placed: Placed,
    /// What was seen.
    pub seen: Observation,
}

/// The faults of a run, and what those that have begun are up to.
pub(super) struct ActiveFaults<'a> {
    pub(super) host: Option<Box<dyn Host + 'a>>,
    pub(super) all: Vec<ActiveFault>,
    /// Crashes to come: the fault on whose account they are, and where.
    pub(super) crashes: VecDeque<(usize, CrashPoint)>,
    /// The fault that acts.
    pub(super) acting: usize,
    /// The fault whose crash happens.
    pub(super) crashing: Option<usize>,
    /// Workers whose handle could not be opened, and when that is tried again.
    pub(super) down: BTreeMap<usize, Again>,
    /// Faults of the store that go on.
    store_faults: u32,
    /// Workers that have not judged a batch since their store was troubled.
    troubled: BTreeSet<usize>,
    /// Faults that go on and have publishes fail, and which share of them.
    pub(super) failing: Vec<(usize, f64)>,
    /// How long the store takes to answer.
    pub(super) store_delay: Duration,
    /// How far the clock that strategies are shown is ahead.
    pub(super) ahead: Duration,
    /// Until then, whoever is late is late because of a fault of the store.
    pub(super) store_delays_until: Timestamp,
}

/// When it is tried again to open a worker's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Whenever it is asked for something.
    WhenAsked,
    /// The same, but not as long as its store is troubled, of which it was lost: to start a program is no small thing.
    OnceStoreIsWhole,
}

/// One fault, and what was counted on its account.
pub(super) struct ActiveFault {
    pub(super) placed: Placed,
    pub(super) fault: Box<dyn Fault>,
    pub(super) effects: Effects,
}

impl<'a> ActiveFaults<'a> {
    pub(super) fn none() -> Self {
        ActiveFaults {
            host: None,
            all: Vec::new(),
            crashes: VecDeque::new(),
            acting: 0,
            crashing: None,
            down: BTreeMap::new(),
            store_faults: 0,
            troubled: BTreeSet::new(),
            failing: Vec::new(),
            store_delay: Duration::ZERO,
            ahead: Duration::ZERO,
            store_delays_until: Timestamp::ZERO,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether something happens to the store in this run.
    pub(super) fn trouble_store(&self) -> bool {
        self.all.iter().any(|active| active.placed.troubles_store())
    }

    /// A fault of the store of all of these workers begins.
    pub(super) fn store_fault_begins(&mut self, workers: usize) {
        self.store_faults += 1;
        self.troubled.extend(0..workers);
    }

    /// A fault of the store is over. Who was connected meanwhile may find out later.
    pub(super) fn store_fault_ends(&mut self) {
        self.store_faults -= 1;
    }

    /// This worker has judged all of a batch, or was opened anew: where nothing troubles its store, it is over for it.
    #[inline]
    pub(super) fn is_whole(&mut self, worker: usize) {
        if !self.troubled.is_empty() && self.store_faults == 0 {
            self.troubled.remove(&worker);
        }
    }

    /// Whether there is a handle that could not be opened, and may be now.
    pub(super) fn may_be_back(&self, worker: usize) -> bool {
        match self.down.get(&worker) {
            None => false,
            Some(Again::WhenAsked) => true,
            Some(Again::OnceStoreIsWhole) => self.store_faults == 0,
        }
    }

    /// A worker that was lost has been replaced, or its replacement could not be opened.
    pub(super) fn replaced(&mut self, worker: usize) {
        match self.down.get_mut(&worker) {
            Some(again) => *again = Again::OnceStoreIsWhole,
            // What becomes of it from now on is its own doing.
            None => self.is_whole(worker),
        }
    }

    /// Whether a fault of the store may be why this worker is lost.
    pub(super) fn has_troubled(&self, worker: usize) -> bool {
        self.store_faults > 0 || self.troubled.contains(&worker)
    }

    /// Whether a worker that has come to `point` dies there.
    #[inline]
    pub(super) fn crashes_at(&mut self, point: CrashPoint) -> bool {
        !self.crashes.is_empty() && self.crash_is_due(point)
    }

    #[cold]
    fn crash_is_due(&mut self, point: CrashPoint) -> bool {
        let Some(next) = self.crashes.iter().position(|(_, other)| *other == point) else { return false };
        let (fault, _) = self.crashes.remove(next).expect("it was found there");
        self.all[fault].effects.fired += 1;
        self.crashing = Some(fault);
        true
    }

    /// Whether some publishes fail.
    #[inline]
    pub(super) fn publishes_fail(&self) -> bool {
        !self.failing.is_empty()
    }

    /// The fault on whose account the publish of a delivery fails, if it does. Drawn from the delivery's id, which is
    /// another one each time that a ping comes.
    pub(super) fn fails_to_publish(&mut self, delivery: DeliveryId) -> Option<usize> {
        let failing = |(fault, share): &(usize, f64)| drawn(delivery, *fault as u64) < *share;
        let fault = self.failing.iter().find(|one| failing(one))?.0;
        self.all[fault].effects.fired += 1;
        Some(fault)
    }

    /// One more delivery comes again on a fault's account.
    pub(super) fn comes_again(&mut self, fault: usize) {
        self.all[fault].effects.pings += 1;
    }

    pub(super) fn cancel_crashes(&mut self) {
        self.crashes.clear();
    }

    /// The crash that crashes_at has this many deliveries on its account, and is over.
    pub(super) fn count_crash(&mut self, pings: usize) {
        if let Some(fault) = self.crashing.take() {
            self.all[fault].effects.pings += pings as u64;
        }
    }

    /// Whether what was due `at` a time may be late without the server being too slow for the pace: while a fault of the
    /// store lasts, and as long again, for what has waited meanwhile.
    pub(super) fn excuses_lateness(&self, at: Timestamp) -> bool {
        at < self.store_delays_until
    }

    /// The time that strategies are shown.
    #[inline]
    pub(super) fn shown(&self, now: Timestamp) -> Timestamp {
        now.plus(self.ahead)
    }

    pub(super) fn observed(&self) -> Vec<ObservedFault> {
        let happened = |active: &ActiveFault| ObservedFault {
            placed: active.placed.clone(),
            seen: active.fault.observed(active.effects),
        };
        self.all.iter().map(happened).collect()
    }
}
