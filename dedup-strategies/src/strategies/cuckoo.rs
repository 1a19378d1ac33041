//! A cuckoo filter with expiring intervals, after the one in Mozilla's pipeline on AWS.

use std::time::Duration;

use crate::contract::{
    Bound, BuildError, Context, Definition, Estimate, Footprint, Forgets, Needs, Operation, Ping, Promise,
    Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp, Verdict,
    Window, saturating_nanos,
};
use crate::strategies::common::by_key::{ByKey, State, verdict};
use crate::structures::cuckoo::{CuckooFilter, Fingerprint, INTERVALS, Probe, false_positive_rate};
use crate::structures::hash::KeyHasher;
use crate::structures::shards::share_of;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "cuckoo",
    about: "cuckoo filter with expiring intervals: a hit keeps an id alive; loses next to nothing, wrongly",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "window",
            about: "how long an id is remembered at least after its last copy, let through or not",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "ids",
            about: "distinct ids in any one window that it is sized for; beyond them the oldest interval is evicted",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::IdsInWindow,
        },
        SettingDef {
            name: "fingerprint",
            about: "bits kept of an id: 16 lose one unique in ten thousand, 32 one in a billion",
            kind: SettingKind::Word(&["16", "32"]),
            default: SettingDefault::Text("32"),
        },
        SettingDef {
            name: "intervals",
            about: "slices of a window; an id is forgotten up to one slice late; above 200, sweeping costs time",
            kind: SettingKind::Count(MOST_INTERVALS),
            default: SettingDefault::Text("120"),
        },
    ],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |settings, _| Forgets::InSlices { a_window: settings.count("intervals") },
    estimate: Some(estimate),
    prospect: Some(prospect),
    build: &build,
};

/// An interval's number has 8 bits; some are left over for dead entries that have not been swept yet.
const MOST_INTERVALS: u64 = 250;

/// The share of entries in use at which the oldest interval is evicted, as Mozilla had it: fuller, insertions take long.
const MOST_LOAD: f64 = 0.8;

fn fingerprint(settings: &Settings) -> Fingerprint {
    match settings.word("fingerprint") {
        "16" => Fingerprint::Bits16,
        _ => Fingerprint::Bits32,
    }
}

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    let ids = settings.count("ids");
    let share = share_of(ids, context.workers);
    let bytes = bytes_for(share, fingerprint(settings), settings.count("intervals"));
    Estimate {
        setting: "ids",
        what: format!("a cuckoo filter for {ids} ids in a window"),
        bytes: bytes.saturating_mul(context.workers.get() as u64),
    }
}

fn promise(window: Duration, ids: u64, fingerprint: Fingerprint) -> Promise {
    Promise {
        lost: Bound::AtMost(false_positive_rate(fingerprint.bits(), MOST_LOAD)),
        capacity: Some(ids),
        ..Promise::remembering(Window::SinceSeen(window))
    }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let promise = promise(settings.time("window"), settings.count("ids"), fingerprint(settings));
    Prospect::in_process(promise, Routing::ByKey, estimate(settings, context).bytes)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    context.admit(DEFINITION.name, estimate(settings, context))?;
    let (window, ids) = (settings.time("window"), settings.count("ids"));
    let (fingerprint, intervals) = (fingerprint(settings), settings.count("intervals"));
    let share = share_of(ids, context.workers);
    let promise = promise(window, ids, fingerprint);
    Ok(ByKey::build(promise, context, |worker| Cuckoo {
        filter: CuckooFilter::new(fingerprint, entries_for(share, intervals), intervals as u8),
        hasher: KeyHasher::new(context.seed, worker),
        interval_ns: saturating_nanos(window).div_ceil(intervals).max(1),
        intervals: intervals as u8,
        started: None,
        passed: 0,
        swept: 0,
        cursor: 0,
    }))
}

/// Entries for `ids` ids in a window. Those of one interval more are alive, and a fifth is kept free.
///
/// The margin is for filters of few ids, where a bucket more or less is a large share.
fn entries_for(ids: u64, intervals: u64) -> u64 {
    let alive = ids as f64 * (1.0 + 1.0 / intervals as f64);
    (alive / MOST_LOAD).ceil() as u64 + 64
}

/// Bytes for `ids` ids in a window that is cut into `intervals`.
pub fn bytes_for(ids: u64, fingerprint: Fingerprint, intervals: u64) -> u64 {
    CuckooFilter::bytes_for(fingerprint, entries_for(ids, intervals))
}

/// Pings whose buckets are fetched at once.
const BATCH: usize = 32;

/// One worker's filter.
struct Cuckoo {
    filter: CuckooFilter,
    hasher: KeyHasher,
    interval_ns: u64,
    intervals: u8,
    /// The interval of the first ping, counted from the epoch.
    started: Option<u64>,
    /// Intervals that have passed since.
    passed: u64,
    /// Buckets that were swept in this one, and the next to be.
    swept: u64,
    cursor: u64,
}

