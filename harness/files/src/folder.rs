//! A folder that a user named for what is written: made where it is missing, and one program's at a time.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use crate::fault::{AtFault, Fault};
use crate::output::Unwritable;
use crate::place::Place;

/// A folder that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be made.
    #[error(transparent)]
    Made(#[from] Unwritable),
    /// Somebody else is writing into it.
    #[error("{}: another run is writing into it; wait for its end, or choose another directory", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
}

impl AtFault for FolderError {
    fn fault(&self) -> Fault {
        match self {
            FolderError::Made(error) => error.fault(),
            FolderError::Taken { .. } => Fault::Path,
        }
    }
}

/// A folder to write into.
///
/// Dropping it gives it free, and removes of the folders that were made for it those in which there is nothing.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Outermost first.
    made: Vec<PathBuf>,
    /// The lock is the kernel's: it is gone with this process, however that ends.
    _lock: Option<OwnedFd>,
}

impl Folder {
    /// Makes the folder where it is missing.
    pub fn shared(path: &Path) -> Result<Folder, FolderError> {
        let mut folder = Folder { path: path.to_path_buf(), made: Vec::new(), _lock: None };
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
        for path in missing.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => folder.made.push(path.to_path_buf()),
                // Somebody else was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(source) => return Err(Unwritable::new(path, source).into()),
            }
        }
        match folder.path() {
            path if path.is_dir() => Ok(folder),
            path => Err(Unwritable::new(path, Errno::NOTDIR.into()).into()),
        }
    }

    /// The same, and no other program can have it until this is dropped.
    pub fn alone(path: &Path) -> Result<Folder, FolderError> {
        Folder::shared(path)?.locked()
    }

    /// The folder of the file to which `path` leads, for whoever reads that and writes it anew: what another program puts
    /// in meanwhile would be lost. Nothing is made; where there is no folder, writing the file says so.
    pub fn around(path: &Path) -> Result<Folder, FolderError> {
        let file = match Place::of(path) {
            Ok(Place::File(file)) => file,
            _ => path.to_path_buf(),
        };
        let path = file.parent().unwrap_or(Path::new("")).to_path_buf();
        Folder { path, made: Vec::new(), _lock: None }.locked()
    }

    fn locked(mut self) -> Result<Folder, FolderError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A folder that may be written and not read, and a file system without locks, have to do without one.
        let Ok(lock) = rustix::fs::open(self.path(), flags, Mode::empty()) else { return Ok(self) };
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Err(FolderError::Taken { path: self.path().to_path_buf() }),
            _ => {
                self._lock = Some(lock);
                Ok(self)
            }
        }
    }

    /// Where it is; the working directory where nothing was said.
    pub fn path(&self) -> &Path {
        match self.path.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            // One that is not empty stays.
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_which_nothing_was_put_is_gone_again_with_all_that_was_made_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let folder = Folder::alone(&path).unwrap();
        assert!(path.is_dir());
        drop(folder);
        assert!(!directory.path().join("a").exists());
        let folder = Folder::shared(&path).unwrap();
        fs::write(path.join("file"), "").unwrap();
        drop(folder);
        assert!(path.join("file").exists());
    }

    #[test]
    fn a_second_one_is_refused_by_name_as_long_as_the_first_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let first = Folder::alone(directory.path()).unwrap();
        let error = Folder::alone(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with(&directory.path().display().to_string()), "{error}");
        assert!(error.contains("another run is writing into it"), "{error}");
        drop(first);
        Folder::alone(directory.path()).unwrap();
    }

    #[test]
    fn whoever_writes_a_file_anew_is_alone_with_it_by_whichever_link_he_comes() {
        let directory = tempfile::tempdir().unwrap();
        let named = |name: &str| directory.path().join(name);
        fs::create_dir(named("below")).unwrap();
        std::os::unix::fs::symlink("below/file", named("link")).unwrap();
        let first = Folder::around(&named("link")).unwrap();
        assert!(
            matches!(Folder::around(&named("below/file")), Err(FolderError::Taken { path }) if path == named("below"))
        );
        drop(first);
        Folder::around(&named("below/file")).unwrap();
        Folder::around(&named("absent/file")).unwrap();
        assert!(!named("absent").exists());
    }

    #[test]
    fn a_file_is_no_folder_and_what_was_made_on_the_way_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below"), "/proc/dedup/results".into()] {
            assert!(matches!(Folder::alone(&path), Err(FolderError::Made(_))), "{}", path.display());
        }
    }
}
