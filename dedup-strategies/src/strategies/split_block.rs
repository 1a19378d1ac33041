//! Split-block Bloom filters by time: half a cache line a filter for an id, all of a batch fetched ahead.

use std::collections::VecDeque;
use std::time::Duration;

use crate::contract::{
    Bound, BuildError, Context, Definition, Estimate, Footprint, Forgets, Needs, Operation, Ping, Promise,
    Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp, Verdict,
    Window, saturating_nanos,
};
use crate::strategies::common::by_key::{ByKey, State, verdict};
use crate::strategies::common::generations::{RATE, WINDOW};
use crate::structures::hardware::{prefetch, vectorised};
use crate::structures::hash::KeyHasher;
use crate::structures::shards::share_of;
use crate::structures::split_block::{
    BLOCK_BITS, Block, SplitBlockFilter, bits_per_key, has_all, mask, place, set_all,
};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "split-block",
    about: "split-block Bloom filters by time: loses a few uniques, one memory access a filter and ping",
    role: Role::Candidate,
    settings: &[
        WINDOW,
        SettingDef {
            name: "ids",
            about: "distinct ids in any one window that it is sized for; beyond them the window gets shorter",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::IdsInWindow,
        },
        RATE,
        SettingDef {
            name: "generations",
            about: "filters that share a window; an id is forgotten up to one of them late: more are sharper and slower",
            kind: SettingKind::Count(MOST_GENERATIONS as u64),
            default: SettingDefault::Text("3"),
        },
    ],
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
    let promise = promise(window, ids, rate);
    Ok(ByKey::build(promise, context, |worker| Generations::new(plan, KeyHasher::new(context.seed, worker))))
}

/// Bytes of the filters that even traffic of `ids` a window keeps alive, for at most a share of `rate` lost.
pub fn bytes_for(ids: u64, rate: f64, generations: u64) -> u64 {
    let plan = Plan::new(Duration::from_secs(1), ids, rate, generations);
    plan.filter_bytes().saturating_mul(generations + 1)
}

/// How ids are spread over filters, and how large each is.
///
/// With G generations a filter takes n = ids/G ids. It is closed when it has them, or window/G after its first, and
/// dropped a window after its last. Of the filters that are alive only the oldest can hold ids that are older than
/// a window, so all of them together hold fewer than ids + n = (G+1) n. The rate of a filter grows faster than
/// its load, so however these are spread over the filters, the rates add up to no more than those of G + 1 full
/// ones: each is sized for `rate / (G+1)`.
///
/// Even traffic keeps G + 1 filters. Uneven traffic closes filters that are not full: each but the youngest was either
/// full (at most G) or spans window/G (at most G), and the oldest may reach out of the window: 2G + 2.
///
/// More ids than planned for do not over-fill a filter, which would lose pings: the oldest filter goes early instead,
/// so that duplicates pass.
#[derive(Clone, Copy, Debug)]
struct Plan {
    window_ns: u64,
    span_ns: u64,
    ids_per_filter: u64,
    most_ids: u64,
    most_filters: u64,
    blocks: u64,
}

impl Plan {
    fn new(window: Duration, ids: u64, rate: f64, generations: u64) -> Self {
        let window_ns = saturating_nanos(window);
        let ids_per_filter = ids.div_ceil(generations).max(1);
        let bits = bits_per_key(rate / (generations + 1) as f64) * ids_per_filter as f64;
        Plan {
            window_ns,
            span_ns: window_ns.div_ceil(generations).max(1),
            ids_per_filter,
            most_ids: ids_per_filter.saturating_mul(generations + 1),
            most_filters: 2 * generations + 2,
            blocks: (bits / BLOCK_BITS as f64).ceil() as u64,
        }
    }

    /// Bytes of a filter; more than there are if it has more blocks than a hash can tell apart.
    fn filter_bytes(&self) -> u64 {
        match self.blocks <= 1 << 32 {
            true => self.blocks * (BLOCK_BITS / 8),
            false => u64::MAX,
        }
    }

