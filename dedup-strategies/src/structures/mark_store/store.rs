//! Marks in an embedded log-structured store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fjall::PersistMode;

use super::SLICES;
use super::disk::{Disk, Fjall};
use super::failure::{cause, failure, is_full};
use crate::contract::{BuildError, Context, PingKey, Settings, Timestamp, Unavailable, saturating_nanos};
use crate::sync::Mutex;

/// Bytes of a mark at least, on disk or in memory: id, time, and the store's sequence number.
const LEAST_BYTES: u64 = 32;

/// When marks are forced to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Before `settle` returns: nothing that was settled is ever forgotten.
    Batch,
    /// Handed to the system before `settle` returns, and forced to the disk after this much real time: the end of the
    /// process takes nothing with it, a loss of power what came since.
    Interval(Duration),
    /// Left in a buffer of the process until that is full: the end of the process takes it along.
    None,
}

impl Sync {
    pub(crate) fn of(settings: &Settings) -> Self {
        match settings.word("sync") {
            "batch" => Sync::Batch,
            "interval" => Sync::Interval(settings.time("interval")),
            _ => Sync::None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreSettings {
    pub(crate) window: Duration,
    pub(crate) sync: Sync,
}

/// The ids marked within a window, each with its time, shared by all workers.
///
/// Whether an id's window is over, the time beside it says, to the nanosecond. What is over is left out when the store
/// merges its files, which it does in the background as new marks come.
pub(crate) struct MarkStore {
    path: PathBuf,
    settings: StoreSettings,
    disk: Box<dyn Disk>,
    /// The latest time that was passed in, in nanoseconds: what the merging of files goes by.
    now: Arc<AtomicU64>,
    counts: Mutex<BTreeMap<Slice, u64>>,
    /// On the wall's clock, the only one of ours: a disk loses power in real time, and a stream that passes faster than
    /// it comes would wait for the disk at each of its own seconds. When marks reach the disk changes no verdict.
    synced: Mutex<Instant>,
}

/// A quarter of a window, by its number since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slice(pub(crate) u64);

impl MarkStore {
    /// Opens what is in the context's state directory, or begins anew there.
    pub(crate) fn open(
        strategy: &'static str,
        settings: StoreSettings,
        context: &Context,
    ) -> Result<Self, BuildError> {
        let path = context.state_dir.join(strategy);
        std::fs::create_dir_all(&path)?;
        MarkStore::open_at(&path, settings).map_err(|error| complaint(strategy, &path, error).into())
    }

    fn open_at(path: &Path, settings: StoreSettings) -> fjall::Result<Self> {
        let now = Arc::new(AtomicU64::new(0));
        let disk = Fjall::open(path, Arc::clone(&now), settings.window)?;
        MarkStore::over(Box::new(disk), path, settings, now)
    }

    /// With what is on `disk`, which may look at `now`.
    pub(crate) fn over(
        disk: Box<dyn Disk>,
        path: &Path,
        settings: StoreSettings,
        now: Arc<AtomicU64>,
    ) -> fjall::Result<Self> {
        let (path, counts, synced) = (path.to_path_buf(), Mutex::default(), Mutex::new(Instant::now()));
        let store = MarkStore { path, settings, disk, now, counts, synced };
        store.for_each(|_, slice| *store.counts.lock().entry(slice).or_default() += 1)?;
        Ok(store)
    }

    pub(crate) fn window(&self) -> Duration {
        self.settings.window
    }

    /// The slice of marks that are made at `at`.
    pub(crate) fn slice_of(&self, at: Timestamp) -> Slice {
        Slice(at.as_nanos() / saturating_nanos(self.settings.window).div_ceil(SLICES).max(1))
    }

    /// The oldest slice of which there may be marks in their window at `now`.
    pub(crate) fn oldest_at(&self, now: Timestamp) -> Slice {
        self.slice_of(now.minus(self.settings.window))
    }

    /// Whether `key` was marked less than a window before `now`.
    pub(crate) fn is_marked(&self, key: PingKey, now: Timestamp) -> Result<bool, Unavailable> {
        let found = self.disk.marked_at(key).map_err(|error| self.unavailable(error))?;
        Ok(found.is_some_and(|at| now.since(at) < self.settings.window))
    }

    /// Calls `each` with every mark that is stored.
    pub(crate) fn for_each(&self, mut each: impl FnMut(PingKey, Slice)) -> fjall::Result<()> {
        self.disk.for_each(&mut |key, at| each(key, self.slice_of(at)))
    }

    /// Marks `keys` at `now`, as lastingly as was asked for.
    pub(crate) fn mark(&self, keys: &[PingKey], now: Timestamp) -> Result<(), Unavailable> {
        self.write(keys, now).map_err(|error| self.unavailable(error))?;
        *self.counts.lock().entry(self.slice_of(now)).or_default() += keys.len() as u64;
        Ok(())
    }

    fn write(&self, keys: &[PingKey], now: Timestamp) -> fjall::Result<()> {
        self.now.fetch_max(now.as_nanos(), Ordering::Relaxed);
        let durability = match self.settings.sync {
            Sync::Batch => Some(PersistMode::SyncData),
            Sync::Interval(_) => Some(PersistMode::Buffer),
            Sync::None => None,
        };
        self.disk.mark(keys, now, durability)?;
        self.sync_when_due()
    }

    fn sync_when_due(&self) -> fjall::Result<()> {
        let Sync::Interval(interval) = self.settings.sync else { return Ok(()) };
        let mut synced = self.synced.lock();
        if synced.elapsed() >= interval {
            self.disk.persist(PersistMode::SyncData)?;
            *synced = Instant::now();
        }
        Ok(())
    }

    /// Lets time pass, and syncs if that is due.
    pub(crate) fn advance(&self, now: Timestamp) -> Result<(), Unavailable> {
        // The end of the input is not the end of what is remembered.
        if now == Timestamp::END {
            let synced = self.disk.persist(PersistMode::SyncData);
            return synced.map_err(|error| self.unavailable(error));
        }
        self.now.fetch_max(now.as_nanos(), Ordering::Relaxed);
        let oldest = self.oldest_at(now);
        self.counts.lock().retain(|slice, _| *slice >= oldest);
        self.sync_when_due().map_err(|error| self.unavailable(error))
    }

    /// What an error of the store says to whoever asked.
    pub(crate) fn unavailable(&self, error: fjall::Error) -> Unavailable {
        failure(&self.path, &error)
    }

    /// Ids that are remembered, and those of up to a quarter of a window more.
    pub(crate) fn ids(&self) -> u64 {
        self.counts.lock().values().sum()
    }

    /// Bytes of files, without the log; or what the marks take in memory at least, as long as that is more.
    pub(crate) fn bytes(&self) -> u64 {
        self.disk.bytes().max(self.ids() * LEAST_BYTES)
    }
}

impl Drop for MarkStore {
    /// An orderly end keeps everything, whatever `sync` is. There is nobody to tell if it fails: what was promised is
    /// kept by then.
    fn drop(&mut self) {
        let _ = self.disk.persist(PersistMode::SyncAll);
    }
}

fn complaint(strategy: &str, path: &Path, error: fjall::Error) -> std::io::Error {
    std::io::Error::other(match error {
        fjall::Error::Locked => format!(
            "strategy {strategy}: its directory {} is in use by another instance, which has to end first; or give each \
             a state directory of its own",
            path.display()
        ),
        fjall::Error::Io(error) if is_full(&error) => {
            format!("strategy {strategy}: {}: no room for its store: {error}", path.display())
        }
        error => format!(
            "strategy {strategy}: what is in {} cannot be opened: {}; if it is damaged or not the strategy's, move \
             it away, and ids are remembered from then on",
            path.display(),
            cause(path, &error)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(directory: &tempfile::TempDir, interval: Duration) -> MarkStore {
        let settings = StoreSettings { window: Duration::from_secs(600), sync: Sync::Interval(interval) };
        MarkStore::open_at(directory.path(), settings).unwrap()
    }

    /// A day of the stream, a mark a minute.
    fn a_day(store: &MarkStore) {
        for minute in 1..=24 * 60 {
            let now = Timestamp::from_secs(minute * 60);
            store.mark(&[PingKey::from_u128(u128::from(minute))], now).unwrap();
            store.advance(now).unwrap();
        }
    }

    #[test]
    fn a_day_of_the_stream_that_passes_in_a_moment_waits_for_the_disk_in_real_time_alone() {
        let directory = tempfile::tempdir().unwrap();
        let hourly = store(&directory, Duration::from_secs(3600));
        let opened = *hourly.synced.lock();
        a_day(&hourly);
        assert_eq!(*hourly.synced.lock(), opened, "no hour has passed");
        assert!(hourly.is_marked(PingKey::from_u128(24 * 60), Timestamp::from_secs(24 * 3600)).unwrap());
    }

    #[test]
    fn marks_are_forced_to_the_disk_when_the_interval_has_passed() {
        let directory = tempfile::tempdir().unwrap();
        let always = store(&directory, Duration::ZERO);
        let opened = *always.synced.lock();
        a_day(&always);
        assert!(*always.synced.lock() > opened);
    }
}
