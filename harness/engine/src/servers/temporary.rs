//! Where temporary files go, and why none can.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use dedup_files::{AtFault, Fault};

use super::guarded::GuardError;

/// The variable that names the place.
const VARIABLE: &str = "TMPDIR";

/// The directory for temporary files: `TMPDIR`, or the system's where that is not set, or to nothing.
pub(super) fn place() -> PathBuf {
    named().map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

fn named() -> Option<OsString> {
    std::env::var_os(VARIABLE).filter(|place| !place.is_empty())
}

/// No temporary directory can be made.
#[derive(Debug, thiserror::Error)]
pub enum NoTemporary {
    /// Not there.
    #[error(
        "{}: no directory for temporary files can be made there: {source}; allowed is a directory that this user may write \
         into, {}",
        shown(path),
        or_else()
    )]
    Place {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Wherever it would be: the process that sees to its end cannot be had.
    #[error("a directory for temporary files cannot be kept: {0}")]
    Guard(#[source] GuardError),
}

impl NoTemporary {
    pub(super) fn at(path: PathBuf, error: GuardError) -> NoTemporary {
        match error {
            GuardError::Directory { source, .. } => NoTemporary::Place { path, source },
            other => NoTemporary::Guard(other),
        }
    }
}

impl AtFault for NoTemporary {
    fn fault(&self) -> Fault {
        match self {
            NoTemporary::Place { source, .. } => source.fault(),
            NoTemporary::Guard(_) => Fault::Place,
        }
    }
}

fn shown(path: &Path) -> String {
    match named() {
        Some(_) => format!("{VARIABLE}={}", path.display()),
        None => path.display().to_string(),
    }
}

fn or_else() -> &'static str {
    match named() {
        Some(_) => "or leave TMPDIR unset, for /tmp",
        None => "which TMPDIR names",
    }
}
