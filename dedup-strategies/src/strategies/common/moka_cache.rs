//! What the strategies over moka's concurrent cache have in common: all but its policy.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::contract::{
    BuildError, Context, Estimate, Footprint, Hears, Ping, PingKey, Promise, Prospect, Routing, Settings,
    Strategy, Timestamp, Unavailable, Verdict, Window, Worker,
};
use crate::sync::Mutex;

/// Bytes that one entry takes in moka 0.12: key and value behind counted pointers, the bookkeeping of its policy, a
/// node in the access queue and a slot in the table. From the resident memory of a million ids; for planning only.
const ENTRY_BYTES: u64 = 340;

/// Locks of which an id has one by its lowest bits, so that two workers with different ids hardly ever want the same.
const TURNS: usize = 256;

/// The memory of a cache that is full.
pub(crate) fn estimate(settings: &Settings, _: &Context) -> Estimate {
    let capacity = settings.count("capacity");
    Estimate {
        setting: "capacity",
        what: format!("a cache of {capacity} ids"),
        bytes: capacity.saturating_mul(ENTRY_BYTES),
    }
}

/// What it comes to.
pub(crate) fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let promise = promise(settings.time("window"), settings.count("capacity"));
    Prospect::in_process(promise, Routing::Any, estimate(settings, context).bytes)
}

fn promise(window: Duration, capacity: u64) -> Promise {
    Promise { capacity: Some(capacity), ..Promise::remembering(Window::Since(window)) }
}

/// Builds the cache with the given policy.
pub(crate) fn build(
    settings: &Settings,
    context: &Context,
    policy: EvictionPolicy,
) -> Result<Box<dyn Strategy>, BuildError> {
    let capacity = settings.count("capacity");
    context.admit(settings.strategy(), estimate(settings, context))?;
    Ok(Box::new(Lru::new(capacity, settings.time("window"), policy, context.seed)))
}

/// Ids and when each was let through. Both the strategy and a worker's handle: moka's clones share one cache.
#[derive(Clone)]
struct Lru {
    seen: Cache<PingKey, Timestamp, FixedState>,
    turns: Arc<[Mutex<()>]>,
    capacity: u64,
    window: Duration,
}

impl Strategy for Lru {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        promise(self.window, self.capacity)
    }

    fn footprint(&self) -> Footprint {
        self.seen.run_pending_tasks();
        let ids = self.seen.entry_count();
        Footprint { ids, bytes: ids * ENTRY_BYTES }
    }
}

impl Worker for Lru {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        verdicts.extend(pings.iter().map(|ping| self.judge_one(ping.key, now)));
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::NONE
    }
}

impl Lru {
    fn new(capacity: u64, window: Duration, policy: EvictionPolicy, seed: u64) -> Self {
        let seen = Cache::builder()
            .max_capacity(capacity)
            .eviction_policy(policy)
            .build_with_hasher(FixedState::with_seed(seed));
        // TinyLFU starts to count once the cache is half full, which a cache for one id is when empty.
        seen.run_pending_tasks();
        let turns = (0..TURNS).map(|_| Mutex::new(())).collect();
        Lru { seen, turns, capacity, window }
    }

