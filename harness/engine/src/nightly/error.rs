//! What can go wrong in a night.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use dedup_files::{AtFault, Fault, FolderError, Unreadable, Unwritable};
use parquet::errors::ParquetError;

use super::columns::ColumnName;
use super::day::Day;
use super::layout::Layout;

/// A nightly job that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum NightlyError {
    /// There is nothing to work on.
    #[error(
        "{}: holds no day partition; allowed is a directory with {layout}/*.parquet in it (--partition), or with tables \
         that have such partitions",
        dir.display()
    )]
    NoPartitions {
        /// Where they were looked for.
        dir: PathBuf,
        /// How they would be called.
        layout: Layout,
    },
    /// The day that was asked for is not there.
    #[error("{}: has no partition of {day}; it has those of {there}", table.display())]
    NoDay {
        /// The table.
        table: PathBuf,
        /// What was asked for.
        day: Day,
        /// What is there.
        there: String,
    },
    /// A day has a directory and nothing in it.
    #[error(
        "{}: holds no Parquet file; allowed are one or more named *.parquet: put the day's files there, remove the \
         directory, or choose another day with --day",
        partition.display()
    )]
    EmptyPartition {
        /// The directory.
        partition: PathBuf,
    },
    /// The partitions to be written are those that are read.
    #[error("--out {}: is the live tables' own directory; allowed is another one", dir.display())]
    SamePlace {
        /// The directory.
        dir: PathBuf,
    },
    /// A partition that is to be replaced holds something that is not the job's.
    #[error(
        "{}: is in a partition that is to be replaced as a whole, and was not written by this job; move it away",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A column is missing, or of a kind that the job cannot work on.
    #[error("{}: column {column} ({option}): found {found}; allowed is {allowed}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: ColumnName,
        /// The option that names it.
        option: &'static str,
        /// What it is.
        found: String,
        /// What would do.
        allowed: &'static str,
    },
    /// Two files of one table do not fit together.
    #[error("{}: has other columns than {}; allowed are equal ones in all files of a table", path.display(), other.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The one before it.
        other: PathBuf,
    },
    /// A file or directory holds what the job cannot work on.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file or directory cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] Unwritable),
    /// Rows that memory has no room for cannot be put aside.
    #[error(
        "{source}; rows go there that memory has no room for: set TMPDIR to a directory with more room, or give more \
         memory (--memory-limit)"
    )]
    Spill {
        /// The file, which has no name any more, and why.
        source: Unwritable,
    },
    /// A partition's directory cannot be made, or another job writes into it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The DuckDB command line is not there.
    #[error("no duckdb found ({reason}); {INSTALL}")]
    NoDuckdb {
        /// What was tried.
        reason: String,
    },
    /// DuckDB refused or broke off.
    #[error("duckdb: {reason}")]
    Duckdb {
        /// Its last words.
        reason: String,
    },
    /// Somebody asked it to end.
    #[error("interrupted")]
    Stopped,
    /// The two jobs did not come to the same.
    #[error("nightly and nightly-duckdb disagree on {day}: {difference}")]
    Disagree {
        /// The day.
        day: Day,
        /// In what.
        difference: String,
    },
}

/// How to get the DuckDB command line.
pub const INSTALL: &str = "install it with `pip install duckdb-cli` (in a virtual environment) and put it on the PATH, or name \
     the program in DEDUP_DUCKDB";

impl NightlyError {
    /// What is at `path` is nothing to work on.
    pub(crate) fn file(path: &Path, reason: impl Display) -> Self {
        NightlyError::File { path: path.to_path_buf(), reason: reason.to_string() }
    }

    /// The system does not let us read what is at `path`.
    pub(crate) fn unreadable(path: &Path, source: impl Into<Unreadable>) -> Self {
        NightlyError::Read { path: path.to_path_buf(), source: source.into() }
    }

    /// The Parquet file at `path` is not sound, or cannot be read.
    pub(crate) fn unsound(path: &Path, error: ParquetError) -> Self {
        match system_error(error) {
            Ok(source) => NightlyError::unreadable(path, source),
            Err(reason) => NightlyError::file(path, reason),
        }
    }

    /// What is to be at `path` cannot be written.
    pub(crate) fn unwritable(path: &Path, error: impl Into<ParquetError>) -> Self {
        Unwritable::new(path, system_error(error.into()).unwrap_or_else(io::Error::other)).into()
    }
}

/// What the system said, where the library only hands it on.
fn system_error(error: ParquetError) -> Result<io::Error, ParquetError> {
    match error {
        ParquetError::External(cause) => {
            cause.downcast::<io::Error>().map(|error| *error).map_err(ParquetError::External)
        }
        error => Err(error),
    }
}

impl AtFault for NightlyError {
    fn fault(&self) -> Fault {
        match self {
            NightlyError::Stopped => Fault::Stopped,
            NightlyError::Read { source, .. } => source.fault(),
            NightlyError::Write(source) | NightlyError::Spill { source } => source.fault(),
            NightlyError::Folder(error) => error.fault(),
            NightlyError::Duckdb { .. } | NightlyError::Disagree { .. } => Fault::Place,
            NightlyError::NoPartitions { .. }
            | NightlyError::NoDay { .. }
            | NightlyError::EmptyPartition { .. }
            | NightlyError::SamePlace { .. }
            | NightlyError::Foreign { .. }
            | NightlyError::Column { .. }
            | NightlyError::Schema { .. }
            | NightlyError::File { .. }
            | NightlyError::NoDuckdb { .. } => Fault::Path,
        }
    }
}
