//! Bloom filters by time: the oldest is dropped whole, so that ids age out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{
    Bound, BuildError, Context, Definition, Estimate, Footprint, Forgets, Hears, Needs, Operation, Ping,
    PingKey, Promise, Prospect, Role, Routing, Settings, Strategy, Timestamp, Unavailable, Verdict, Window,
    Worker, saturating_nanos,
};
use crate::strategies::common::generations::{IDS, RATE, WINDOW, generations};
use crate::structures::bloom::{BloomFilter, BloomPlan, BloomSeed};
use crate::structures::shards::{Shards, share_of};
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "bloom-rotating",
    about: "Bloom filters by time, the oldest dropped whole: loses a few uniques, never fills up",
    role: Role::Candidate,
    settings: &[WINDOW, IDS, RATE, generations("4")],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |settings, _| Forgets::InSlices { a_window: settings.count("generations") },
    estimate: Some(estimate),
    prospect: Some(prospect),
    build: &build,
};

fn plan(settings: &Settings, context: &Context) -> Plan {
    let share = share_of(settings.count("ids"), context.workers);
    Plan::new(settings.time("window"), share, settings.share("rate"), settings.count("generations"))
}

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    let (ids, generations) = (settings.count("ids"), settings.count("generations"));
    Estimate {
        setting: "ids",
        what: format!("{generations} generations of filters for {ids} ids in a window"),
        bytes: plan(settings, context).most_bytes().saturating_mul(context.workers.get() as u64),
    }
}

/// What it promises.
fn promise(window: Duration, ids: u64, rate: f64) -> Promise {
    Promise { lost: Bound::AtMost(rate), capacity: Some(ids), ..Promise::remembering(Window::Since(window)) }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let promise = promise(settings.time("window"), settings.count("ids"), settings.share("rate"));
    Prospect::in_process(promise, Routing::ByKey, estimate(settings, context).bytes)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    context.admit(DEFINITION.name, estimate(settings, context))?;
    let (window, rate, ids) = (settings.time("window"), settings.share("rate"), settings.count("ids"));
    let plan = plan(settings, context);
    let mut worker = 0;
    let shards = Shards::new(context.workers, || {
        worker += 1;
        Rotation::new(plan, Seeds { seed: context.seed, worker, made: 0 })
    });
    Ok(Box::new(BloomRotating { window, ids, rate, shards }))
}

struct BloomRotating {
    window: Duration,
    ids: u64,
    rate: f64,
    shards: Shards<Rotation>,
}

impl Strategy for BloomRotating {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(RotatingWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        promise(self.window, self.ids, self.rate)
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.shards.sum(Rotation::ids), bytes: self.shards.sum(Rotation::bytes) }
    }
}

struct RotatingWorker(Arc<Mutex<Rotation>>);

impl Worker for RotatingWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut rotation = self.0.lock();
        rotation.rotate(now);
        verdicts.extend(pings.iter().map(|ping| match rotation.insert(ping.key) {
            true => Verdict::New,
            false => Verdict::Duplicate,
        }));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.0.lock().rotate(now);
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::ADVANCE
    }
}

/// How time is cut and how large each filter is.
///
/// With G generations, time since the epoch is cut into slices of window/G, and an id is written to a filter of the
/// slice in which it was let through. Filters live for their own slice and G more, so an id is remembered for at
/// least G slices, a window, and at most for one slice longer.
///
/// A filter is sized for n = ids/G. A slice that brings more ids (a burst, the top of a daily cycle) opens another
/// filter when one is full. At most two windows' ids are alive at once, one at either end of the G + 1 slices, so
/// with at most `ids` in any window no more than 2G filters are full and G + 1 in use: 3G + 1. Each is
/// therefore sized for a rate of `rate / (3G + 1)`, and their sum stays below `rate` however the ids are spread.
#[derive(Clone, Copy, Debug)]
struct Plan {
    slice_ns: u64,
    generations: u64,
    filter: BloomPlan,
}

impl Plan {
    fn new(window: Duration, ids: u64, rate: f64, generations: u64) -> Self {
        let filters = Plan::most_filters(generations) as f64;
        Plan {
            slice_ns: saturating_nanos(window).div_ceil(generations).max(1),
            generations,
            filter: BloomPlan::new(ids.div_ceil(generations), rate / filters),
        }
    }

