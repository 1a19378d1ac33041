//! The faults of a run, what those that have begun are up to, and what was counted on their account.

use std::collections::{BTreeSet, VecDeque};
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
    /// Workers whose handle could not be opened.
    pub(super) down: BTreeSet<usize>,
    /// Faults that go on and have publishes fail, and which share of them.
    pub(super) failing: Vec<(usize, f64)>,
    /// How long the store takes to answer.
    pub(super) store_delay: Duration,
    /// How far the clock that strategies are shown is ahead.
    pub(super) ahead: Duration,
    /// Until then, whoever is late is late because of a fault of the store.
    pub(super) store_delays_until: Timestamp,
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
            down: BTreeSet::new(),
            failing: Vec::new(),
            store_delay: Duration::ZERO,
            ahead: Duration::ZERO,
            store_delays_until: Timestamp::ZERO,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.all.is_empty()
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
