//! Rows dealt out by id into buckets, in memory as far as that may go and on disk beyond.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use dedup_files::Unwritable;
use parking_lot::Mutex;

use super::error::NightlyError;
use super::live::LiveId;
use super::rank::Rank;

/// What of a row decides whether it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<R> {
    pub(crate) id: LiveId,
    /// Its time, or its version and its time.
    pub(crate) rank: R,
    /// Its number among the day's rows.
    pub(crate) row: u64,
}

/// Bytes of an id and the number of a row, in memory and on disk.
const PLACE_BYTES: usize = 24;

/// Bytes of the longest entry.
const LONGEST: usize = 48;

/// The digest by which ids are dealt out. Ids of any making may come: times and counters spread as random ones do.
pub(crate) fn hash(id: &LiveId) -> u64 {
    const KEYS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03];
    let product = u128::from(id[0] ^ KEYS[0]) * u128::from(id[1] ^ KEYS[1]);
    let folded = (product >> 64) as u64 ^ product as u64;
    folded.wrapping_mul(KEYS[0]).rotate_left(32)
}

impl<R: Rank> Entry<R> {
    /// Bytes of one, in memory and on disk.
    pub(crate) const BYTES: usize = PLACE_BYTES + R::BYTES;

    fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut bytes = [0; LONGEST];
        for (part, word) in bytes.chunks_exact_mut(8).zip([self.id[0], self.id[1], self.row]) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        self.rank.put(&mut bytes[PLACE_BYTES..Self::BYTES]);
        to.write_all(&bytes[..Self::BYTES])
    }

    fn read(bytes: &[u8]) -> Self {
        let (place, rank) = bytes.split_at(PLACE_BYTES);
        Entry { id: [word(place, 0), word(place, 1)], rank: R::read(rank), row: word(place, 2) }
    }
}

/// The word at `index` of what was written.
pub(crate) fn word(bytes: &[u8], index: usize) -> u64 {
    u64::from_le_bytes(bytes[index * 8..][..8].try_into().expect("the slice has eight bytes"))
}

/// How rows are dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dealing {
    /// Buckets; a power of two.
    pub(crate) buckets: usize,
    /// Entries that a thread gathers for a bucket before it hands them on.
    pub(crate) gather: usize,
    /// Bytes of entries that are held in memory, over all buckets.
    pub(crate) held_bytes: usize,
}

impl Dealing {
    /// For about `rows` rows of `entry_bytes` within `limit` bytes: a half of them holds rows, a quarter each is for gathering
    /// them and for looking at a bucket.
    pub(crate) fn new(rows: u64, entry_bytes: usize, limit: u64, threads: usize) -> Dealing {
        /// Entries of a bucket that a processor's cache holds together with its table.
        const CACHED: u64 = 1 << 14;
        // Bytes a distinct id while a bucket is looked at: the table's entry, and room to grow.
        let looked_at = 3 * entry_bytes as u64;
        let quarter = (limit / 4 / threads as u64).max(1);
        let for_memory = rows.saturating_mul(looked_at).div_ceil(quarter);
        let most = (quarter / (LEAST_GATHERED * entry_bytes) as u64).clamp(1, 1 << 13);
        let wanted = rows.div_ceil(CACHED).max(for_memory).max(1).next_power_of_two();
        let buckets = wanted.min(1 << most.ilog2()) as usize;
        let gather = (quarter as usize / buckets / entry_bytes).clamp(LEAST_GATHERED, 256);
        Dealing { buckets, gather, held_bytes: limit as usize / 2 }
    }

    fn bucket(self, id: &LiveId) -> usize {
        // Bits that the tables use neither to place an entry nor to tell it from its neighbours.
        (hash(id) >> 40) as usize & (self.buckets - 1)
    }
}

const LEAST_GATHERED: usize = 8;

/// All buckets. Any thread may add to them.
pub(crate) struct Buckets<R> {
    dealing: Dealing,
    path: PathBuf,
    state: Mutex<State<R>>,
}

