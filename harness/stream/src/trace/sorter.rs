//! Puts pings in order of time with memory for some of them: an external merge sort, in which equals stay as they came.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use dedup_files::{CopyError, Space};
use dedup_strategies::{PingKey, Timestamp};

use crate::stream::Id;

/// Pings that are sorted in memory: some 50 MB.
const IN_MEMORY: usize = 1 << 20;
/// Runs that are merged at once, each through a buffer.
const FAN_IN: usize = 64;
const BUFFERED: usize = 1 << 11;
/// Bytes of a ping on disk.
const BYTES: usize = 33;

/// A ping and the time by which it is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dated {
    pub(crate) by: Timestamp,
    pub(crate) id: Id,
    pub(crate) event_time: Timestamp,
}

/// Takes pings in any order.
pub(crate) struct Sorter {
    directory: PathBuf,
    in_memory: usize,
    pings: Vec<Dated>,
    runs: Runs,
}

/// Sorted stretches of a file that has no name.
#[derive(Default)]
struct Runs {
    file: Option<File>,
    /// Where each ends, in pings.
    ends: Vec<u64>,
}

/// Gives them in order.
pub(crate) enum Sorted {
    /// They fit in memory.
    Memory(std::vec::IntoIter<Dated>),
    /// They are on disk.
    Disk(Merge),
}

/// Merges runs. Of equals that of the earlier run is first.
pub(crate) struct Merge {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

/// A stretch of the file, read through a buffer.
struct Run {
    file: File,
    next: u64,
    end: u64,
    buffer: std::vec::IntoIter<Dated>,
}

impl Sorter {
    /// One that puts into `directory` what memory does not hold.
    pub(crate) fn new(directory: &Path) -> Self {
        Sorter::with_memory(directory, IN_MEMORY)
    }

    fn with_memory(directory: &Path, in_memory: usize) -> Self {
        Sorter { directory: directory.to_path_buf(), in_memory, pings: Vec::new(), runs: Runs::default() }
    }

    /// Takes a ping.
    pub(crate) fn push(&mut self, ping: Dated) -> Result<(), CopyError> {
        self.pings.push(ping);
        if self.pings.len() == self.in_memory { self.write_run() } else { Ok(()) }
    }

    /// All that were taken, in order.
    pub(crate) fn finish(mut self, stop: &AtomicBool) -> Result<Sorted, CopyError> {
        if self.runs.ends.is_empty() {
            self.pings.sort_by_key(|ping| ping.by);
            return Ok(Sorted::Memory(self.pings.into_iter()));
        }
        if !self.pings.is_empty() {
            self.write_run()?;
        }
        self.pings = Vec::new();
        while self.runs.ends.len() > FAN_IN {
            self.runs = self.fewer_runs(stop)?;
        }
        let all = 0..self.runs.ends.len();
        Ok(Sorted::Disk(self.runs.merge(all)?))
    }

    fn write_run(&mut self) -> Result<(), CopyError> {
        self.pings.sort_by_key(|ping| ping.by);
        self.runs.append(&self.directory, self.pings.iter().copied())?;
        self.runs.close();
        self.pings.clear();
        Ok(())
    }

    /// Merges each stretch of neighbours into one run.
    fn fewer_runs(&self, stop: &AtomicBool) -> Result<Runs, CopyError> {
        let mut fewer = Runs::default();
        let count = self.runs.ends.len();
        for first in (0..count).step_by(FAN_IN) {
            let mut merge = self.runs.merge(first..(first + FAN_IN).min(count))?;
            loop {
                if stop.load(Ordering::Relaxed) {
                    return Err(CopyError::Stopped);
                }
                let mut some = Vec::with_capacity(BUFFERED);
                while some.len() < BUFFERED
                    && let Some(ping) = merge.next()?
                {
                    some.push(ping);
                }
                if some.is_empty() {
                    break;
                }
                fewer.append(&self.directory, some.into_iter())?;
            }
            fewer.close();
        }
        Ok(fewer)
    }
}

impl Runs {
    /// Writes more of the run that is not closed yet, if the file system of `directory` has room.
    fn append(
        &mut self,
        directory: &Path,
        pings: impl ExactSizeIterator<Item = Dated>,
    ) -> Result<(), CopyError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(directory)?,
        };
        let file = self.file.insert(file);
        let space = Space::at(directory)?;
        if !space.has_room_for((pings.len() * BYTES) as u64) {
            return Err(CopyError::NoRoom { copied: file.metadata()?.len(), space });
        }
        let mut to = io::BufWriter::with_capacity(1 << 16, file);
        for ping in pings {
            to.write_all(&encoded(&ping))?;
        }
        to.flush()?;
        Ok(())
    }

    fn close(&mut self) {
        let bytes = self.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |file| file.len());
        self.ends.push(bytes / BYTES as u64);
    }

    fn merge(&self, which: std::ops::Range<usize>) -> io::Result<Merge> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut merge = Merge { runs: Vec::new(), heads: BinaryHeap::new() };
        for number in which {
            let start = if number == 0 { 0 } else { self.ends[number - 1] };
            let buffer = Vec::new().into_iter();
            merge.runs.push(Run { file: file.try_clone()?, next: start, end: self.ends[number], buffer });
            merge.put_head(merge.runs.len() - 1)?;
        }
        Ok(merge)
    }
}