    fn most_filters(generations: u64) -> u64 {
        3 * generations + 1
    }

    fn most_bytes(&self) -> u64 {
        self.filter.bytes.saturating_mul(Plan::most_filters(self.generations))
    }

    fn slice_of(&self, now: Timestamp) -> u64 {
        now.as_nanos() / self.slice_ns
    }
}

/// The seeds of the filters that one worker makes, in order.
#[derive(Clone, Copy, Debug)]
struct Seeds {
    seed: u64,
    worker: u64,
    made: u64,
}

impl Seeds {
    fn next(&mut self) -> BloomSeed {
        self.made += 1;
        BloomSeed::new(self.seed, self.worker, self.made)
    }
}

/// One worker's filters, the oldest first.
#[derive(Debug)]
struct Rotation {
    plan: Plan,
    seeds: Seeds,
    slice: u64,
    live: VecDeque<Dated>,
}

/// A filter and the slice of time whose ids it holds.
#[derive(Debug)]
struct Dated {
    slice: u64,
    filter: BloomFilter,
}

impl Rotation {
    fn new(plan: Plan, seeds: Seeds) -> Self {
        Rotation { plan, seeds, slice: 0, live: VecDeque::new() }
    }

    /// Moves on to the slice of `now` and drops the filters that are too old for it.
    fn rotate(&mut self, now: Timestamp) {
        self.slice = self.slice.max(self.plan.slice_of(now));
        while self.live.front().is_some_and(|oldest| self.slice - oldest.slice > self.plan.generations) {
            self.live.pop_front();
        }
    }

    /// Writes `key` to the current slice; false if any live filter contains it already.
    fn insert(&mut self, key: PingKey) -> bool {
        // The youngest first: most copies follow soon.
        if self.live.iter().rev().any(|dated| dated.filter.contains(key)) {
            return false;
        }
        self.writable().insert(key);
        true
    }

    /// The filter to write to: the youngest if it is of this slice and not full, else one more.
    fn writable(&mut self) -> &mut BloomFilter {
        let full = match self.live.back() {
            Some(youngest) if youngest.slice == self.slice => {
                youngest.filter.ids() >= self.plan.filter.ids && self.may_open_another()
            }
            _ => true,
        };
        if full {
            let filter = self.plan.filter.build(self.seeds.next());
            self.live.push_back(Dated { slice: self.slice, filter });
        }
        &mut self.live.back_mut().expect("one was just made if there was none").filter
    }

    /// Whether a slice may have a filter beyond its first. With more ids than planned for, the last filter is
    /// over-filled instead: memory stays bounded, and the share of lost uniques rises.
    fn may_open_another(&self) -> bool {
        let slices =
            self.live.iter().zip(self.live.iter().skip(1)).filter(|(a, b)| a.slice != b.slice).count() + 1;
        let beyond_first = self.live.len() - slices;
        (beyond_first as u64) < 2 * self.plan.generations
    }

    fn ids(&self) -> u64 {
        self.live.iter().map(|dated| dated.filter.ids()).sum()
    }

