//! Who works in a private directory: its guard removes it when nobody does.
//!
//! A process that was started for us may be slow where we were killed: it would come back to a directory that is gone,
//! and make it anew. So each that works there holds a shared lock of it, which the kernel lets go when the process ends,
//! and the guard waits until it can have it alone.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open};
use rustix::io::Errno;

use crate::wait::until;

/// The environment variable that names a directory to servers of whoever works there: that goes once they are gone.
pub(crate) const OF_OWNER: &str = "DEDUP_HARNESS_DIRECTORY";

/// What the name of every private directory begins with.
pub(super) const PREFIX: &str = "dedup-harness-";

/// The right to work in a private directory, which stays as long as this does.
#[derive(Debug)]
pub struct Stay {
    _lock: Option<OwnedFd>,
}

impl Stay {
    /// In the private directory in which `path` lies, or will lie; anywhere else nobody's leave is needed.
    ///
    /// # Errors
    ///
    /// The directory is gone, or about to be.
    pub fn within(path: &Path) -> io::Result<Stay> {
        let is_private = |dir: &&Path| {
            dir.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
        };
        match path.ancestors().find(is_private) {
            Some(dir) => Stay::at(dir),
            None => Ok(Stay { _lock: None }),
        }
    }

    /// In the private directory of whoever started this process, if it has one.
    ///
    /// # Errors
    ///
    /// As for [`Stay::within`].
    pub(super) fn of_owner() -> io::Result<Stay> {
        std::env::var_os(OF_OWNER)
            .map_or(Ok(Stay { _lock: None }), |directory| Stay::within(Path::new(&directory)))
    }

    fn at(dir: &Path) -> io::Result<Stay> {
        let gone = || io::Error::new(io::ErrorKind::NotFound, format!("{}: is gone", dir.display()));
        let lock = match open_dir(dir) {
            Ok(lock) => lock,
            Err(Errno::NOENT) => return Err(gone()),
            Err(error) => return Err(error.into()),
        };
        match flock(&lock, FlockOperation::NonBlockingLockShared) {
            Err(Errno::WOULDBLOCK) => return Err(gone()),
            // A file system without locks has to do without them.
            Err(_) => return Ok(Stay { _lock: None }),
            Ok(()) => {}
        }
        // Somebody may have removed it since it was opened; from now on nobody does.
        let locked = fstat(&lock)?;
        match fs::metadata(dir) {
            Ok(there) if (there.dev(), there.ino()) == (locked.st_dev, locked.st_ino) => {
                Ok(Stay { _lock: Some(lock) })
            }
            _ => Err(gone()),
        }
    }
}

/// The lock of a directory in which nobody works any more, and nobody can begin to; none where that does not come about
/// within `patience`, or there are no locks.
pub(super) fn alone(dir: &Path, patience: Duration) -> Option<OwnedFd> {
    let lock = open_dir(dir).ok()?;
    let locked = until(patience, || match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => ControlFlow::Continue(()),
        outcome => ControlFlow::Break(outcome),
    });
    locked.is_ok_and(|outcome| outcome.is_ok()).then_some(lock)
}

fn open_dir(dir: &Path) -> rustix::io::Result<OwnedFd> {
    open(dir, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private() -> tempfile::TempDir {
        tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap()
    }

    #[test]
    fn as_long_as_somebody_works_in_a_directory_nobody_has_it_alone() {
        let dir = private();
        let stays =
            [dir.path().join("cell/state"), dir.path().into()].map(|path| Stay::within(&path).unwrap());
        assert!(alone(dir.path(), Duration::ZERO).is_none());
        drop(stays);
        let lock = alone(dir.path(), Duration::ZERO).unwrap();
        let error = Stay::within(dir.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        drop(lock);
        Stay::within(dir.path()).unwrap();
    }

    #[test]
    fn nobody_begins_to_work_in_a_directory_that_is_gone() {
        let dir = private();
        let path = dir.path().join("cell");
        drop(dir);
        assert_eq!(Stay::within(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn outside_of_private_directories_there_is_nothing_to_wait_for() {
        let dir = tempfile::tempdir().unwrap();
        let _stay = Stay::within(dir.path()).unwrap();
        assert!(alone(dir.path(), Duration::ZERO).is_some());
    }
}
