//! Writes a result file line by line, so that a killed run keeps what it measured.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dedup_files::Folder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CellRecord, FILE_NAME, Line, RecordError, RunRecord};

/// An open result file, in a directory that no other run can write into meanwhile.
///
/// Each line goes out in one write call: whoever kills the run finds whole lines, but for the last at worst. One that
/// the disk has no room for is taken back.
#[derive(Debug)]
pub struct RecordWriter {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    whole: u64,
    folder: Folder,
}

/// What becomes of results that are there already.
#[derive(Clone, Copy)]
enum Earlier {
    Kept,
    Replaced,
}

impl RecordWriter {
    /// Makes `directory` where needed and writes the run's line to its `records.jsonl`. Refuses a directory that
    /// holds results already, or into which another run writes. When it fails, nothing of it stays behind.
    pub fn create(directory: &Path, run: &RunRecord) -> Result<Self, RecordError> {
        Self::open(directory, run, Earlier::Kept)
    }

    /// Like [`create`](Self::create), but in place of results that are there already; these stay if it fails.
    pub fn replace(directory: &Path, run: &RunRecord) -> Result<Self, RecordError> {
        Self::open(directory, run, Earlier::Replaced)
    }

    /// Appends one cell.
    pub fn append(&mut self, cell: &CellRecord) -> Result<(), RecordError> {
        self.write(&Line::Cell(Box::new(cell.clone())))
    }

    /// The file that is being written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, and the directories that were made for it: for a run that turns out to be impossible
    /// before its first cell.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.path);
        drop(self.folder);
    }

    /// Writes a run that has come to its end: whole, or not at all. Refuses a directory that holds results already, where these are
    /// not to be replaced; they stay if it fails.
    pub fn whole(
        directory: &Path,
        run: &RunRecord,
        cells: &[CellRecord],
        replace: bool,
    ) -> Result<Self, RecordError> {
        let path = directory.join(FILE_NAME);
        let mut text = line(&path, &Line::Run(Box::new(run.clone())))?;
        for cell in cells {
            text.extend(line(&path, &Line::Cell(Box::new(cell.clone())))?);
        }
        Self::begin(directory, &text, if replace { Earlier::Replaced } else { Earlier::Kept })
    }

    fn open(directory: &Path, run: &RunRecord, earlier: Earlier) -> Result<Self, RecordError> {
        let line = line(&directory.join(FILE_NAME), &Line::Run(Box::new(run.clone())))?;
        Self::begin(directory, &line, earlier)
    }

    /// Begins the file with `text`.
    fn begin(directory: &Path, text: &[u8], earlier: Earlier) -> Result<Self, RecordError> {
        let path = directory.join(FILE_NAME);
        if directory.exists()
            && let Err(source) = fs::symlink_metadata(&path)
            && source.kind() == io::ErrorKind::NotADirectory
        {
            return Err(RecordError::Write { path, source });
        }
        let folder = Folder::alone(directory)?;
        let written = match earlier {
            Earlier::Kept => begin(&path, text),
            Earlier::Replaced => dedup_files::replace(&path, text),
        };
        match written {
            Ok(file) => Ok(RecordWriter { path, file, whole: text.len() as u64, folder }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(RecordError::Exists { path }),
            Err(source) => Err(RecordError::Write { path, source }),
        }
    }

    fn write(&mut self, record: &Line) -> Result<(), RecordError> {
        let line = line(&self.path, record)?;
        if let Err(source) = self.file.write_all(&line) {
            // What follows a line that broke off could not be read; where this fails too, it is the last.
            let _ = self.file.set_len(self.whole);
            return Err(RecordError::Write { path: self.path.clone(), source });
        }
        self.whole += line.len() as u64;
        Ok(())
    }
}

/// Begins a new file with `line`, and leaves none where that fails.
fn begin(path: &Path, line: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().append(true).create_new(true).open(path)?;
    match file.write_all(line) {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

/// The line of a record, for the file at `path`.
fn line(path: &Path, record: &Line) -> Result<Vec<u8>, RecordError> {
    let mut line =
        readable(record).map_err(|what| RecordError::Unreadable { path: path.to_path_buf(), what })?;
    line.push(b'\n');
    Ok(line)
}

/// The record as JSON, once it is known that it can be read again (JSON has no NaN and no infinity).
fn readable<T: Serialize + DeserializeOwned>(record: &T) -> Result<Vec<u8>, String> {
    let bytes = serde_json::to_vec(record).map_err(|error| error.to_string())?;
    match serde_json::from_slice::<T>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.to_string()),
    }
}