    fn bytes(&self) -> u64 {
        self.live.iter().map(|dated| dated.filter.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{agrees, keys};

    fn rotation(window_s: u64, ids: u64, rate: f64, generations: u64) -> Rotation {
        let plan = Plan::new(Duration::from_secs(window_s), ids, rate, generations);
        Rotation::new(plan, Seeds { seed: 1, worker: 1, made: 0 })
    }

    /// Writes `key` at `now`, in nanoseconds.
    fn insert(rotation: &mut Rotation, key: u128, now: u64) -> bool {
        rotation.rotate(Timestamp::from_nanos(now));
        rotation.insert(PingKey::from_u128(key))
    }

    proptest! {
        #[test]
        fn an_id_is_kept_for_a_window_and_gone_one_slice_later(
            generations in 1u64..9,
            window in 1u64..1_000_000_000_000,
            start in 0u64..10_000_000_000_000,
        ) {
            let mut kept = rotation(1, 10, 1e-9, generations);
            kept.plan = Plan::new(Duration::from_nanos(window), 10, 1e-9, generations);
            prop_assert!(insert(&mut kept, 1, start));
            prop_assert!(!insert(&mut kept, 1, start + window - 1));
            let slice = kept.plan.slice_ns;
            prop_assert!(insert(&mut kept, 1, start + window + slice));
        }

        #[test]
        fn no_spread_of_the_ids_promised_for_needs_more_filters_than_planned(
            generations in 1u64..6,
            loads in prop::collection::vec(0u64..100, 1..40),
        ) {
            // `loads` ids in each slice, cut down so that no window (G slices and the one it cuts) holds more than 100.
            let mut rotation = rotation(60, 100, 0.01, generations);
            let mut taken: Vec<u64> = Vec::new();
            let mut key = 0;
            for (slice, wanted) in loads.into_iter().enumerate() {
                let recent: u64 = taken.iter().rev().take(generations as usize).sum();
                let load = wanted.min(100 - recent);
                taken.push(load);
                let now = slice as u64 * rotation.plan.slice_ns;
                for _ in 0..load {
                    key += 1;
                    insert(&mut rotation, key, now);
                }
                prop_assert!(rotation.live.len() as u64 <= Plan::most_filters(generations));
                prop_assert!(rotation.live.iter().all(|dated| dated.filter.ids() <= rotation.plan.filter.ids));
                let sum: f64 = rotation.live.iter()
                    .map(|dated| rotation.plan.filter.false_positive_rate(dated.filter.ids()))
                    .sum();
                prop_assert!(sum <= 0.01);
            }
        }
    }

    #[test]
    fn uniques_are_lost_as_often_as_the_live_filters_say_and_no_more_than_promised() {
        const IDS: usize = 20_000;
        const RATE: f64 = 0.05;
        let mut rotation = rotation(60, IDS as u64, RATE, 4);
        let slice = rotation.plan.slice_ns;
        // Two windows and a half with all the ids that are promised for, evenly; then every live filter is full.
        let (mut offered, mut lost) = (0, 0);
        for (at, key) in keys(5).take(IDS * 5 / 2).enumerate() {
            let fresh = insert(&mut rotation, key.as_u128(), (at * 4 / IDS) as u64 * slice);
            offered += 1;
            lost += u64::from(!fresh);
        }
        assert!(lost as f64 <= f64::from(offered) * RATE, "{lost} of {offered}");
        let passes: f64 = rotation
            .live
            .iter()
            .map(|dated| 1.0 - rotation.plan.filter.false_positive_rate(dated.filter.ids()))
            .product();
        let found = |key: &PingKey| rotation.live.iter().any(|dated| dated.filter.contains(*key));
        let found = keys(6).take(100_000).filter(found).count() as u64;
        assert!(
            agrees(found, 100_000, 1.0 - passes),
            "{found} of 100,000; expected a share of {}",
            1.0 - passes
        );
        assert!(found as f64 <= 100_000.0 * RATE);
    }

    #[test]
    fn memory_stays_bounded_under_more_ids_than_planned_for() {
        let mut rotation = rotation(60, 1000, 0.01, 4);
        let slice = rotation.plan.slice_ns;
        for round in 0..12 {
            for key in 0..5000 {
                insert(&mut rotation, round * 5000 + key, round as u64 * slice);
            }
            assert!(rotation.bytes() <= rotation.plan.most_bytes());
        }
        assert!(rotation.live.iter().any(|dated| dated.filter.ids() > 1000), "it was over-filled");
    }

    #[test]
    fn a_long_gap_clears_everything() {
        let mut rotation = rotation(60, 1000, 0.01, 4);
        for key in 0..1000 {
            insert(&mut rotation, key, 0);
        }
        assert!(rotation.ids() > 980);
        rotation.rotate(Timestamp::END);
        assert_eq!((rotation.ids(), rotation.bytes()), (0, 0));
    }

    #[test]
    fn a_clock_that_jumps_back_writes_to_the_slice_it_had_reached() {
        let mut rotation = rotation(60, 1000, 0.01, 4);
        let slice = rotation.plan.slice_ns;
        insert(&mut rotation, 1, 10 * slice);
        insert(&mut rotation, 2, 3 * slice);
        assert_eq!(rotation.live.len(), 1);
        assert!(!insert(&mut rotation, 2, 14 * slice));
    }
}