    fn most_bytes(&self) -> u64 {
        self.filter_bytes().saturating_add(64).saturating_mul(self.most_filters)
    }
}

/// One worker's filters, the oldest first.
#[derive(Debug)]
struct Generations {
    plan: Plan,
    hasher: KeyHasher,
    live: VecDeque<Generation>,
    /// Ids in all of them.
    ids: u64,
}

/// A filter and the times of the first and the last id in it.
#[derive(Debug)]
struct Generation {
    filter: SplitBlockFilter,
    ids: u64,
    first: Timestamp,
    last: Timestamp,
}

/// Pings that are hashed at once: their hashes stay in the first-level cache.
const BATCH: usize = 256;

/// How many pings before its turn the blocks of a ping are fetched: as many as keep every slot for an outstanding read
/// in use. Measured: 8 to 32 make no difference, and fetching a whole batch before judging it costs a tenth more.
const AHEAD: usize = 16;

/// The most generations that may be asked for, so that the list of filters fits on the stack.
const MOST_GENERATIONS: usize = 15;

impl Generations {
    fn new(plan: Plan, hasher: KeyHasher) -> Self {
        Generations { plan, hasher, live: VecDeque::new(), ids: 0 }
    }

    /// Drops the filters of which every id is older than the window.
    fn expire(&mut self, now: Timestamp) {
        while self.live.front().is_some_and(|oldest| age(oldest.last, now) >= self.plan.window_ns) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.live.pop_front() {
            self.ids -= oldest.ids;
        }
    }

    /// How many more ids the youngest filter may take; opens another one if there is none, or it is full or closed.
    fn room(&mut self, now: Timestamp) -> u64 {
        let plan = self.plan;
        let closed = self.live.back().is_none_or(|youngest| {
            youngest.ids >= plan.ids_per_filter || age(youngest.first, now) >= plan.span_ns
        });
        if closed {
            if self.live.len() as u64 >= plan.most_filters {
                self.drop_oldest();
            }
            let filter = SplitBlockFilter::new(plan.blocks);
            self.live.push_back(Generation { filter, ids: 0, first: now, last: now });
        }
        while self.ids >= plan.most_ids {
            self.drop_oldest();
        }
        let youngest = self.live.back().expect("one was just opened if there was none");
        (plan.ids_per_filter - youngest.ids).min(plan.most_ids - self.ids)
    }

    /// Judges at most as many pings as there is room for in the youngest filter.
    #[inline(always)]
    fn judge_some(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>) {
        let mut hashes = [0; BATCH];
        let hashes = &mut hashes[..pings.len()];
        pings.iter().zip(&mut *hashes).for_each(|(ping, hash)| *hash = self.hasher.of(ping.key));
        let (youngest, older) = self.live.make_contiguous().split_last_mut().expect("there is one with room");
        let mut views = [[].as_slice(); 2 * MOST_GENERATIONS + 2];
        views.iter_mut().zip(&*older).for_each(|(view, generation)| *view = generation.filter.blocks());
        let older = &views[..older.len()];
        let blocks = youngest.filter.blocks_mut();
        let before = youngest.ids;
        let fetch = |hash: u64, blocks: &[Block]| {
            let place = place(hash, blocks.len());
            older.iter().for_each(|older| prefetch(&older[place]));
            prefetch(&blocks[place]);
        };
        hashes.iter().take(AHEAD).for_each(|hash| fetch(*hash, blocks));
        for (at, &hash) in hashes.iter().enumerate() {
            if let Some(ahead) = hashes.get(at + AHEAD) {
                fetch(*ahead, blocks);
            }
            let (place, mask) = (place(hash, blocks.len()), mask(hash as u32));
            let known = older.iter().fold(false, |known, older| known | has_all(&older[place], &mask));
            let fresh = !known & !has_all(&blocks[place], &mask);
            if fresh {
                set_all(&mut blocks[place], &mask);
                youngest.ids += 1;
            }
            verdicts.push(verdict(!fresh));
        }
        self.ids += youngest.ids - before;
        if youngest.ids > before {
            youngest.last = now;
        }
    }
}

