//! Committed ids on disk, in files that are only ever appended to and are deleted whole once their ids have expired.
//!
//! A frame is written by one call, and carries its length and a checksum: of a frame that a kill tore apart nothing is
//! read. What was written survives the end of the process, whatever ended it. Nothing is synced to the disk on the
//! way, so the loss of the machine can take the youngest frames along; files are synced when they are closed.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contract::{PingKey, Timestamp, saturating_nanos};

const MAGIC: u32 = u32::from_le_bytes(*b"DDI1");
const HEADER: usize = 32;
const ENTRY: usize = 20;

/// Parts of the window in which ages are written down; the same as in memory.
const GRAINS_A_WINDOW: u64 = 1 << 20;

/// Ids that are written at once at the latest.
const GATHER: usize = 4096;

/// When what was noted is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// As it is committed, in groups of at most this long; a strategy that is closed in good order writes the rest.
    Commits(Duration),
    /// At checkpoints this far apart, and only there: what came after the last one is not kept.
    Checkpoints(Duration),
}

impl Cadence {
    fn every(self) -> Duration {
        match self {
            Cadence::Commits(every) | Cadence::Checkpoints(every) => every,
        }
    }
}

/// One worker's files.
pub struct Journal {
    directory: PathBuf,
    name: String,
    cadence: Cadence,
    window: Duration,
    next: Timestamp,
    gathered: Vec<(Timestamp, PingKey)>,
    frame: Vec<u8>,
    open: Option<Segment>,
    segments: u64,
    sealed: VecDeque<Sealed>,
}

struct Segment {
    file: File,
    path: PathBuf,
    began: Timestamp,
    latest: Timestamp,
}

/// A file to which nothing is added any more, and the time of its youngest id.
#[derive(Clone, Debug)]
struct Sealed {
    path: PathBuf,
    latest: Timestamp,
}

/// What the directory held when the strategy was built.
#[derive(Default)]
pub struct Kept {
    /// Ids and when each was let through (or last seen).
    pub ids: Vec<(Timestamp, PingKey)>,
    files: Vec<Sealed>,
    generation: u64,
}

impl Kept {
    /// Reads every file of every worker; a directory that does not exist holds nothing.
    pub fn read(directory: &Path) -> io::Result<Kept> {
        let mut kept = Kept::default();
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(kept),
            Err(error) => return Err(named(directory, error)),
        };
        let mut paths =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            let Some(generation) = generation_of(&path) else { continue };
            kept.generation = kept.generation.max(generation);
            let bytes = fs::read(&path).map_err(|error| named(&path, error))?;
            let latest = read_frames(&bytes, &mut kept.ids);
            kept.files.push(Sealed { path, latest });
        }
        Ok(kept)
    }

    /// A journal for worker `index`; the first one sees to it that the files found here go when their ids have expired.
    pub fn journal(&self, directory: &Path, index: usize, window: Duration, cadence: Cadence) -> Journal {
        Journal {
            directory: directory.to_path_buf(),
            name: format!("{:06}-{index:04}", self.generation + 1),
            cadence,
            window,
            next: Timestamp::ZERO,
            gathered: Vec::new(),
            frame: Vec::new(),
            open: None,
            segments: 0,
            sealed: if index == 0 { self.files.iter().cloned().collect() } else { VecDeque::new() },
        }
    }
}

impl Journal {
    /// Notes that `key` counts from `at`.
    pub fn note(&mut self, key: PingKey, at: Timestamp) {
        self.gathered.push((at, key));
    }

    /// Lets time pass: writes what is due, and deletes files of which every id has expired.
    pub fn pass(&mut self, now: Timestamp) -> io::Result<()> {
        let many = self.gathered.len() >= GATHER && matches!(self.cadence, Cadence::Commits(_));
        if now < self.next && !many {
            return Ok(());
        }
        self.next = now.plus(self.cadence.every());
        self.write(now)?;
        self.delete_expired(now)
    }

    /// The strategy is closed in good order.
    pub fn close(&mut self, now: Timestamp) -> io::Result<()> {
        if matches!(self.cadence, Cadence::Commits(_)) {
            self.write(now)?;
        }
        self.open.take().map_or(Ok(()), |open| open.file.sync_all())
    }

