//! What can be wrong with a result file.

use std::io;
use std::path::PathBuf;

use dedup_files::{AtFault, Fault, FolderError, Unreadable};

use super::SCHEMA;

/// A result file that cannot be read or written. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is no such file or directory.
    #[error("{}: no such file or directory; give a directory with a records.jsonl, or the file itself", path.display())]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// A directory without a result file.
    #[error("{}: this directory holds no records.jsonl; did the run end before its first line?", path.display())]
    NoRecords {
        /// The directory.
        path: PathBuf,
    },
    /// It exists and is no regular file, or the system does not let us read it.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// Nothing in it.
    #[error("{}: the file is empty; a result file begins with a line of type \"run\"", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A line that is not what a result file holds.
    #[error("{}: line {line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong, with the field where it is known.
        what: String,
    },
    /// Written by a version whose files this one could misread.
    #[error("{}: its schema is {found:?}; this version reads {SCHEMA}; compare it with the version that wrote it", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The schema that it names.
        found: String,
    },
    /// Results are there already.
    #[error("{}: holds results already; choose another directory, or replace them with --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The directory cannot be made, or another run writes into it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record that would not be readable again: a rate that is not a number, say.
    #[error("{}: refused to write a record that could not be read back: {what}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The field and what is wrong with it.
        what: String,
    },
}

impl AtFault for RecordError {
    fn fault(&self) -> Fault {
        match self {
            RecordError::Read { source, .. } => source.fault(),
            RecordError::Folder(error) => error.fault(),
            RecordError::Write { source, .. } => source.fault(),
            RecordError::Missing { .. }
            | RecordError::NoRecords { .. }
            | RecordError::Empty { .. }
            | RecordError::Line { .. }
            | RecordError::Schema { .. }
            | RecordError::Exists { .. }
            | RecordError::Unreadable { .. } => Fault::Path,
        }
    }
}