impl State for Generations {
    fn judge(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>) {
        self.expire(now);
        let mut left = pings;
        while !left.is_empty() {
            let room = usize::try_from(self.room(now)).unwrap_or(usize::MAX);
            let (some, rest) = left.split_at(left.len().min(BATCH).min(room));
            vectorised(
                #[inline(always)]
                || self.judge_some(some, now, verdicts),
            );
            left = rest;
        }
    }

    fn advance(&mut self, now: Timestamp) {
        self.expire(now);
    }

    fn footprint(&self) -> Footprint {
        let bytes = self.live.iter().map(|generation| generation.filter.bytes()).sum();
        Footprint { ids: self.ids, bytes }
    }
}

fn age(then: Timestamp, now: Timestamp) -> u64 {
    now.as_nanos().saturating_sub(then.as_nanos())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contract::{DeliveryId, PingKey};
    use crate::structures::split_block::false_positive_rate;
    use crate::testing::{agrees, keys};

    fn generations(window: Duration, ids: u64, rate: f64, generations: u64) -> Generations {
        Generations::new(Plan::new(window, ids, rate, generations), KeyHasher::new(1, 1))
    }

    /// Which of `keys`, judged together at `now`, are let through.
    fn fresh(state: &mut Generations, keys: &[PingKey], now: u64) -> Vec<bool> {
        let now = Timestamp::from_nanos(now);
        let ping = |key: &PingKey| Ping { key: *key, event_time: now, arrival: now, delivery: DeliveryId(0) };
        let pings: Vec<Ping> = keys.iter().map(ping).collect();
        let mut verdicts = Vec::new();
        state.judge(&pings, now, &mut verdicts);
        verdicts.iter().map(|verdict| *verdict == Verdict::New).collect()
    }

    proptest! {
        #[test]
        fn an_id_is_kept_for_a_window_and_gone_one_generation_later(
            count in 1u64..9,
            window in 10u64..1_000_000_000_000,
            start in 0u64..10_000_000_000_000,
        ) {
            let mut state = generations(Duration::from_nanos(window), 100, 1e-9, count);
            let [key, other] = [1, 2].map(PingKey::from_u128);
            prop_assert!(fresh(&mut state, &[key], start)[0]);
            let span = state.plan.span_ns;
            // Another id, as late as the same filter takes one.
            fresh(&mut state, &[other], start + span - 1);
            prop_assert!(!fresh(&mut state, &[key], start + window - 1)[0]);
            prop_assert!(fresh(&mut state, &[key], start + window + span)[0]);
        }

        #[test]
        fn no_spread_of_the_ids_promised_for_loses_or_forgets_more_than_promised(
            count in 1u64..6,
            loads in prop::collection::vec((0u64..100, 1u64..40), 1..40),
        ) {
            // `loads`: ids, and hundredths of a window since the ones before, cut down to 100 in any window.
            let (window, rate) = (10_000, 0.01);
            let mut state = generations(Duration::from_nanos(window), 100, rate, count);
            let mut sent: Vec<(u64, PingKey)> = Vec::new();
            let (mut now, mut key) = (1_000_000, 0);
            for (wanted, wait) in loads {
                now += wait * window / 100;
                let live: Vec<PingKey> =
                    sent.iter().filter(|(at, _)| now - at < window).map(|(_, key)| *key).collect();
                let again = fresh(&mut state, &live, now);
                prop_assert!(again.iter().all(|fresh| !fresh), "one of {} was forgotten", live.len());
                for _ in 0..wanted.min(100 - live.len() as u64) {
                    key += 1;
                    let id = PingKey::from_u128(key);
                    // A lost id is not in the filters; only the others are remembered.
                    if fresh(&mut state, &[id], now)[0] {
                        sent.push((now, id));
                    }
                }
                prop_assert!(state.live.len() as u64 <= state.plan.most_filters);
                let blocks = state.plan.blocks as f64 * BLOCK_BITS as f64;
                let sum: f64 =
                    state.live.iter().map(|live| false_positive_rate(blocks / live.ids as f64)).sum();
                prop_assert!(sum <= rate, "rates of {} filters add up to {sum}", state.live.len());
            }
        }
    }

    #[test]
    fn uniques_are_lost_as_often_as_the_live_filters_say_and_no_more_than_promised() {
        const IDS: usize = 60_000;
        const RATE: f64 = 0.05;
        let mut state = generations(Duration::from_secs(60), IDS as u64, RATE, 3);
        // Up to the worst moment: every id that is planned for, in filters that are all full.
        let all: Vec<PingKey> = keys(5).take(IDS * 5 / 2).collect();
        let step = 60_000_000_000 / IDS as u64;
        let mut lost = 0;
        for (at, batch) in all.chunks(50).enumerate() {
            lost += fresh(&mut state, batch, 50 * at as u64 * step).iter().filter(|fresh| !**fresh).count();
        }
        assert!(lost as f64 <= RATE * all.len() as f64, "{lost} of {}", all.len());
        let bits = (state.plan.blocks * BLOCK_BITS) as f64;
        let passes: f64 =
            state.live.iter().map(|live| 1.0 - false_positive_rate(bits / live.ids as f64)).product();
        let hashes: Vec<u64> = keys(6).take(200_000).map(|key| state.hasher.of(key)).collect();
        let known = |hash: &&u64| state.live.iter().any(|live| live.filter.contains(**hash));
        let found = hashes.iter().filter(known).count() as u64;
        assert!(
            agrees(found, 200_000, 1.0 - passes),
            "{found} of 200,000; expected a share of {}",
            1.0 - passes
        );
    }

    #[test]
    fn more_ids_than_planned_for_shorten_the_window_and_lose_no_more() {
        let mut state = generations(Duration::from_secs(60), 10_000, 0.01, 3);
        let all: Vec<PingKey> = keys(7).take(200_000).collect();
        let lost =
            all.chunks(64).flat_map(|batch| fresh(&mut state, batch, 1)).filter(|fresh| !fresh).count();
        assert!(lost as f64 <= 0.01 * 200_000.0, "{lost} of 200,000");
        assert!(state.footprint().bytes <= bytes_for(10_000, 0.01, 3) + 4 * 64);
        assert!(
            fresh(&mut state, &all[199_000..], 1).iter().all(|fresh| !fresh),
            "the youngest are remembered"
        );
        let forgotten = fresh(&mut state, &all[..1000], 1).iter().filter(|fresh| **fresh).count();
        assert!(forgotten > 900, "{forgotten} of the 1,000 oldest were forgotten");
    }

    #[test]
    fn a_long_gap_clears_everything_and_a_clock_that_jumps_back_forgets_nothing() {
        let mut state = generations(Duration::from_secs(60), 1000, 1e-6, 4);
        let some: Vec<PingKey> = keys(8).take(500).collect();
        assert!(fresh(&mut state, &some, 100_000_000_000).iter().all(|fresh| *fresh));
        assert!(fresh(&mut state, &some, 50_000_000_000).iter().all(|fresh| !fresh));
        state.advance(Timestamp::END);
        assert_eq!(state.footprint(), Footprint::default());
    }

    #[test]
    fn a_day_of_the_largest_pipeline_has_the_size_that_the_formula_gives() {
        // 16,000 pings a second for a day, at 0.1 %: 22.4 bits in each of three full filters and one to fill.
        let bytes = bytes_for(1_380_000_000, 0.001, 3);
        let bits_per_id = bytes as f64 * 8.0 / 1.38e9;
        assert!((bits_per_id - bits_per_key(0.00025) * 4.0 / 3.0).abs() < 0.01, "{bits_per_id}");
    }
}
