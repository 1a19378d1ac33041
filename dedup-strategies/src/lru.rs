//! The last `capacity` ids in moka's concurrent cache, evicted in the order of their last access.

use std::time::Duration;

use foldhash::fast::FixedState;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::contract::{Footprint, Ping, PingKey, Routing, Strategy, Unavailable, Verdict, Worker};
use crate::definition::{BuildError, Context, Definition, Needs, Role};
use crate::promise::{Bound, Memory, Promise, Window};
use crate::settings::{Default, Kind, SettingDef, Settings};
use crate::time::Timestamp;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "lru",
    about: "moka's concurrent cache with its LRU policy",
    role: Role::Candidate,
    settings: SETTINGS,
    needs: Needs::Nothing,
    build: |settings, context| build(settings, context, EvictionPolicy::lru()),
};

/// The settings of every strategy that keeps a bounded number of ids, each for a window.
pub(crate) const SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "capacity",
        about: "most ids kept; with fewer than arrive in a window, the least recently seen are forgotten early",
        kind: Kind::Count(1 << 40),
        default: Default::IdsInWindow,
    },
    SettingDef {
        name: "window",
        about: "how long an id is remembered after the copy that was let through; a hit does not prolong it",
        kind: Kind::Time,
        default: Default::ScenarioWindow,
    },
];

/// Bytes that one entry takes in moka 0.12: key and value behind counted pointers, the bookkeeping of its policy, a
/// node in the access queue and a slot in the table. Weighed with a counting allocator; used for planning only.
const ENTRY_BYTES: u64 = 330;

/// Builds the cache with the given policy.
pub(crate) fn build(
    settings: &Settings,
    context: &Context,
    policy: EvictionPolicy,
) -> Result<Box<dyn Strategy>, BuildError> {
    let capacity = settings.count("capacity");
    context.admit(
        settings.strategy(),
        "capacity",
        format!("a cache of {capacity} ids"),
        capacity.saturating_mul(ENTRY_BYTES),
    )?;
    let seen = Cache::builder()
        .max_capacity(capacity)
        .eviction_policy(policy)
        .build_with_hasher(FixedState::with_seed(context.seed));
    Ok(Box::new(Lru { seen, capacity, window: settings.time("window") }))
}

/// Ids and when each was let through. Both the strategy and a worker's handle: moka's clones share one cache.
#[derive(Clone)]
struct Lru {
    seen: Cache<PingKey, Timestamp, FixedState>,
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
        Promise {
            window: Window::Since(self.window),
            missed: Bound::Never,
            lost: Bound::Never,
            capacity: Some(self.capacity),
            memory: Memory::Bounded,
        }
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
}

impl Lru {
    /// Checks and marks in one atomic step: of several threads that race for one key, moka lets one initialise the
    /// entry, and only for that one is it fresh.
    fn judge_one(&self, key: PingKey, now: Timestamp) -> Verdict {
        // moka's own time to live reads a clock that cannot be set, so the window is judged here.
        let expired = |let_through: &Timestamp| now.since(*let_through) >= self.window;
        let entry = self.seen.entry_by_ref(&key).or_insert_with_if(|| now, expired);
        let verdict = if entry.is_fresh() { Verdict::New } else { Verdict::Duplicate };
        self.seen.run_pending_tasks();
        verdict
    }
}
