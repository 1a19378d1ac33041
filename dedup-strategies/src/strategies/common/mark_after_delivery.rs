//! The strategy and its workers: leases in memory, marks in the store, and filters in front of it or not.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use crate::contract::{
    Footprint, Forgets, Kept, Memory, Outcome, Ping, PingKey, Promise, Prospect, Routing, Settled, Strategy,
    Timestamp, Unavailable, UnderFaults, Verdict, Window, Worker, judge_each, worker_of,
};
use crate::structures::mark_store::{MEMORY_BUDGET, MarkStore, NegativeCache};
use crate::structures::shards::Shards;
use crate::sync::Mutex;

/// How both forget: leases are in memory, and last until the mark.
pub(crate) const FORGETS: Forgets = Forgets::AfterMark { lease: Duration::MAX };

/// What both strategies promise: a mark is only ever made after a delivery.
fn promise(window: Duration) -> Promise {
    Promise {
        memory: Memory::Budgeted(MEMORY_BUDGET),
        under_faults: UnderFaults::LOSES_NOTHING,
        ..Promise::remembering(Window::SinceMarked(window))
    }
}

/// What both come to for so many ids, with so many bytes of filters.
pub(crate) fn prospect(window: Duration, ids: u64, filter_bytes: u64) -> Prospect {
    Prospect {
        kept: Kept::OnDisk,
        disk_bytes: disk_bytes_for(ids),
        ..Prospect::in_process(promise(window), Routing::ByKey, filter_bytes.saturating_add(MEMORY_BUDGET))
    }
}

/// Bytes on disk for `ids` ids in a window. There is no error to bound.
///
/// An id takes its 16 bytes, 8 for its time, 8 for the store's sequence number, and about 6 for framing, index and the
/// store's own filters; a quarter of a window's ids more wait to be dropped, and half as many again are there twice
/// while files are merged. The log comes on top of that: 64 MiB at least, 512 MiB at most.
pub fn disk_bytes_for(ids: u64) -> u64 {
    const AN_ID: u64 = 38;
    (ids.saturating_mul(AN_ID) / 4).saturating_mul(7).saturating_add(64 << 20)
}

/// A strategy over a store of marks.
pub(crate) struct Marked {
    store: Arc<MarkStore>,
    filters: Option<Shards<NegativeCache>>,
    lookups: Arc<AtomicU64>,
    seed: u64,
}

impl Marked {
    /// Looks every id up in the store.
    pub(crate) fn bare(store: MarkStore, seed: u64) -> Self {
        Marked { store: Arc::new(store), filters: None, lookups: Arc::default(), seed }
    }

    /// Looks up only what the filter of the id's worker does not rule out. `filter` makes that of a worker; all are
    /// filled from what the store holds.
    pub(crate) fn behind_filters(
        store: MarkStore,
        seed: u64,
        workers: NonZeroUsize,
        mut filter: impl FnMut(u64) -> NegativeCache,
    ) -> Result<Self, Unavailable> {
        let mut worker = 0;
        let filters = Shards::new(workers, || {
            worker += 1;
            filter(worker)
        });
        let shards: Vec<_> = (0..workers.get()).map(|index| filters.of(index)).collect();
        store
            .for_each(|key, slice| shards[worker_of(key, workers.get())].lock().add(slice, key))
            .map_err(|error| store.unavailable(error))?;
        let (store, lookups) = (Arc::new(store), Arc::default());
        Ok(Marked { store, filters: Some(filters), lookups, seed })
    }

    /// Ids looked up in the store so far.
    pub(crate) fn lookups(&self) -> u64 {
        self.lookups.load(Ordering::Relaxed)
    }
}

impl Strategy for Marked {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(MarkedWorker {
            store: Arc::clone(&self.store),
            filter: self.filters.as_ref().map(|filters| filters.of(index)),
            lookups: Arc::clone(&self.lookups),
            leased: HashSet::with_hasher(FixedState::with_seed(self.seed)),
            delivered: Vec::new(),
            unjudged: None,
        }))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        promise(self.store.window())
    }

    fn footprint(&self) -> Footprint {
        let filters = self.filters.as_ref().map_or(0, |filters| filters.sum(NegativeCache::bytes));
        Footprint { ids: self.store.ids(), bytes: self.store.bytes() + filters }
    }
}

struct MarkedWorker {
    store: Arc<MarkStore>,
    filter: Option<Arc<Mutex<NegativeCache>>>,
    lookups: Arc<AtomicU64>,
    /// Ids judged new and not yet settled.
    leased: HashSet<PingKey, FixedState>,
    delivered: Vec<PingKey>,
    /// Why pings of the batch before could not be judged.
    unjudged: Option<Unavailable>,
}

impl Worker for MarkedWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        self.unjudged = judge_each(verdicts, pings.iter().map(|ping| self.judge_one(ping.key, now)))?;
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        self.unjudged.clone().unwrap_or_else(|| Unavailable("every ping was judged".to_string()))
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.delivered.clear();
        for Settled { ping, outcome } in settled {
            // Also where the mark cannot be written: the ping was delivered, and a copy that passes is better than one
            // that is never judged.
            self.leased.remove(&ping.key);
            if *outcome == Outcome::Delivered {
                self.delivered.push(ping.key);
            }
        }
        if self.delivered.is_empty() {
            return Ok(());
        }
        self.store.mark(&self.delivered, now)?;
        if let Some(filter) = &self.filter {
            let (mut filter, slice) = (filter.lock(), self.store.slice_of(now));
            self.delivered.iter().for_each(|key| filter.add(slice, *key));
        }
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.store.advance(now)?;
        if let (Some(filter), true) = (&self.filter, now != Timestamp::END) {
            filter.lock().keep_from(self.store.oldest_at(now));
        }
        Ok(())
    }
}

impl MarkedWorker {
    fn judge_one(&mut self, key: PingKey, now: Timestamp) -> Result<Verdict, Unavailable> {
        if self.leased.contains(&key) {
            return Ok(Verdict::InFlight);
        }
        if self.may_be_marked(key) {
            self.lookups.fetch_add(1, Ordering::Relaxed);
            if self.store.is_marked(key, now)? {
                return Ok(Verdict::Duplicate);
            }
        }
        self.leased.insert(key);
        Ok(Verdict::New)
    }

    fn may_be_marked(&self, key: PingKey) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.lock().may_hold(key))
    }
}
