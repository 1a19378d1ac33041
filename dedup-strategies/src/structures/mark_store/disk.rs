//! Where marks are kept: an embedded log-structured store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fjall::compaction::filter::{
    CompactionFilter, CompactionFilterResult, Context as Compaction, Factory, ItemAccessor, Verdict as Fate,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::contract::{PingKey, Timestamp, saturating_nanos};

/// Memory in which new marks are sorted before they are written to a file.
const MEMTABLE_BYTES: u64 = 16 << 20;

/// Memory for blocks read from disk.
const CACHE_BYTES: u64 = 32 << 20;

/// What these two may come to: new marks go on to a second buffer while a full one is written to a file, and the writer
/// has a copy of what it works on.
pub(crate) const MEMORY_BUDGET: u64 = CACHE_BYTES + 4 * MEMTABLE_BYTES;

/// A store of marks that outlives the process. Every call is atomic; what a mark is worth, whoever calls knows.
///
/// A trait because a model checker of threads cannot look into fjall: under it a stand-in takes its place.
pub(crate) trait Disk: Send + Sync {
    /// When `key` was marked last, if it was.
    fn marked_at(&self, key: PingKey) -> fjall::Result<Option<Timestamp>>;

    /// Calls `each` with every mark.
    fn for_each(&self, each: &mut dyn FnMut(PingKey, Timestamp)) -> fjall::Result<()>;

    /// Marks `keys` at `at`, all or none, and hands them on as far as `durability` says.
    fn mark(&self, keys: &[PingKey], at: Timestamp, durability: Option<PersistMode>) -> fjall::Result<()>;

    /// Hands on everything that was not yet.
    fn persist(&self, mode: PersistMode) -> fjall::Result<()>;

    /// Bytes of files, without the log.
    fn bytes(&self) -> u64;
}

/// The real one.
pub(super) struct Fjall {
    database: Database,
    marks: Keyspace,
}

impl Fjall {
    /// Opens what is at `path`. What is a `window` older than `now`, in nanoseconds, is left out when files are merged.
    pub(super) fn open(path: &Path, now: Arc<AtomicU64>, window: Duration) -> fjall::Result<Self> {
        let expiry: Arc<dyn Factory> = Arc::new(Expiry { now, window: saturating_nanos(window) });
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .worker_threads(1)
            .manual_journal_persist(true)
            .with_compaction_filter_factories(Arc::new(move |_| Some(Arc::clone(&expiry))))
            .open()?;
        let marks = database.keyspace("marks", || {
            KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES).manual_journal_persist(true)
        })?;
        Ok(Fjall { database, marks })
    }
}

impl Disk for Fjall {
    fn marked_at(&self, key: PingKey) -> fjall::Result<Option<Timestamp>> {
        Ok(self.marks.get(key.0)?.map(|value| time_in(&value)))
    }

    fn for_each(&self, each: &mut dyn FnMut(PingKey, Timestamp)) -> fjall::Result<()> {
        for entry in self.marks.iter() {
            let (key, value) = entry.into_inner()?;
            if let Ok(key) = <[u8; 16]>::try_from(&key[..]) {
                each(PingKey(key), time_in(&value));
            }
        }
        Ok(())
    }

    fn mark(&self, keys: &[PingKey], at: Timestamp, durability: Option<PersistMode>) -> fjall::Result<()> {
        let mut batch = self.database.batch().durability(durability);
        for key in keys {
            batch.insert(&self.marks, key.0, at.as_nanos().to_be_bytes());
        }
        batch.commit()
    }

    fn persist(&self, mode: PersistMode) -> fjall::Result<()> {
        self.database.persist(mode)
    }

    fn bytes(&self) -> u64 {
        self.marks.disk_space()
    }
}

/// Leaves out marks whose window is over when files are merged.
struct Expiry {
    now: Arc<AtomicU64>,
    window: u64,
}

impl Factory for Expiry {
    fn name(&self) -> &str {
        "expiry"
    }

    fn make_filter(&self, _: &Compaction) -> Box<dyn CompactionFilter> {
        Box::new(ExpiredBefore(self.now.load(Ordering::Relaxed).saturating_sub(self.window)))
    }
}

/// A mark at this time, in nanoseconds, or earlier is over. (A mark without time left in the file would be older still.)
struct ExpiredBefore(u64);

impl CompactionFilter for ExpiredBefore {
    fn filter_item(&mut self, item: ItemAccessor<'_>, _: &Compaction) -> CompactionFilterResult {
        let over = time_in(&item.value()?).as_nanos() <= self.0;
        // An older mark of the same id that comes to light again is over as well.
        Ok(if over { Fate::Destroy } else { Fate::Keep })
    }
}

fn time_in(value: &[u8]) -> Timestamp {
    // Anything else was not written by us; it counts as marked at the epoch, which is over.
    Timestamp::from_nanos(value.try_into().map_or(0, u64::from_be_bytes))
}
