//! Who takes part: every embedded strategy, and the crates that one would take instead.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use dedup_strategies::{
    Context, Definition, Needs, Outcome, Ping, PingKey, STRATEGIES, Settled, Sizing, Verdict, Worker,
};
use foldhash::fast::FixedState;
use tempfile::TempDir;

use super::stream::INTERVAL;

/// The share of ids that a filter may lose.
const RATE: f64 = 0.001;

/// Takes a batch of pings; whatever it finds out about them, the clock has to pay for.
pub(crate) trait Judge {
    fn judge(&mut self, pings: &[Ping]);
}

pub(crate) enum Contestant {
    Strategy(&'static Definition),
    Raw(&'static str, fn(u64) -> Box<dyn Judge>),
}

impl Contestant {
    pub(crate) fn all() -> Vec<Contestant> {
        let raw = RAW.iter().map(|(name, build)| Contestant::Raw(name, *build));
        let embedded = STRATEGIES.iter().filter(|definition| definition.needs == Needs::Nothing);
        raw.chain(embedded.map(Contestant::Strategy)).collect()
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Contestant::Strategy(definition) => definition.name,
            Contestant::Raw(name, _) => name,
        }
    }

    /// Empty, and made for `ids` ids in a window.
    pub(crate) fn build(&self, ids: u64) -> Box<dyn Judge> {
        match self {
            Contestant::Raw(_, build) => build(ids),
            Contestant::Strategy(definition) => Box::new(Strategy::new(definition, ids)),
        }
    }
}

/// A set of all ids. Its memory is kept in bounds by beginning anew at twice a window, as nothing in it expires.
pub(crate) const SET: &str = "raw hashbrown set";

/// Makes one for a window of so many ids.
type Make = fn(u64) -> Box<dyn Judge>;

const RAW: &[(&str, Make)] = &[
    (SET, |ids| {
        let new =
            move || hashbrown::HashSet::with_capacity_and_hasher(2 * ids as usize, FixedState::with_seed(1));
        Box::new(Raw::new(2 * ids, new, |set: &mut hashbrown::HashSet<PingKey, FixedState>, key| {
            set.insert(key)
        }))
    }),
    ("raw bloomfilter", |ids| {
        let new = move || {
            bloomfilter::Bloom::<u128>::new_for_fp_rate_with_seed(2 * ids as usize, RATE, &[1; 32])
                .expect("the seed is given")
        };
        Box::new(Raw::new(2 * ids, new, |filter, key| !filter.check_and_set(&key.as_u128())))
    }),
    ("raw fastbloom", |ids| {
        let new =
            move || fastbloom::BloomFilter::with_false_pos(RATE).seed(&1).expected_items(2 * ids as usize);
        Box::new(Raw::new(2 * ids, new, |filter, key| !filter.insert(&key.0)))
    }),
    ("raw lru", |ids| {
        let capacity = NonZeroUsize::new(ids as usize).expect("windows hold ids");
        let new = move || lru::LruCache::with_hasher(capacity, FixedState::with_seed(1));
        Box::new(Raw::new(u64::MAX, new, |cache, key| cache.put(key, ()).is_none()))
    }),
    ("raw moka", |ids| {
        let new = move || {
            moka::sync::Cache::builder()
                .max_capacity(ids)
                .eviction_policy(moka::policy::EvictionPolicy::lru())
                .build_with_hasher(FixedState::with_seed(1))
        };
        Box::new(Raw::new(u64::MAX, new, |cache: &mut moka::sync::Cache<PingKey, (), FixedState>, key| {
            cache.entry(key).or_insert(()).is_fresh()
        }))
    }),
];

/// Something into which ids are put, begun anew after so many.
struct Raw<T, N, I> {
    holds: T,
    new: N,
    insert: I,
    most: u64,
    left: u64,
}

impl<T, N: Fn() -> T, I: Fn(&mut T, PingKey) -> bool> Raw<T, N, I> {
    fn new(most: u64, new: N, insert: I) -> Self {
        Raw { holds: new(), new, insert, most, left: most }
    }
}

impl<T, N: Fn() -> T, I: Fn(&mut T, PingKey) -> bool> Judge for Raw<T, N, I> {
    fn judge(&mut self, pings: &[Ping]) {
        if self.left < pings.len() as u64 {
            self.holds = (self.new)();
            self.left = self.most;
        }
        self.left -= pings.len() as u64;
        for ping in pings {
            black_box((self.insert)(&mut self.holds, ping.key));
        }
    }
}

/// A worker through its contract: judged, settled and advanced once a batch.
struct Strategy {
    worker: Box<dyn Worker>,
    verdicts: Vec<Verdict>,
    settled: Vec<Settled>,
    released: Vec<Ping>,
    /// Keeps what the worker is a handle on.
    _strategy: Box<dyn dedup_strategies::Strategy>,
}

impl Strategy {
    /// A filter that never forgets is sized for sixty-four windows.
    fn new(definition: &Definition, ids: u64) -> Self {
        let context = Context {
            workers: NonZeroUsize::MIN,
            seed: 1,
            state_dir: fresh_directory(),
            sizing: Sizing { window: INTERVAL * ids as u32, ids_in_window: ids, ids_total: 64 * ids },
            memory_limit: 12 << 30,
            redis: None,
            server: None,
            store_time_factor: 1.0,
        };
        let settings = definition.resolve(&[], &context.sizing).expect("defaults are valid");
        let strategy = (definition.build)(&settings, &context).expect("defaults fit");
        Strategy {
            worker: strategy.worker(0).expect("embedded strategies are always available"),
            verdicts: Vec::new(),
            settled: Vec::new(),
            released: Vec::new(),
            _strategy: strategy,
        }
    }
}

impl Judge for Strategy {
    fn judge(&mut self, pings: &[Ping]) {
        const AVAILABLE: &str = "embedded strategies are always available";
        let now = pings.last().map_or(dedup_strategies::Timestamp::ZERO, |ping| ping.arrival);
        self.verdicts.clear();
        self.worker.judge(pings, now, &mut self.verdicts).expect(AVAILABLE);
        self.settled.clear();
        let new = pings.iter().zip(&self.verdicts).filter(|(_, verdict)| **verdict == Verdict::New);
        self.settled.extend(new.map(|(ping, _)| Settled { ping: *ping, outcome: Outcome::Delivered }));
        self.worker.settle(&self.settled, now).expect(AVAILABLE);
        self.released.clear();
        self.worker.advance(now, &mut self.released).expect(AVAILABLE);
        black_box(&self.verdicts);
    }
}

/// A directory for each strategy that keeps files.
fn fresh_directory() -> std::path::PathBuf {
    static ROOT: OnceLock<TempDir> = OnceLock::new();
    static MADE: AtomicU64 = AtomicU64::new(0);
    let root = ROOT
        .get_or_init(|| TempDir::new().expect("the system's directory for temporary files can be written"));
    let directory = root.path().join(MADE.fetch_add(1, Ordering::Relaxed).to_string());
    std::fs::create_dir_all(&directory).expect("it can be written");
    directory
}