struct State<R> {
    held_bytes: usize,
    /// For each bucket, what is in memory.
    held: Vec<Vec<Vec<Entry<R>>>>,
    /// For each bucket, where in the file its entries are.
    spilled: Vec<Vec<Run>>,
    file: Option<File>,
    end: u64,
}

/// Entries of one bucket in a row.
#[derive(Clone, Copy)]
struct Run {
    at: u64,
    entries: usize,
}

impl<R: Rank> Buckets<R> {
    /// Empty buckets, which would spill into the file `path`.
    pub(crate) fn new(dealing: Dealing, path: PathBuf) -> Self {
        let state = State {
            held_bytes: 0,
            held: (0..dealing.buckets).map(|_| Vec::new()).collect(),
            spilled: (0..dealing.buckets).map(|_| Vec::new()).collect(),
            file: None,
            end: 0,
        };
        Buckets { dealing, path, state: Mutex::new(state) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.dealing.buckets
    }

    /// Bytes that went to disk.
    pub(crate) fn spilled_bytes(&self) -> u64 {
        self.state.lock().end
    }

    fn add(&self, bucket: usize, entries: Vec<Entry<R>>) -> Result<(), NightlyError> {
        let mut state = self.state.lock();
        state.held_bytes += entries.len() * Entry::<R>::BYTES;
        state.held[bucket].push(entries);
        if state.held_bytes > self.dealing.held_bytes {
            let spilled = state.spill(&self.path);
            spilled.map_err(|error| NightlyError::Spill { source: Unwritable::new(&self.path, error) })?;
        }
        Ok(())
    }

    /// Calls `take` with every entry of a bucket, which is empty afterwards.
    pub(crate) fn drain(&self, bucket: usize, mut take: impl FnMut(Entry<R>)) -> Result<(), NightlyError> {
        let mut state = self.state.lock();
        let (held, spilled) =
            (std::mem::take(&mut state.held[bucket]), std::mem::take(&mut state.spilled[bucket]));
        let file = state.file.as_ref().map(File::try_clone).transpose();
        drop(state);
        held.into_iter().flatten().for_each(&mut take);
        let failed = |error: std::io::Error| NightlyError::unreadable(&self.path, error);
        let Some(file) = file.map_err(failed)? else { return Ok(()) };
        let size = Entry::<R>::BYTES;
        let mut bytes = vec![0; BLOCK * size];
        for run in spilled {
            for first in (0..run.entries).step_by(BLOCK) {
                let block = &mut bytes[..BLOCK.min(run.entries - first) * size];
                file.read_exact_at(block, run.at + (first * size) as u64).map_err(failed)?;
                block.chunks_exact(size).map(Entry::read).for_each(&mut take);
            }
        }
        Ok(())
    }
}

impl<R: Rank> State<R> {
    /// Writes all that is held to the end of the file, bucket by bucket: so each comes back in few, long reads.
    fn spill(&mut self, path: &Path) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create(path)?),
        };
        let mut out = BufWriter::with_capacity(1 << 18, file);
        for (held, spilled) in self.held.iter_mut().zip(&mut self.spilled) {
            let mut run = Run { at: self.end, entries: 0 };
            for entry in held.drain(..).flatten() {
                entry.write(&mut out)?;
                run.entries += 1;
            }
            self.end += (run.entries * Entry::<R>::BYTES) as u64;
            spilled.extend((run.entries > 0).then_some(run));
        }
        self.held_bytes = 0;
        out.flush()
    }
}

/// Entries that are read back at once.
const BLOCK: usize = 1 << 11;

/// A file without a name: however this process ends, nothing of it stays.
fn create(path: &Path) -> std::io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// Gathers one thread's rows.
pub(crate) struct Dealer<'a, R> {
    buckets: &'a Buckets<R>,
    gathered: Vec<Vec<Entry<R>>>,
}