impl Sorted {
    /// Those that were kept in the file `path`.
    pub(crate) fn kept(path: &Path) -> io::Result<Sorted> {
        let file = File::open(path)?;
        let ends = vec![file.metadata()?.len() / BYTES as u64];
        Ok(Sorted::Disk(Runs { file: Some(file), ends }.merge(0..1)?))
    }

    /// Writes all that is still to come into the file `path`, to be read from there.
    pub(crate) fn keep(mut self, path: &Path, stop: &AtomicBool) -> Result<Sorted, CopyError> {
        let directory = path.parent().unwrap_or(Path::new("."));
        // Until it is whole it has another name.
        let named = tempfile::NamedTempFile::new_in(directory)?;
        let mut runs = Runs { file: Some(named.reopen()?), ends: Vec::new() };
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(CopyError::Stopped);
            }
            let mut some = Vec::with_capacity(BUFFERED);
            while some.len() < BUFFERED
                && let Some(ping) = self.next()?
            {
                some.push(ping);
            }
            if some.is_empty() {
                break;
            }
            runs.append(directory, some.into_iter())?;
        }
        named.persist(path).map_err(|error| error.error)?;
        Ok(Sorted::kept(path)?)
    }

    /// The next ping.
    pub(crate) fn next(&mut self) -> io::Result<Option<Dated>> {
        match self {
            Sorted::Memory(pings) => Ok(pings.next()),
            Sorted::Disk(merge) => merge.next(),
        }
    }
}

impl Merge {
    fn next(&mut self) -> io::Result<Option<Dated>> {
        let Some(Reverse((_, number))) = self.heads.pop() else { return Ok(None) };
        let ping = self.runs[number].buffer.next();
        self.put_head(number)?;
        Ok(ping)
    }

    /// Puts the time of the run's next ping among the heads.
    fn put_head(&mut self, number: usize) -> io::Result<()> {
        let run = &mut self.runs[number];
        run.fill()?;
        if let Some(ping) = run.buffer.as_slice().first() {
            self.heads.push(Reverse((ping.by, number)));
        }
        Ok(())
    }
}

impl Run {
    fn fill(&mut self) -> io::Result<()> {
        if !self.buffer.as_slice().is_empty() || self.next == self.end {
            return Ok(());
        }
        let count = (self.end - self.next).min(BUFFERED as u64);
        let mut bytes = vec![0; count as usize * BYTES];
        self.file.read_exact_at(&mut bytes, self.next * BYTES as u64)?;
        self.next += count;
        self.buffer = bytes.chunks_exact(BYTES).map(decoded).collect::<Vec<_>>().into_iter();
        Ok(())
    }
}

fn encoded(ping: &Dated) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    if let Id::Key(key) = ping.id {
        bytes[0] = 1;
        bytes[1..17].copy_from_slice(&key.0);
    }
    bytes[17..25].copy_from_slice(&ping.by.as_nanos().to_le_bytes());
    bytes[25..].copy_from_slice(&ping.event_time.as_nanos().to_le_bytes());
    bytes
}

fn decoded(bytes: &[u8]) -> Dated {
    let eight = |at: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[at..at + 8]);
        Timestamp::from_nanos(u64::from_le_bytes(eight))
    };
    let mut key = [0; 16];
    key.copy_from_slice(&bytes[1..17]);
    let id = if bytes[0] == 1 { Id::Key(PingKey(key)) } else { Id::Missing };
    Dated { by: eight(17), id, event_time: eight(25) }
}

#[cfg(test)]
mod tests {
    use dedup_files::NEVER;
    use proptest::prelude::*;

    use super::*;

    fn dated((number, by): (usize, &u8)) -> Dated {
        let id = if by % 7 == 0 { Id::Missing } else { Id::Key(PingKey::from_u128(number as u128)) };
        let event_time = Timestamp::from_nanos(number as u64);
        Dated { by: Timestamp::from_nanos(u64::from(*by)), id, event_time }
    }

    proptest! {
        #[test]
        fn pings_come_in_order_of_time_and_equals_as_they_came(
            times in prop::collection::vec(any::<u8>(), 0..600),
            in_memory in 1usize..40,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::with_memory(directory.path(), in_memory);
            let mut expected: Vec<_> = times.iter().enumerate().map(dated).collect();
            expected.iter().for_each(|ping| sorter.push(*ping).unwrap());
            expected.sort_by_key(|ping| ping.by);
            let mut sorted = sorter.finish(&NEVER).unwrap();
            let found: Vec<_> = std::iter::from_fn(|| sorted.next().unwrap()).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_sorter_hears_that_it_should_stop_and_says_where_it_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::with_memory(directory.path(), 1);
        let times: Vec<u8> = (0..200).collect();
        times.iter().enumerate().for_each(|ping| sorter.push(dated(ping)).unwrap());
        assert!(matches!(sorter.finish(&AtomicBool::new(true)), Err(CopyError::Stopped)));
        let mut nowhere = Sorter::with_memory(&directory.path().join("none"), 1);
        assert!(matches!(nowhere.push(dated((0, &0))), Err(CopyError::System(_))));
    }
}