    /// Checks and marks while no other worker does so with the same id.
    ///
    /// moka's own atomic step, `entry` with `or_insert_with_if`, is made for values that take long to compute: for each that is
    /// new it enters those who wait for it into a second table, and has other threads' garbage collected. A lock among many
    /// around `get` and `insert` does the same for two thirds of the time (see STRATEGIES.md, and `--example lru_costs`).
    ///
    /// moka applies hits and insertions to its policy later, in groups, all hits of a group first; it starts a group
    /// not only after so many operations but also when 300 ms have passed by the wall clock. What is evicted would so
    /// depend on how fast the machine is. Asking for the group right after each insertion leaves nothing to the clock:
    /// until the next one only hits are waiting, and these come to the same in one group or in several. One thread
    /// thus gets an exact LRU and the same verdicts every time. It costs next to nothing: what moka does it does anyway,
    /// and the more of it at once.
    fn judge_one(&self, key: PingKey, now: Timestamp) -> Verdict {
        let turn = self.turns[key.as_u128() as usize % TURNS].lock();
        // moka's own time to live reads a clock that cannot be set, so the window is judged here.
        if self.seen.get(&key).is_some_and(|let_through| now.since(let_through) < self.window) {
            return Verdict::Duplicate;
        }
        self.seen.insert(key, now);
        drop(turn);
        self.seen.run_pending_tasks();
        Verdict::New
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::structures::lru_window::LruWindow;

    const WINDOW: Duration = Duration::from_secs(50);

    fn cache(capacity: u64, policy: EvictionPolicy) -> Lru {
        Lru::new(capacity, WINDOW, policy, 1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn driven_by_one_thread_it_is_an_exact_lru(
            capacity in 1u64..40,
            steps in prop::collection::vec((0u128..60, 0u64..3), 0..2000),
        ) {
            let (moka, mut exact) = (cache(capacity, EvictionPolicy::lru()), LruWindow::new(capacity, WINDOW, 1));
            let mut now = Timestamp::from_secs(1000);
            for (key, wait) in steps {
                now = now.plus(Duration::from_secs(wait));
                let key = PingKey::from_u128(key);
                prop_assert_eq!(moka.judge_one(key, now) == Verdict::New, exact.insert(key, now));
            }
        }

        #[test]
        fn when_moka_tidies_up_makes_no_difference(
            capacity in 1u64..40,
            steps in prop::collection::vec((0u128..60, any::<bool>()), 0..2000),
        ) {
            for policy in [EvictionPolicy::lru(), EvictionPolicy::tiny_lfu()] {
                let (interrupted, left_alone) = (cache(capacity, policy.clone()), cache(capacity, policy));
                for (second, (key, tick)) in steps.iter().enumerate() {
                    if *tick {
                        // What the wall clock may start at any time.
                        interrupted.seen.run_pending_tasks();
                    }
                    let (key, now) = (PingKey::from_u128(*key), Timestamp::from_millis(second as u64 * 10));
                    prop_assert_eq!(interrupted.judge_one(key, now), left_alone.judge_one(key, now));
                }
            }
        }
    }

    /// The same by moka's own atomic step.
    fn judge_by_entry(cache: &Lru, key: PingKey, now: Timestamp) -> Verdict {
        let expired = |let_through: &Timestamp| now.since(*let_through) >= cache.window;
        let entry = cache.seen.entry_by_ref(&key).or_insert_with_if(|| now, expired);
        cache.seen.run_pending_tasks();
        if entry.is_fresh() { Verdict::New } else { Verdict::Duplicate }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn mokas_own_atomic_step_says_the_same(
            capacity in 1u64..40,
            steps in prop::collection::vec((0u128..60, 0u64..3), 0..2000),
        ) {
            for policy in [EvictionPolicy::lru(), EvictionPolicy::tiny_lfu()] {
                let (ours, mokas) = (cache(capacity, policy.clone()), cache(capacity, policy));
                let mut now = Timestamp::from_secs(1000);
                for (key, wait) in &steps {
                    now = now.plus(Duration::from_secs(*wait));
                    let key = PingKey::from_u128(*key);
                    prop_assert_eq!(ours.judge_one(key, now), judge_by_entry(&mokas, key, now));
                }
            }
        }
    }

    #[test]
    fn of_threads_that_race_for_an_id_one_lets_it_through() {
        let cache = cache(10_000, EvictionPolicy::lru());
        let now = Timestamp::from_secs(1000);
        let new =
            || (0..3000).filter(|key| cache.judge_one(PingKey::from_u128(*key), now) == Verdict::New).count();
        let total: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(new)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
        });
        assert_eq!(total, 3000);
    }

    #[test]
    fn two_instances_over_one_long_stream_agree() {
        let caches = [cache(20, EvictionPolicy::lru()), cache(20, EvictionPolicy::lru())];
        let mut state = 1u64;
        for step in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (key, now) = (PingKey::from_u128(u128::from(state >> 58)), Timestamp::from_millis(step));
            assert_eq!(caches[0].judge_one(key, now), caches[1].judge_one(key, now), "step {step}");
        }
    }
}