impl<'a, R: Rank> Dealer<'a, R> {
    /// Deals into `buckets`.
    pub(crate) fn new(buckets: &'a Buckets<R>) -> Self {
        Dealer { buckets, gathered: (0..buckets.len()).map(|_| Vec::new()).collect() }
    }

    /// Deals one entry.
    pub(crate) fn deal(&mut self, entry: Entry<R>) -> Result<(), NightlyError> {
        let Dealing { gather, .. } = self.buckets.dealing;
        let bucket = self.buckets.dealing.bucket(&entry.id);
        let gathered = &mut self.gathered[bucket];
        if gathered.capacity() == 0 {
            gathered.reserve_exact(gather);
        }
        gathered.push(entry);
        if gathered.len() == gather {
            let full = std::mem::take(gathered);
            self.buckets.add(bucket, full)?;
        }
        Ok(())
    }

    /// Hands on what is left.
    pub(crate) fn finish(self) -> Result<(), NightlyError> {
        let left = self.gathered.into_iter().enumerate().filter(|(_, entries)| !entries.is_empty());
        for (bucket, mut entries) in left {
            entries.shrink_to_fit();
            self.buckets.add(bucket, entries)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rank::Version;
    use super::*;
    use proptest::prelude::*;

    fn entries() -> impl Strategy<Value = Vec<Entry<Version>>> {
        let entry = (any::<[u64; 2]>(), any::<Option<i128>>(), any::<i64>(), any::<u64>());
        let entry =
            entry.prop_map(|(id, version, time, row)| Entry { id, rank: Version::of(time, version), row });
        proptest::collection::vec(entry, 0..300)
    }

    proptest! {
        #[test]
        fn what_is_dealt_comes_back_once_and_ids_stay_together(entries in entries(), held in 0usize..4096) {
            let dir = tempfile::tempdir().unwrap();
            let dealing = Dealing { buckets: 8, gather: 3, held_bytes: held };
            let buckets = Buckets::new(dealing, dir.path().join("spill"));
            let (one, other) = entries.split_at(entries.len() / 2);
            for part in [one, other] {
                let mut dealer = Dealer::new(&buckets);
                part.iter().for_each(|entry| dealer.deal(*entry).unwrap());
                dealer.finish().unwrap();
            }
            let mut back = Vec::new();
            for bucket in 0..buckets.len() {
                buckets.drain(bucket, |entry| {
                    assert_eq!(dealing.bucket(&entry.id), bucket);
                    back.push(entry);
                }).unwrap();
            }
            let key = |entry: &Entry<Version>| (entry.id, entry.rank, entry.row);
            back.sort_by_key(key);
            let mut expected = entries.clone();
            expected.sort_by_key(key);
            prop_assert_eq!(back, expected);
            prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the file has no name");
            let bytes = entries.len() * Entry::<Version>::BYTES;
            prop_assert!(buckets.spilled_bytes() as usize >= bytes.saturating_sub(held));
            prop_assert!(held < bytes || buckets.spilled_bytes() == 0);
        }
    }

    #[test]
    fn ids_in_order_spread_evenly() {
        let dealing = Dealing { buckets: 64, gather: 1, held_bytes: 0 };
        let mut counts = [0u32; 64];
        for number in 0..64_000 {
            counts[dealing.bucket(&[number, 0])] += 1;
        }
        // Five standard deviations of an even spread.
        assert!(counts.iter().all(|count| count.abs_diff(1_000) < 160), "{counts:?}");
    }

    #[test]
    fn the_parts_of_memory_stay_within_the_limit() {
        for (rows, limit, threads) in [(1_000, 1 << 23, 1), (20_000_000, 1 << 30, 2), (1 << 31, 1 << 30, 8)] {
            let size = Entry::<i64>::BYTES;
            let dealing = Dealing::new(rows, size, limit, threads);
            assert!(dealing.buckets.is_power_of_two());
            let gathering = dealing.buckets * dealing.gather * size * threads;
            assert!(gathering + dealing.held_bytes <= limit as usize, "{dealing:?}");
        }
    }
}
