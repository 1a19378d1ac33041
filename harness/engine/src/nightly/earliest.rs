//! Which rows of a day stay: of each id the earliest, if no earlier one was seen in the days before; or the last.
//!
//! Rows are dealt into buckets by id, so that each bucket can be looked at by itself. Among equal times the first row of
//! the day's files wins, or the last where that is to stay: any would do, and this one is the same in every run. Of equal
//! versions the one with the latest time wins.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;

use super::columns::{Columns, Keep};
use super::error::NightlyError;
use super::live::{LiveFile, LiveRowKey};
use super::rank::{Rank, Version};
use super::spill::{Buckets, Dealer, Dealing, Entry, hash};

/// One slice of a day, and what is looked at for it.
pub(crate) struct Slice<'a> {
    /// The columns that count.
    pub(crate) columns: &'a Columns,
    /// Which row of an id stays. The last one is that of the whole day, without any before.
    pub(crate) keep: Keep,
    /// The files of the days before, as far as they count.
    pub(crate) before: Vec<&'a Path>,
    /// The files of the day.
    pub(crate) day: Vec<&'a Path>,
    /// The first moment that counts, in microseconds since 1970.
    pub(crate) from_us: i64,
    /// The first moment of the slice.
    pub(crate) start_us: i64,
    /// The first moment after the slice.
    pub(crate) end_us: i64,
}

/// What a job may take.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    /// Bytes for rows.
    pub(crate) memory_bytes: u64,
    /// Threads.
    pub(crate) threads: usize,
    /// Where it may spill.
    pub(crate) scratch: PathBuf,
    /// Set by whoever wants it to end.
    pub(crate) stop: Arc<AtomicBool>,
}

impl Means {
    /// An error where somebody wants it to end.
    pub(crate) fn go_on(&self) -> Result<(), NightlyError> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(NightlyError::Stopped),
            false => Ok(()),
        }
    }
}

/// What was met on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Rows of the slice.
    pub(crate) rows: u64,
    /// Of those, without an id.
    pub(crate) without_id: u64,
    /// Bytes that went through the disk.
    pub(crate) spilled_bytes: u64,
}

/// One bit for each row of a day.
pub(crate) struct Marks(Vec<AtomicU64>);

