//! The ways to have moka remember the last ids, the `lru` crate, and the strategies, each as one call for a few pings.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use dedup_benches::judge::{Judge, duplicates};
use dedup_benches::stream::{BATCH, WINDOW};
use dedup_strategies::{Ping, PingKey, Timestamp};
use foldhash::fast::FixedState;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// Judges pings, by any number of threads, and says how many are duplicates.
pub(crate) type Judging = Box<dyn Fn(&[Ping]) -> usize + Send + Sync>;

/// One way, for so many ids in a window.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) build: fn(u64) -> Judging,
}

type Seen = Cache<PingKey, Timestamp, FixedState>;

/// When moka applies what has happened to its policy: by itself, or when it is told to as well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upkeep {
    Own,
    EachBatch,
    EachNewId,
}

/// How an id is checked and marked: in moka's atomic step, or in two of which threads may come in between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Entry,
    GetAndInsert,
}

pub(crate) const WAYS: &[Way] = &[
    Way { name: "raw lru, one lock a batch", build: lru },
    Way { name: "raw moka, entry, own upkeep", build: |ids| by_moka(ids, LRU, Step::Entry, Upkeep::Own) },
    Way {
        name: "raw moka, entry, upkeep a batch",
        build: |ids| by_moka(ids, LRU, Step::Entry, Upkeep::EachBatch),
    },
    Way {
        name: "raw moka, entry, upkeep an id",
        build: |ids| by_moka(ids, LRU, Step::Entry, Upkeep::EachNewId),
    },
    Way {
        name: "raw moka, get and insert, own upkeep",
        build: |ids| by_moka(ids, LRU, Step::GetAndInsert, Upkeep::Own),
    },
    Way {
        name: "raw moka, get and insert, upkeep a batch",
        build: |ids| by_moka(ids, LRU, Step::GetAndInsert, Upkeep::EachBatch),
    },
    Way {
        name: "raw moka, get and insert, upkeep an id",
        build: |ids| by_moka(ids, LRU, Step::GetAndInsert, Upkeep::EachNewId),
    },
    Way {
        name: "raw moka, TinyLFU, entry, own upkeep",
        build: |ids| by_moka(ids, EvictionPolicy::tiny_lfu, Step::Entry, Upkeep::Own),
    },
    Way { name: "strategy lru", build: |ids| strategy("lru", ids) },
    Way { name: "strategy lru-exact", build: |ids| strategy("lru-exact", ids) },
];

const LRU: fn() -> EvictionPolicy = EvictionPolicy::lru;

/// With headroom, as the strategies have it.
fn capacity(ids: u64) -> u64 {
    ids + ids / 10
}

fn by_moka(ids: u64, policy: fn() -> EvictionPolicy, step: Step, upkeep: Upkeep) -> Judging {
    let seen: Seen = Cache::builder()
        .max_capacity(capacity(ids))
        .eviction_policy(policy())
        .build_with_hasher(FixedState::with_seed(1));
    Box::new(move |pings| {
        let judge = |batch: &[Ping]| {
            let mut duplicates = 0;
            for ping in batch {
                let new = match step {
                    Step::Entry => is_new_by_entry(&seen, ping),
                    Step::GetAndInsert => is_new_by_get(&seen, ping),
                };
                duplicates += usize::from(!new);
                if new && upkeep == Upkeep::EachNewId {
                    seen.run_pending_tasks();
                }
            }
            if upkeep == Upkeep::EachBatch {
                seen.run_pending_tasks();
            }
            duplicates
        };
        pings.chunks(BATCH).map(judge).sum()
    })
}

fn is_new_by_entry(seen: &Seen, ping: &Ping) -> bool {
    let expired = |at: &Timestamp| is_over(*at, ping);
    seen.entry_by_ref(&ping.key).or_insert_with_if(|| ping.arrival, expired).is_fresh()
}

fn is_new_by_get(seen: &Seen, ping: &Ping) -> bool {
    let new = seen.get(&ping.key).is_none_or(|at| is_over(at, ping));
    if new {
        seen.insert(ping.key, ping.arrival);
    }
    new
}

fn is_over(let_through: Timestamp, ping: &Ping) -> bool {
    const LENGTH: Duration = WINDOW;
    ping.arrival.since(let_through) >= LENGTH
}

fn lru(ids: u64) -> Judging {
    let capacity = NonZeroUsize::new(capacity(ids) as usize).expect("windows hold ids");
    let seen = Mutex::new(lru::LruCache::with_hasher(capacity, FixedState::with_seed(1)));
    Box::new(move |pings| {
        let judge = |batch: &[Ping]| {
            let mut seen = seen.lock().expect("no thread panics");
            let mut duplicates = 0;
            for ping in batch {
                if seen.get(&ping.key).is_some_and(|at: &Timestamp| !is_over(*at, ping)) {
                    duplicates += 1;
                } else {
                    seen.put(ping.key, ping.arrival);
                }
            }
            duplicates
        };
        pings.chunks(BATCH).map(judge).sum()
    })
}

/// A worker of its own for each of as many threads as ask at once.
fn strategy(name: &'static str, ids: u64) -> Judging {
    const MOST_THREADS: usize = 4;
    let Judge { strategy, workers, .. } = Judge::new(name, &[], ids, MOST_THREADS);
    let idle = Mutex::new(workers);
    Box::new(move |pings| {
        let _kept = &strategy;
        let mut worker = idle.lock().expect("no thread panics").pop().expect("one for each thread");
        let found = duplicates(&mut *worker, pings, &mut Vec::new());
        idle.lock().expect("no thread panics").push(worker);
        found
    })
}