    /// Bytes allocated for what is not yet written.
    pub fn bytes(&self) -> u64 {
        (self.gathered.capacity() * size_of::<(Timestamp, PingKey)>() + self.frame.capacity()) as u64
    }

    fn write(&mut self, now: Timestamp) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        encode(&mut self.frame, now, self.window, &self.gathered);
        self.gathered.clear();
        let frame = std::mem::take(&mut self.frame);
        let segment = self.segment(now)?;
        segment.latest = now;
        let written = segment.file.write_all(&frame).map_err(|error| named(&segment.path, error));
        self.frame = frame;
        written
    }

    /// The file to write to; a new one each window.
    fn segment(&mut self, now: Timestamp) -> io::Result<&mut Segment> {
        if let Some(over) = self.open.take_if(|open| now.since(open.began) >= self.window) {
            self.sealed.push_back(Sealed { path: over.path, latest: over.latest });
        }
        if self.open.is_none() {
            fs::create_dir_all(&self.directory).map_err(|error| named(&self.directory, error))?;
            self.segments += 1;
            let path = self.directory.join(format!("{}-{:08}.ids", self.name, self.segments));
            let file = OpenOptions::new().append(true).create_new(true).open(&path);
            let file = file.map_err(|error| named(&path, error))?;
            self.open = Some(Segment { file, path, began: now, latest: now });
        }
        Ok(self.open.as_mut().expect("it was just opened if there was none"))
    }

    fn delete_expired(&mut self, now: Timestamp) -> io::Result<()> {
        while let Some(oldest) = self.sealed.front().filter(|file| now.since(file.latest) > self.window) {
            match fs::remove_file(&oldest.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(named(&oldest.path, error));
                }
                _ => drop(self.sealed.pop_front()),
            }
        }
        Ok(())
    }
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn generation_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".ids")?;
    name.split('-').next()?.parse().ok()
}

/// How fine ages are written: an id is remembered at most this much longer than its window.
fn grain_ns(window: Duration) -> u64 {
    (saturating_nanos(window) / GRAINS_A_WINDOW).max(1)
}

/// A header of magic, count, checksum, the frame's time and the grain of ages; then each id with its age.
fn encode(frame: &mut Vec<u8>, now: Timestamp, window: Duration, ids: &[(Timestamp, PingKey)]) {
    let grain = grain_ns(window);
    frame.clear();
    frame.resize(HEADER, 0);
    for (at, key) in ids {
        let age = saturating_nanos(now.since(*at)) / grain;
        frame.extend(key.0);
        frame.extend(u32::try_from(age).unwrap_or(u32::MAX).to_le_bytes());
    }
    frame[0..4].copy_from_slice(&MAGIC.to_le_bytes());
    frame[4..8].copy_from_slice(&(ids.len() as u32).to_le_bytes());
    frame[16..24].copy_from_slice(&now.as_nanos().to_le_bytes());
    frame[24..32].copy_from_slice(&grain.to_le_bytes());
    let sum = checksum(&frame[16..]);
    frame[8..16].copy_from_slice(&sum.to_le_bytes());
}

/// Reads whole frames up to the first that is torn; the time of the last.
fn read_frames(mut bytes: &[u8], ids: &mut Vec<(Timestamp, PingKey)>) -> Timestamp {
    let mut latest = Timestamp::ZERO;
    while let Some((frame, rest)) = next_frame(bytes) {
        let (now, grain) = (word(frame, 16), word(frame, 24));
        latest = latest.max(Timestamp::from_nanos(now));
        ids.extend(frame[HEADER..].chunks_exact(ENTRY).map(|entry| {
            let (key, age) = entry.split_at(16);
            let age = u32::from_le_bytes(age.try_into().expect("an entry ends in four bytes"));
            let at = now.saturating_sub(u64::from(age).saturating_mul(grain));
            (Timestamp::from_nanos(at), PingKey(key.try_into().expect("an entry begins with a key")))
        }));
        bytes = rest;
    }
    latest
}

fn next_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let header = bytes.get(..HEADER)?;
    let count = u32::from_le_bytes(header[4..8].try_into().ok()?) as usize;
    let frame = bytes.get(..HEADER + count.checked_mul(ENTRY)?)?;
    let sound = header[..4] == MAGIC.to_le_bytes() && word(frame, 8) == checksum(&frame[16..]);
    sound.then(|| (frame, &bytes[frame.len()..]))
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were taken"))
}