impl Marks {
    /// None set, for so many rows.
    pub(crate) fn new(rows: u64) -> Marks {
        Marks((0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    /// What they take in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.len() as u64 * 8
    }

    fn set(&self, row: u64) {
        self.0[(row / 64) as usize].fetch_or(1 << (row % 64), Ordering::Relaxed);
    }

    /// Whether the row is marked.
    pub(crate) fn is_set(&self, row: u64) -> bool {
        self.0[(row / 64) as usize].load(Ordering::Relaxed) >> (row % 64) & 1 == 1
    }

    /// Whether any of these rows is marked.
    pub(crate) fn any(&self, mut rows: std::ops::Range<u64>) -> bool {
        rows.any(|row| self.is_set(row))
    }
}

/// Stands for the number of a row in the files of a day before. Of equal times that of the day comes first.
const NOT_OF_DAY: u64 = u64::MAX;

/// A row group to be read.
struct Task {
    file: usize,
    group: usize,
    /// The number of its first row in the day; none for the days before.
    first_row: Option<u64>,
}

/// Marks the rows of the slice that stay.
pub(crate) fn mark(slice: &Slice<'_>, means: &Means, marks: &Marks) -> Result<Seen, NightlyError> {
    match &slice.columns.version {
        None => mark_by::<i64>(slice, means, marks),
        Some(_) => mark_by::<Version>(slice, means, marks),
    }
}

fn mark_by<R: Rank>(slice: &Slice<'_>, means: &Means, marks: &Marks) -> Result<Seen, NightlyError> {
    let (tasks, rows) = tasks(slice)?;
    let buckets = Buckets::<R>::new(
        Dealing::new(rows, Entry::<R>::BYTES, means.memory_bytes, means.threads),
        means.scratch.join(format!("nightly-{}.spill", std::process::id())),
    );
    let next = AtomicUsize::new(0);
    let mut seen = Seen::default();
    for part in in_threads(means.threads, || deal(slice, &tasks, means, &next, &buckets))? {
        seen.rows += part.rows;
        seen.without_id += part.without_id;
    }
    let next = AtomicUsize::new(0);
    in_threads(means.threads, || {
        while let Some(bucket) = following(&next, buckets.len()) {
            means.go_on()?;
            look_at(&buckets, bucket, slice, marks)?;
        }
        Ok(())
    })?;
    seen.spilled_bytes = buckets.spilled_bytes();
    Ok(seen)
}

fn files<'a>(slice: &Slice<'a>) -> impl Iterator<Item = (&'a Path, bool)> {
    let before = slice.before.clone().into_iter().map(|path| (path, false));
    before.chain(slice.day.clone().into_iter().map(|path| (path, true)))
}

/// The row groups that may hold rows before the slice's end, and how many rows those have.
fn tasks(slice: &Slice<'_>) -> Result<(Vec<Task>, u64), NightlyError> {
    let (mut tasks, mut rows, mut row_of_day) = (Vec::new(), 0, 0);
    for (file, (path, of_day)) in files(slice).enumerate() {
        let live = LiveFile::open(path, slice.columns)?;
        for (group, group_rows) in live.group_rows().enumerate() {
            let first_row = of_day.then_some(row_of_day);
            row_of_day += if of_day { group_rows } else { 0 };
            if live.earliest_us(group).is_none_or(|earliest| earliest < slice.end_us) {
                tasks.push(Task { file, group, first_row });
                rows += group_rows;
            }
        }
    }
    Ok((tasks, rows))
}

fn deal<R: Rank>(
    slice: &Slice<'_>,
    tasks: &[Task],
    means: &Means,
    next: &AtomicUsize,
    buckets: &Buckets<R>,
) -> Result<Seen, NightlyError> {
    let paths: Vec<&Path> = files(slice).map(|(path, _)| path).collect();
    let mut open: Option<(usize, LiveFile)> = None;
    let mut dealer = Dealer::new(buckets);
    let mut seen = Seen::default();
    while let Some(Task { file, group, first_row }) = following(next, tasks.len()).map(|task| &tasks[task]) {
        means.go_on()?;
        if open.as_ref().is_none_or(|(opened, _)| opened != file) {
            open = Some((*file, LiveFile::open(paths[*file], slice.columns)?));
        }
        let (_, live) = open.as_ref().expect("it was opened");
        let mut trouble = Ok(());
        live.each_row(*group, |LiveRowKey { row, time_us, version, id }| {
            if time_us < slice.from_us || time_us >= slice.end_us {
                return;
            }
            if first_row.is_some() && time_us >= slice.start_us {
                seen.rows += 1;
                seen.without_id += u64::from(id.is_none());
            }
            if let (Some(id), Ok(())) = (id, &trouble) {
                let row = first_row.map_or(NOT_OF_DAY, |first| first + row);
                trouble = dealer.deal(Entry { id, rank: R::of(time_us, version), row });
            }
        })?;
        trouble?;
    }
    dealer.finish()?;
    Ok(seen)
}

/// Finds the earliest row of each id in a bucket, and marks it if it is the slice's.
fn look_at<R: Rank>(
    buckets: &Buckets<R>,
    bucket: usize,
    slice: &Slice<'_>,
    marks: &Marks,
) -> Result<(), NightlyError> {
    let mut earliest: HashTable<Entry<R>> = HashTable::new();
    buckets.drain(bucket, |entry| {
        let slot = earliest.entry(hash(&entry.id), |other| other.id == entry.id, |other| hash(&other.id));
        match slot {
            Slot::Vacant(vacant) => drop(vacant.insert(entry)),
            Slot::Occupied(mut there) => {
                let place = |entry: &Entry<R>| (entry.rank, entry.row);
                let is_better = match slice.keep {
                    Keep::First => place(&entry) < place(there.get()),
                    Keep::Last => place(&entry) > place(there.get()),
                };
                if is_better {
                    *there.get_mut() = entry;
                }
            }
        }
    })?;
    let stays = |entry: &&Entry<R>| match slice.keep {
        Keep::First => entry.rank.time_us() >= slice.start_us && entry.row != NOT_OF_DAY,
        Keep::Last => true,
    };
    earliest.iter().filter(stays).for_each(|entry| marks.set(entry.row));
    Ok(())
}

/// The next of so many numbers that no thread has taken.
pub(crate) fn following(next: &AtomicUsize, end: usize) -> Option<usize> {
    let taken = next.fetch_add(1, Ordering::Relaxed);
    (taken < end).then_some(taken)
}

/// Does the same work on several threads; what each came to.
pub(crate) fn in_threads<T: Send>(
    threads: usize,
    work: impl Fn() -> Result<T, NightlyError> + Sync,
) -> Result<Vec<T>, NightlyError> {
    if threads == 1 {
        return Ok(vec![work()?]);
    }
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