impl Cuckoo {
    /// Moves on to the interval of `now`, and sweeps as much of the table as the time that has passed asks for: no ping
    /// waits for more.
    fn rotate(&mut self, now: Timestamp) {
        let interval = now.as_nanos() / self.interval_ns;
        let passed = interval.saturating_sub(*self.started.get_or_insert(interval));
        if passed > self.passed + u64::from(self.intervals) {
            self.filter.clear();
            self.passed = passed;
        }
        while self.passed < passed {
            self.sweep_to(1.0);
            self.filter.next_interval(self.intervals);
            self.passed += 1;
            self.swept = 0;
        }
        self.sweep_to((now.as_nanos() % self.interval_ns) as f64 / self.interval_ns as f64);
    }

    /// Sweeps as large a part of an interval's share as `part` of the interval has passed.
    ///
    /// A dead entry would be taken for a live one once 256 intervals have passed since it was seen. So the whole table
    /// is swept once in as many intervals as lie between its death and that, less one for where the sweep begins.
    fn sweep_to(&mut self, part: f64) {
        let between = INTERVALS as u64 - 2 - u64::from(self.intervals);
        let share = self.filter.buckets().div_ceil(between);
        let target = (part * share as f64).ceil() as u64;
        if target > self.swept {
            let end = self.cursor + (target - self.swept);
            self.filter.sweep(self.cursor..end);
            let over = end.saturating_sub(self.filter.buckets());
            self.filter.sweep(0..over);
            self.cursor = if end >= self.filter.buckets() { over } else { end };
            self.swept = target;
        }
    }

    fn insert(&mut self, probe: &Probe) {
        if self.filter.live() as f64 >= MOST_LOAD * self.filter.entries() as f64 {
            self.filter.evict_oldest();
        }
        self.filter.insert(probe);
    }
}

impl State for Cuckoo {
    fn judge(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>) {
        self.rotate(now);
        for pings in pings.chunks(BATCH) {
            let mut probes = [Probe::default(); BATCH];
            for (ping, probe) in pings.iter().zip(&mut probes) {
                *probe = self.filter.probe(self.hasher.of(ping.key));
                self.filter.prefetch(probe);
            }
            for probe in &probes[..pings.len()] {
                let known = self.filter.refresh(probe);
                if !known {
                    self.insert(probe);
                }
                verdicts.push(verdict(known));
            }
        }
    }

    fn advance(&mut self, now: Timestamp) {
        if self.started.is_some() {
            self.rotate(now);
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.filter.live(), bytes: self.filter.bytes() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::contract::{DeliveryId, PingKey};

    #[test]
    fn what_is_planned_is_what_a_filter_takes_however_small() {
        for (ids, intervals) in [(1, 1), (17, 120), (4_000, 250), (100_000, 120)] {
            for fingerprint in [Fingerprint::Bits16, Fingerprint::Bits32] {
                let filter = CuckooFilter::new(fingerprint, entries_for(ids, intervals), intervals as u8);
                assert_eq!(bytes_for(ids, fingerprint, intervals), filter.bytes());
            }
        }
        // The counts of 256 intervals are a part of it.
        assert!(bytes_for(1, Fingerprint::Bits16, 1) > 2048);
    }

    proptest! {
        #[test]
        fn ids_are_known_for_a_window_after_they_were_last_seen_and_forgotten_an_interval_later(
            intervals in 1u8..=250,
            steps in prop::collection::vec((0u128..12, prop_oneof![0u64..30, 200u64..3000, Just(90_000u64)]), 1..300),
        ) {
            // A model: when each id was last seen. Time in nanoseconds, a window of 1,000 of them; the steps go round the
            // 256 numbers of intervals many times.
            let (window, mut now) = (1000, 1_000_000);
            let interval_ns = 1000u64.div_ceil(u64::from(intervals));
            let mut cuckoo = Cuckoo {
                filter: CuckooFilter::new(Fingerprint::Bits32, 200, intervals),
                hasher: KeyHasher::new(1, 1),
                interval_ns,
                intervals,
                started: None,
                passed: 0,
                swept: 0,
                cursor: 0,
            };
            let mut last_seen: HashMap<u128, u64> = HashMap::new();
            for (id, wait) in steps {
                now += wait;
                let at = Timestamp::from_nanos(now);
                let ping = Ping { key: PingKey::from_u128(id), event_time: at, arrival: at, delivery: DeliveryId(0) };
                let mut verdicts = Vec::new();
                cuckoo.judge(&[ping], at, &mut verdicts);
                match last_seen.insert(id, now) {
                    Some(seen) if now - seen < window => prop_assert_eq!(verdicts[0], Verdict::Duplicate),
                    Some(seen) if now - seen < interval_ns * (u64::from(intervals) + 1) => {}
                    _ => prop_assert_eq!(verdicts[0], Verdict::New),
                }
            }
        }
    }
}
