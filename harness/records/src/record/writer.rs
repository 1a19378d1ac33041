//! Writes a result file line by line, so that a killed run keeps what it measured.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CellRecord, FILE_NAME, Line, RecordError, RunRecord};

/// An open result file.
///
/// Each line goes out in one write call: whoever kills the run finds whole lines, but for the last at worst.
#[derive(Debug)]
pub struct RecordWriter {
    path: PathBuf,
    file: File,
    made: Made,
}

/// Directories that were made for the file, outermost first.
type Made = Vec<PathBuf>;

impl RecordWriter {
    /// Makes `directory` where needed and writes the run's line to its `records.jsonl`. Refuses a directory that
    /// holds results already. When it fails, nothing of it stays behind.
    pub fn create(directory: &Path, run: &RunRecord) -> Result<Self, RecordError> {
        Self::open(directory, run, OpenOptions::new().append(true).create_new(true))
    }

    /// Like [`create`](Self::create), but in place of results that are there already.
    pub fn replace(directory: &Path, run: &RunRecord) -> Result<Self, RecordError> {
        match fs::remove_file(directory.join(FILE_NAME)) {
            Err(source) if !is_absence(&source) => {
                Err(RecordError::Write { path: directory.join(FILE_NAME), source })
            }
            _ => Self::create(directory, run),
        }
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
        drop(self.file);
        let _ = fs::remove_file(&self.path);
        remove_made(&self.made);
    }

    fn open(directory: &Path, run: &RunRecord, options: &OpenOptions) -> Result<Self, RecordError> {
        let made = make_directories(directory)?;
        let path = directory.join(FILE_NAME);
        let file = options.open(&path).map_err(|source| {
            remove_made(&made);
            match source.kind() {
                io::ErrorKind::AlreadyExists => RecordError::Exists { path: path.clone() },
                _ => RecordError::Write { path: path.clone(), source },
            }
        })?;
        let mut writer = RecordWriter { path, file, made };
        match writer.write(&Line::Run(Box::new(run.clone()))) {
            Ok(()) => Ok(writer),
            Err(error) => {
                writer.discard();
                Err(error)
            }
        }
    }

    fn write(&mut self, line: &Line) -> Result<(), RecordError> {
        let mut bytes = readable::<Line>(line)
            .map_err(|what| RecordError::Unreadable { path: self.path.clone(), what })?;
        bytes.push(b'\n');
        self.file.write_all(&bytes).map_err(|source| RecordError::Write { path: self.path.clone(), source })
    }
}

/// The record as JSON, once it is known that it can be read again (JSON has no NaN and no infinity).
fn readable<T: Serialize + DeserializeOwned>(record: &T) -> Result<Vec<u8>, String> {
    let bytes = serde_json::to_vec(record).map_err(|error| error.to_string())?;
    match serde_json::from_slice::<T>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.to_string()),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes `directory` and what is missing above it; on failure removes again what it made.
fn make_directories(directory: &Path) -> Result<Made, RecordError> {
    let missing: Vec<&Path> =
        directory.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    let mut made = Made::new();
    for path in missing.into_iter().rev() {
        if let Err(source) = fs::create_dir(path) {
            remove_made(&made);
            return Err(RecordError::Write { path: path.to_path_buf(), source });
        }
        made.push(path.to_path_buf());
    }
    Ok(made)
}

/// Removes directories that are empty; others have been put to use by somebody else meanwhile.
fn remove_made(made: &[PathBuf]) {
    for path in made.iter().rev() {
        let _ = fs::remove_dir(path);
    }
}