/// Tells a torn frame from a whole one; no protection against malice.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let whole = bytes.chunks_exact(8);
    let rest = whole.remainder().iter().fold(0, |rest, byte| rest << 8 | u64::from(*byte));
    let sum = whole.fold(bytes.len() as u64, |sum, chunk| mix(sum, word(chunk, 0)));
    mix(sum, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn key(number: u64) -> PingKey {
        PingKey::from_u128(u128::from(number) << 7)
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    /// A journal of a directory as somebody else finds it.
    fn reopened(directory: &Path, cadence: Cadence) -> (Kept, Journal) {
        let kept = Kept::read(directory).unwrap();
        let journal = kept.journal(directory, 0, WINDOW, cadence);
        (kept, journal)
    }

    fn files(directory: &Path) -> usize {
        fs::read_dir(directory).map_or(0, Iterator::count)
    }

    #[test]
    fn what_was_committed_is_read_back_with_its_time_to_a_millionth_of_the_window() {
        let directory = tempfile::tempdir().unwrap();
        let (_, mut journal) = reopened(directory.path(), Cadence::Commits(Duration::from_secs(10)));
        for second in 0..100 {
            journal.note(key(second), at(second));
            journal.pass(at(second)).unwrap();
        }
        journal.close(at(100)).unwrap();
        let (kept, _) = reopened(directory.path(), Cadence::Commits(Duration::from_secs(10)));
        assert_eq!(kept.ids.len(), 100);
        for (second, (time, found)) in kept.ids.iter().enumerate() {
            assert_eq!(*found, key(second as u64));
            let later = time.since(at(second as u64));
            assert!(*time >= at(second as u64) && later <= WINDOW / (1 << 20), "{later:?}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_gives_its_whole_frames_and_nothing_else() {
        let mut whole = Vec::new();
        let mut frame = Vec::new();
        for number in 0..4 {
            let ids: Vec<_> = (0..=number).map(|id| (at(number), key(10 * number + id))).collect();
            encode(&mut frame, at(number), WINDOW, &ids);
            whole.extend(&frame);
        }
        for cut in 0..=whole.len() {
            let mut ids = Vec::new();
            read_frames(&whole[..cut], &mut ids);
            let frames = [0, 52, 124, 216, 328].iter().filter(|end| **end <= cut).count() - 1;
            assert_eq!(ids.len(), [0, 1, 3, 6, 10][frames], "cut at {cut}");
        }
        for flipped in 0..52 {
            let mut damaged = whole.clone();
            damaged[flipped] ^= 0x10;
            let mut ids = Vec::new();
            read_frames(&damaged, &mut ids);
            assert!(ids.is_empty(), "byte {flipped} of the first frame is wrong");
        }
    }

    #[test]
    fn between_checkpoints_nothing_is_kept_however_the_strategy_ends() {
        let directory = tempfile::tempdir().unwrap();
        let cadence = Cadence::Checkpoints(Duration::from_secs(60));
        let (_, mut journal) = reopened(directory.path(), cadence);
        journal.pass(at(0)).unwrap();
        for second in 1..100 {
            journal.note(key(second), at(second));
            journal.pass(at(second)).unwrap();
        }
        journal.close(at(100)).unwrap();
        let (kept, _) = reopened(directory.path(), cadence);
        assert_eq!(
            kept.ids.iter().map(|(_, key)| *key).collect::<Vec<_>>(),
            (1..=60).map(key).collect::<Vec<_>>()
        );
    }

    #[test]
    fn files_go_once_all_their_ids_have_expired_those_of_earlier_lives_too() {
        let directory = tempfile::tempdir().unwrap();
        let cadence = Cadence::Commits(Duration::from_secs(10));
        for life in 0..3 {
            let (_, mut journal) = reopened(directory.path(), cadence);
            for second in (life * 4000..(life + 1) * 4000).step_by(5) {
                journal.note(key(second), at(second));
                journal.pass(at(second)).unwrap();
                assert!(files(directory.path()) <= 5, "{second}");
            }
            journal.close(at((life + 1) * 4000)).unwrap();
        }
        let (kept, mut journal) = reopened(directory.path(), cadence);
        assert!(kept.ids.iter().any(|(_, found)| *found == key(11_995)));
        journal.pass(at(12_000 + 601)).unwrap();
        assert_eq!(files(directory.path()), 0);
    }
}
